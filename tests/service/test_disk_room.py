"""A disk that is nearly full stops polls, one that is full ends the store; with room again both go on by themselves."""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

import pytest
import redis
from structlog.testing import capture_logs

from service.disk_room import room_check
from service.embedded import EmbeddedStore
from service.ready_checks import disk_check
from workers.trouble import Trouble


def test_polls_stop_while_the_disk_is_nearly_full_which_is_said_once_and_once_that_it_is_over() -> None:
    free = [300, 100, 50, 300]
    has_room = room_check(lambda: free.pop(0), 200, Trouble("disk_nearly_full", "disk_has_room_again", level="error"))
    with capture_logs() as lines:
        assert [has_room() for _ in range(4)] == [True, False, False, True]
    assert [line["event"] for line in lines] == ["disk_nearly_full", "disk_has_room_again"]
    assert "100 bytes free, at least 200 are needed" in lines[0]["why"]


def test_readiness_names_the_disk(tmp_path: Path) -> None:
    assert disk_check(tmp_path, 0).ok
    full = disk_check(tmp_path, 1 << 60)
    assert not full.ok
    assert f"{1 << 60} needed" in full.why


@pytest.mark.skipif(sys.platform != "linux", reason="makes the disk full for one process by prlimit")
def test_a_full_disk_loses_nothing_that_the_store_acknowledged() -> None:
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        store = EmbeddedStore(Path(folder) / "data")
        try:
            client = redis.Redis.from_url(store.start(), decode_responses=True)
            pid = int(client.info("server")["process_id"])
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
            acknowledged = written(client, 10_000)
            store.ensure()  # it has ended, and there is room for the next one
            assert client.exists(*(f"key-{number}" for number in range(acknowledged))) == acknowledged
            assert 10 < acknowledged < 10_000
        finally:
            store.stop()


def written(client: redis.Redis, most: int) -> int:
    """Write until the store takes no more; returns how often it said that it had written."""
    for number in range(most):
        try:
            client.set(f"key-{number}", "x" * 1_000)
        except redis.RedisError:
            return number
    return most
