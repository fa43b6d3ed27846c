"""The parent of a worker, in a process of its own: it forks, watches, and hands orders on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.waiting import until

# The worker writes its pid and what it was told of the dead to a file, then does what its name says.
PARENT = """
import os, signal, sys, time
from workers.nursery import Nursery
from workers.watch import Watch
watch = Watch(0.2)
def work(dead):
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()} {' '.join(map(str, dead))}\\n")
    if sys.argv[2] == "fails":
        raise SystemExit(7)
    if sys.argv[2] == "hangs" and not dead:
        with watch.over("article a1"):
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            time.sleep(600)
    if sys.argv[2] == "deaf":
        signal.signal(signal.SIGTERM, lambda *_: open(sys.argv[1], "a").write("told\\n"))
        while True:
            time.sleep(600)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        time.sleep(600)
sys.exit(Nursery("articles", work, watch).run())
"""


class Parent:
    def __init__(self, process: subprocess.Popen[str], notes: Path) -> None:
        self.process = process
        self._notes = notes

    def notes(self) -> list[str]:
        return self._notes.read_text().splitlines() if self._notes.exists() else []

    def workers(self) -> list[int]:
        return [int(line.split()[0]) for line in self.notes() if line[0].isdigit()]

    def has(self, count: int) -> Callable[[], bool]:
        return lambda: len(self.workers()) >= count

    def ended(self) -> int:
        return self.process.wait(timeout=20)


@contextmanager
def parent_of(how: str, folder: Path) -> Iterator[Parent]:
    notes = folder / "notes"
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(notes), how], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    parent = Parent(process, notes)
    try:
        yield parent
    finally:
        process.kill()
        process.communicate()
        for pid in parent.workers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def test_a_killed_worker_is_followed_by_another_that_knows_whose_work_to_free(tmp_path: Path) -> None:
    with parent_of("waits", tmp_path) as parent:
        until(parent.has(1))
        first = parent.workers()[0]
        os.kill(first, signal.SIGKILL)
        until(parent.has(2))
        assert parent.notes()[1].split()[1:] == [str(first)]


def test_a_worker_that_hangs_is_killed_after_its_jobs_limit_and_the_job_is_named(tmp_path: Path) -> None:
    with parent_of("hangs", tmp_path) as parent:
        until(parent.has(2))
        parent.process.terminate()
        assert parent.ended() == 0
        assert parent.process.stdout is not None
        said = parent.process.stdout.read()
    assert "worker_hung" in said
    assert "article a1" in said


def test_sigterm_ends_worker_and_parent(tmp_path: Path) -> None:
    with parent_of("waits", tmp_path) as parent:
        until(parent.has(1))
        parent.process.terminate()
        assert parent.ended() == 0
        assert not is_running(parent.workers()[0])


def test_a_second_sigterm_kills_a_worker_that_does_not_end(tmp_path: Path) -> None:
    with parent_of("deaf", tmp_path) as parent:
        until(parent.has(1))
        parent.process.terminate()
        until(lambda: "told" in parent.notes())
        parent.process.terminate()
        assert parent.ended() == 128 + signal.SIGKILL
        assert not is_running(parent.workers()[0])


def test_a_worker_that_fails_time_and_again_ends_its_parent_with_its_code(tmp_path: Path) -> None:
    with parent_of("fails", tmp_path) as parent:
        assert parent.ended() == 7
        assert len(parent.workers()) == 5


@pytest.mark.skipif(sys.platform != "linux", reason="the tie is the Linux kernel's")
def test_a_worker_dies_with_its_parent(tmp_path: Path) -> None:
    with parent_of("waits", tmp_path) as parent:
        until(parent.has(1))
        parent.process.kill()
        parent.process.wait()
        until(lambda: not is_running(parent.workers()[0]))
