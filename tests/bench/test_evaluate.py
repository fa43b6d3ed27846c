"""The measurement of reading needs articles that are no part of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.evaluate import EXIT_ABSENT, main


def test_it_says_so_where_there_are_no_annotated_articles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == EXIT_ABSENT
    said = capsys.readouterr()
    assert said.out == ""
    assert "holds no annotated articles" in said.err
    assert "make eval EVAL=" in said.err
