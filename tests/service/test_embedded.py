"""The bundled store with real servers: nothing acknowledged is lost, and no folder ever has two of them."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from service.backoff import Backoff
from service.embedded import EmbeddedStore, EmbeddedStoreError
from service.store_keeper import keep_store
from tests.waiting import until, until_soon

OWNER = """
import sys, signal
from pathlib import Path
from service.embedded import EmbeddedStore
print(EmbeddedStore(Path(sys.argv[1])).start(), flush=True)
signal.pause()
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder with a short path: a unix socket's address has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        yield Path(folder) / "data"


@pytest.fixture
def store(data_dir: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(data_dir)
    yield store
    store.stop()


def client_of(store: EmbeddedStore) -> redis.Redis:
    return redis.Redis.from_url(store.url, decode_responses=True)


def pid_of(store: EmbeddedStore) -> int:
    with client_of(store) as client:
        return int(client.info("server")["process_id"])


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def start_owner(data_dir: Path) -> subprocess.Popen[str]:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(data_dir)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline().startswith("unix://")
    return owner


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_it_starts_private_durable_and_without_a_port(store: EmbeddedStore) -> None:
    url = store.start()
    assert url == store.url
    with client_of(store) as client:
        found = {
            name: client.config_get(name)[name] for name in ("appendonly", "appendfsync", "maxmemory-policy", "port")
        }
    assert found == {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "port": "0"}
    assert stat.S_IMODE(store.data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.socket_path.stat().st_mode) == 0o700


def test_what_was_acknowledged_is_there_after_a_kill(store: EmbeddedStore) -> None:
    store.start()
    with client_of(store) as client:
        client.set("kept", "yes")
    kill(pid_of(store))
    until(lambda: not store.is_alive())
    assert store.ensure() is True
    assert store.ensure() is False
    with client_of(store) as client:
        assert client.get("kept") == "yes"


def test_a_clean_stop_ends_the_server_and_keeps_the_data(data_dir: Path) -> None:
    store = EmbeddedStore(data_dir)
    store.start()
    pid = pid_of(store)
    with client_of(store) as client:
        client.set("kept", "yes")
    store.stop()
    assert not is_running(pid)
    assert not store.is_alive()
    again = EmbeddedStore(data_dir)
    again.start()
    with client_of(again) as client:
        assert client.get("kept") == "yes"
    again.stop()


def test_stopping_twice_or_before_the_start_is_harmless(store: EmbeddedStore) -> None:
    store.stop()
    store.start()
    store.stop()
    store.stop()


def test_a_second_run_on_the_folder_is_refused_and_told_who_has_it(store: EmbeddedStore, data_dir: Path) -> None:
    owner = start_owner(data_dir)
    with pytest.raises(EmbeddedStoreError, match=f"process {owner.pid}") as caught:
        store.start()
    assert str(data_dir) in str(caught.value)
    end(owner)
    store.start()  # the holder is gone, and so is its claim


def test_a_server_that_outlived_its_owner_is_adopted(store: EmbeddedStore, data_dir: Path) -> None:
    owner = start_owner(data_dir)
    pid = pid_of(store)
    end(owner)
    assert is_running(pid)
    store.start()
    assert pid_of(store) == pid
    store.stop()
    assert not is_running(pid)


def test_an_adopted_server_that_dies_is_started_again(store: EmbeddedStore, data_dir: Path) -> None:
    owner = start_owner(data_dir)
    pid = pid_of(store)
    end(owner)
    store.start()
    kill(pid)
    until(lambda: not store.is_alive())
    assert store.ensure() is True
    assert pid_of(store) != pid


def test_a_live_server_without_its_socket_is_never_doubled(data_dir: Path) -> None:
    store = EmbeddedStore(data_dir, start_s=0.3)
    store.start()
    pid = pid_of(store)
    store.socket_path.unlink()
    with pytest.raises(EmbeddedStoreError, match="alive, but does not answer"):
        store.ensure()
    assert is_running(pid)
    store.stop()
    assert not is_running(pid)


def test_a_stale_socket_is_replaced(store: EmbeddedStore) -> None:
    store.start()
    kill(pid_of(store))
    until(lambda: not store.is_alive())
    assert store.socket_path.exists()
    store.stop()
    store.start()
    assert store.answers()


def test_a_server_that_cannot_start_tells_why(store: EmbeddedStore) -> None:
    store.start()
    store.stop()
    (store.folder / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(EmbeddedStoreError, match=r"did not start: .*[Mm]anifest"):
        store.start()


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / ("long" * 30))
    store.start()
    assert store.answers()
    assert not store.socket_path.is_relative_to(tmp_path)
    assert stat.S_IMODE(store.socket_path.parent.stat().st_mode) == 0o700
    store.stop()
    store.socket_path.parent.rmdir()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedStoreError, match=r"TRUCEWATCH_DATA_DIR: .*file/data"):
        EmbeddedStore(tmp_path / "file" / "data").start()


def test_a_link_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "valkey").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EmbeddedStoreError, match="is a link"):
        EmbeddedStore(tmp_path).start()


async def test_a_dead_store_is_started_again_while_the_service_runs(store: EmbeddedStore) -> None:
    store.start()
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_store(store, stop, Backoff(first_s=0.01)))
    first = pid_of(store)
    for _ in range(3):
        pid = pid_of(store)
        kill(pid)
        await until_soon(lambda pid=pid: not is_running(pid) and store.answers())
    assert pid_of(store) != first
    stop.set()
    await keeping


async def test_no_acknowledged_write_is_lost_when_the_server_is_killed_again_and_again(store: EmbeddedStore) -> None:
    store.start()
    stop, acknowledged = asyncio.Event(), list[int]()
    keeping = asyncio.create_task(keep_store(store, stop, Backoff(first_s=0.01, longest_s=0.01)))
    writing = asyncio.create_task(asyncio.to_thread(write_on, store, stop, acknowledged))
    for _ in range(5):
        seen = len(acknowledged)
        await until_soon(lambda seen=seen: len(acknowledged) > seen + 20)
        kill(pid_of(store))
    stop.set()
    await asyncio.gather(writing, keeping)
    store.ensure()
    with client_of(store) as client:
        kept = {int(number) for number in client.lrange("numbers", 0, -1)}
    assert len(acknowledged) > 100
    assert set(acknowledged) <= kept


def write_on(store: EmbeddedStore, stop: asyncio.Event, acknowledged: list[int]) -> None:
    """Write numbers until told to stop, noting those that the server acknowledged."""
    number = 0
    while not stop.is_set():
        number += 1
        try:
            with client_of(store) as client:
                client.rpush("numbers", number)
        except redis.RedisError:
            continue
        acknowledged.append(number)
