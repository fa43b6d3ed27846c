"""A store that is saved and brought back, by the commands as they are typed."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner, Result

from service.cli import app
from tests.builders import NOON, a_catalogue, a_statement, an_article
from tests.newsroom import Newsroom
from workers.domain.policy import Policy
from workers.storage import keys
from workers.storage.archive import UNFINISHED, Archive
from workers.storage.connection import StoreFormatError, open_store
from workers.storage.leases import Leases
from workers.storage.presence import Presence

Run = Callable[..., Result]


@pytest.fixture
def run(store_url: str) -> Run:
    return lambda *words: CliRunner().invoke(app, list(words), env={"TRUCEWATCH_REDIS_URL": store_url})


@pytest.fixture
def saved(valkey: redis.Redis, run: Run, tmp_path: Path) -> Path:
    """A backup of a store with a history, a waiting delivery and a pending article."""
    newsroom = Newsroom(valkey, a_catalogue(), Policy())
    open_store(valkey, "ab12cd", NOON)
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=30), a_statement("support", article="a2", hour=30), endpoint="desk")
    newsroom.receive(an_article("a3"))
    Leases(valkey).hold("migrations", "somebody", 100)
    path = tmp_path / "saved.gz"
    result = run("backup", str(path))
    assert result.exit_code == 0, result.output
    return path


def everything(valkey: redis.Redis) -> dict[str, object]:
    """What the store holds, but for its own record and what says only what processes do now."""
    _, kept = Archive(valkey).snapshot()
    return {one.key: sorted(one.value) if one.kind in {"set", "hash"} else one.value for one in kept}


def test_what_is_restored_is_what_was_saved_under_a_new_epoch(valkey: redis.Redis, run: Run, saved: Path) -> None:
    before = everything(valkey)
    valkey.flushall()
    result = run("restore", str(saved))
    assert result.exit_code == 0, result.output
    assert everything(valkey) == before
    assert not valkey.exists(keys.lease("migrations"))
    birth = open_store(valkey, "ef34ab", NOON)
    assert birth.born_at == NOON
    assert birth.epoch not in {"ab12cd", "ef34ab"}
    assert 0 < valkey.ttl(keys.article("a1")) <= 30 * 86_400


def test_only_its_owner_may_read_a_backup(saved: Path) -> None:
    assert saved.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_a_store_that_holds_something_is_replaced_on_demand_only(valkey: redis.Redis, run: Run, saved: Path) -> None:
    valkey.set("trucewatch:newer", "1")
    result = run("restore", str(saved))
    assert result.exit_code == 2
    assert "--replace" in result.output
    assert run("restore", str(saved), "--replace").exit_code == 0
    assert not valkey.exists("trucewatch:newer")


def test_keys_of_others_are_left_alone(valkey: redis.Redis, run: Run, saved: Path) -> None:
    valkey.set("theirs", "1")
    assert run("restore", str(saved), "--replace").exit_code == 0
    assert valkey.get("theirs") == "1"
    assert b"theirs" not in gzip.decompress(saved.read_bytes())


def test_nothing_opens_a_store_into_which_a_restore_was_begun(valkey: redis.Redis, run: Run, saved: Path) -> None:
    valkey.flushall()
    valkey.hset(keys.store(), "format", UNFINISHED)
    valkey.set("trucewatch:half", "1")
    with pytest.raises(StoreFormatError, match="run `trucewatch restore` again"):
        open_store(valkey, "ef34ab", NOON)
    assert run("restore", str(saved)).exit_code == 0
    assert not valkey.exists("trucewatch:half")
    assert open_store(valkey, "ef34ab", NOON).born_at == NOON


@pytest.mark.parametrize("sign", ["a poller", "a worker"])
def test_a_store_in_use_is_not_replaced(valkey: redis.Redis, run: Run, saved: Path, sign: str) -> None:
    if sign == "a poller":
        Leases(valkey).hold("timers", "somebody", 100)
    else:
        Presence(valkey).beat("articles-1")
    result = run("restore", str(saved), "--replace")
    assert result.exit_code == 2
    assert "stop every `trucewatch run`" in result.output


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda whole: whole[:-40], "cannot be read"),
        (lambda whole: b"no gzip", "cannot be read"),
        (lambda whole: gzip.compress(b'{"a": 1}\n'), "no backup of trucewatch"),
        (lambda whole: gzip.compress(gzip.decompress(whole).replace(b"support", b"reject")), "its sum does not fit"),
        (lambda whole: gzip.compress(b"\n".join(gzip.decompress(whole).split(b"\n")[:-2]) + b"\n"), "cut off"),
    ],
)
def test_a_damaged_backup_is_refused_before_anything_is_touched(
    valkey: redis.Redis, run: Run, saved: Path, damage: Callable[[bytes], bytes], words: str
) -> None:
    saved.write_bytes(damage(saved.read_bytes()))
    before = everything(valkey)
    result = run("restore", str(saved), "--replace")
    assert result.exit_code == 2
    assert words in result.output
    assert str(saved) in result.output
    assert everything(valkey) == before


def test_an_empty_store_and_a_file_that_cannot_be_written_are_named(valkey: redis.Redis, run: Run, saved: Path) -> None:
    assert "cannot be written (Not a directory)" in run("backup", str(saved / "inside" / "x")).output
    valkey.flushall()
    assert "the store is empty" in run("backup", str(saved)).output
