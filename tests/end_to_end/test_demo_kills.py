"""The demo as a user runs it: to its end, and killed in the middle with everything it started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ALERTS = 4
DEADLINE_S = 100


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    kill_everything(tmp_path)


def started_demo(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "service.demo"],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("TRUCEWATCH_")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_of(folder: Path) -> list[int]:
    """Every process that works in the folder: the demo, the service, its workers, its store, its sandboxes."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                place = f"{(entry / 'cwd').readlink()} {(entry / 'cmdline').read_text()}"
            except (OSError, UnicodeDecodeError):
                continue
            if str(folder) in place:
                found.append(int(entry.name))
    return found


def kill_everything(folder: Path) -> int:
    killed = processes_of(folder)
    for pid in killed:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return len(killed)


def received(folder: Path) -> list[str]:
    path = folder / ".demo" / "received.jsonl"
    return [json.loads(line)["id"] for line in path.read_text().splitlines()] if path.exists() else []


def wait_for_alerts(folder: Path, number: int, demo: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while len(received(folder)) < number:
        assert demo.poll() is None, demo.communicate()[0]
        assert time.monotonic() < deadline, (folder / ".demo" / "service.log").read_text()[-3000:]
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of a folder by /proc")
@pytest.mark.timeout(3 * DEADLINE_S)
def test_killed_in_the_middle_the_demo_goes_on_and_every_alert_arrives_once_in_order(folder: Path) -> None:
    first = started_demo(folder)
    wait_for_alerts(folder, 2, first)
    assert kill_everything(folder) >= 5
    first.communicate(timeout=10)

    second = started_demo(folder)
    said, _ = second.communicate(timeout=DEADLINE_S)
    assert second.returncode == 0, said
    ids = list(dict.fromkeys(received(folder)))
    numbers = [int(alert_id.rpartition("_")[2]) for alert_id in ids]
    assert len(ids) == ALERTS
    assert numbers == sorted(numbers)
    assert processes_of(folder) == []
