from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import structlog

from workers.life import LifeSign


def heard(tmp_path: Path) -> tuple[socket.socket, str]:
    """What systemd would listen on."""
    name = str(tmp_path / "notify")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(name)
    listener.settimeout(10)
    return listener, name


def test_the_file_says_what_the_process_does_and_its_time_that_it_works(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    life = LifeSign(path, role="poll", web=None)
    life.beat()
    assert json.loads(path.read_text(encoding="utf-8")) == {"pid": os.getpid(), "role": "poll", "web": None}
    os.utime(path, (0, 0))
    life.beat()
    assert path.stat().st_mtime > 1_000_000_000
    path.unlink()
    life.beat()
    assert path.exists()
    life.end()
    assert not path.exists()


def test_systemd_is_told_that_a_start_takes_long_that_it_is_done_and_that_it_ends(tmp_path: Path) -> None:
    listener, name = heard(tmp_path)
    with listener:
        life = LifeSign(socket_name=name)
        life.beat()
        life.ready()
        life.beat()
        life.stopping()
        said = [listener.recv(1000).decode() for _ in range(5)]
    assert said == ["EXTEND_TIMEOUT_USEC=30000000", "READY=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


def test_a_file_that_cannot_be_written_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    life = LifeSign(tmp_path / "no-such-folder" / "alive")
    with structlog.testing.capture_logs() as logs:
        life.beat()
        life.beat()
    assert [line["event"] for line in logs] == ["sign_of_life_failed"]
    assert logs[0]["setting"] == "TRUCEWATCH_ALIVE_FILE"


def test_where_nobody_listens_nothing_is_lost(tmp_path: Path) -> None:
    LifeSign(socket_name=str(tmp_path / "nobody")).ready()
    LifeSign().ready()
