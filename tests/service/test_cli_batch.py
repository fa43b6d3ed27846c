"""The commands on archives, as they are typed: what they write where, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from service.batch_readers import ReaderSource
from service.cli import app
from tests.archives import ARTICLES, REFUSAL, an_archive


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run a command; what it would keep stays in the test's folder."""

    def run_it(*arguments: object) -> Result:
        env = {"TRUCEWATCH_DATA_DIR": str(tmp_path / "data")}
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env=env)

    return run_it


def rows(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_extract_writes_statements_and_stances(run: Any, river: ReaderSource, tmp_path: Path) -> None:
    said, stances = tmp_path / "said.jsonl", tmp_path / "stances.jsonl"
    result = run("extract", an_archive(tmp_path), "--catalogue", river.catalogue, "-o", said, "--positions", stances)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert {one["article_id"] for one in rows(said.read_text())} == {"r1", "r2", "r4"}
    assert {one["actor"] for one in rows(stances.read_text())} == {"Mira Vane", "Northland", "Tomas Orr", "Southland"}
    assert "articles: 4" in result.stderr


def test_results_go_to_standard_output_and_nothing_else_does(run: Any, river: ReaderSource, tmp_path: Path) -> None:
    archive = an_archive(tmp_path, b"\x1b]0;evil\x07", REFUSAL)
    result = run("extract", archive, "--catalogue", river.catalogue)
    assert result.exit_code == 0
    assert all(one["conflict"] == "River war" for one in rows(result.stdout))
    assert "line 1: is not JSON" in result.stderr
    assert "\x1b" not in result.output


def test_attribute_writes_a_line_for_each_document(run: Any, tmp_path: Path) -> None:
    archive = an_archive(tmp_path, *({"id": one["id"], "text": one["text"]} for one in ARTICLES))
    result = run("attribute", archive)
    assert [one["id"] for one in rows(result.stdout)] == ["r1", "r2", "r3", "r4"]
    assert all(one["pred"] for one in rows(result.stdout))


def test_replay_writes_alerts_and_a_report(run: Any, river: ReaderSource, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = run("replay", an_archive(tmp_path), "--catalogue", river.catalogue, "--report", report)
    assert result.exit_code == 0
    told = [(one["type"], one["data"]["article"]["id"]) for one in rows(result.stdout)]
    assert told == [("position.changed", "r2"), ("position.changed", "r4")]
    assert json.loads(report.read_text())["ends"] == {"read:read": 3, "skipped:off_topic": 1}


@pytest.mark.parametrize("command", ["extract", "attribute", "replay"])
def test_nothing_read_is_told_by_the_exit_code(run: Any, command: str, tmp_path: Path) -> None:
    assert run(command, an_archive(tmp_path, b"not json", {"id": "a"})).exit_code == 1
    assert run(command, an_archive(tmp_path, b"")).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        pytest.param(["extract", "/no/where.jsonl"], "/no/where.jsonl: cannot be read", id="no archive"),
        pytest.param(["extract", "{archive}", "--catalogue", "/no/where.toml"], "--catalogue: /no", id="no catalogue"),
        pytest.param(["extract", "{archive}", "-o", "/no/where.jsonl"], "cannot be written", id="no place to write"),
        pytest.param(
            ["extract", "{archive}", "-o", "/dev/null", "--positions", "/dev/null"], "--positions", id="twice"
        ),
        pytest.param(["replay", "{archive}", "--policy", "patience=1"], "--policy patience=1", id="no such threshold"),
        pytest.param(["replay", "{archive}", "--corrections", "/no/where"], "/no/where: cannot", id="no corrections"),
        pytest.param(["attribute", "{archive}", "--jobs", "0"], "--jobs", id="no jobs"),
    ],
)
def test_wrong_arguments_are_named(run: Any, arguments: list[str], named: str, tmp_path: Path) -> None:
    archive = str(an_archive(tmp_path))
    result = run(*(archive if one == "{archive}" else one for one in arguments))
    assert result.exit_code == 2
    assert named in result.stderr
    assert result.stdout == ""


def test_several_processes_write_the_same_alerts(run: Any, river: ReaderSource, tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    alone = run("replay", archive, "--catalogue", river.catalogue)
    together = run("replay", archive, "--catalogue", river.catalogue, "--jobs", 2)
    assert alone.stdout == together.stdout
    assert alone.stdout
