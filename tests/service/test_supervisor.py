"""The supervisor with real processes: the dead come back, the stopped stay away, nobody is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from service.backoff import Backoff
from service.supervisor import ChildSpec, Supervisor
from tests.waiting import until, until_soon

WAITS = "import signal; signal.pause()"
IGNORES_TERM = (
    "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1], 'w'); signal.pause()"
)
FAILS = "raise SystemExit(3)"
LEAVES_ONE = """
import subprocess, sys
open(sys.argv[1], "w").write(str(subprocess.Popen(["sleep", "60"]).pid))
raise SystemExit(1)
"""
OWNER = """
import asyncio, os, sys
from service.supervisor import ChildSpec, Supervisor
async def main():
    supervisor = Supervisor([ChildSpec("a", (sys.executable, "-c", sys.argv[1]), os.environ)], 1.0, print)
    running = asyncio.create_task(supervisor.run(asyncio.Event()))
    while supervisor.children[0].pid is None:
        await asyncio.sleep(0.01)
    print("pid", supervisor.children[0].pid, flush=True)
    await running
asyncio.run(main())
"""


def spec(code: str, *arguments: object, name: str = "child") -> ChildSpec:
    return ChildSpec(name, (sys.executable, "-c", code, *map(str, arguments)), dict(os.environ))


def quick() -> Backoff:
    return Backoff(first_s=0.01, longest_s=0.02)


def ignore(pid: int) -> None:
    """Nobody needs to know."""


def is_running(pid: int | None) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def runs(pid: int | None, word: str) -> Callable[[], bool]:
    """Tell whether the process has become the program that it is to be."""
    return lambda: is_running(pid) and word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()


class Running:
    """A supervisor at work for the length of a `with` block."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.supervisor.run(self.stop))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop.set()
        assert self.task is not None
        await self.task


async def test_children_are_started_and_stopped() -> None:
    async with Running(Supervisor([spec(WAITS, name="a"), spec(WAITS, name="b")], 5.0, ignore)) as running:
        await until_soon(lambda: all(child.pid for child in running.supervisor.children))
        pids = [child.pid for child in running.supervisor.children]
        assert all(child.up_since for child in running.supervisor.snapshot())
    assert not any(is_running(pid) for pid in pids)
    assert [child.pid for child in running.supervisor.snapshot()] == [None, None]


async def test_a_killed_child_comes_back_and_its_death_is_told() -> None:
    dead: list[int] = []
    async with Running(Supervisor([spec(WAITS)], 5.0, dead.append, quick)) as running:
        (child,) = running.supervisor.children
        await until_soon(lambda: child.pid)
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until_soon(lambda: child.pid not in {None, first})
        assert dead == [first]
        (status,) = running.supervisor.snapshot()
        assert (status.restarts, status.last_code) == (1, -signal.SIGKILL)


async def test_a_child_that_always_fails_is_tried_on_and_harms_no_other() -> None:
    async with Running(Supervisor([spec(FAILS, name="bad"), spec(WAITS, name="good")], 5.0, ignore, quick)) as running:
        bad, good = running.supervisor.children
        await until_soon(lambda: bad.restarts >= 3)
        assert bad.last_code == 3
        assert (good.restarts, is_running(good.pid)) == (0, True)


async def test_a_program_that_does_not_exist_is_tried_on() -> None:
    missing = ChildSpec("missing", ("/nowhere/program",), {})
    async with Running(Supervisor([missing], 5.0, ignore, quick)) as running:
        (child,) = running.supervisor.children
        await until_soon(lambda: child.restarts >= 2)
        assert child.last_code == 127


async def test_a_failing_callback_stops_nothing() -> None:
    def fail(pid: int) -> None:
        raise ConnectionError(f"the store is away, {pid}")

    async with Running(Supervisor([spec(FAILS)], 5.0, fail, quick)) as running:
        await until_soon(lambda: running.supervisor.children[0].restarts >= 3)


async def test_a_deaf_child_is_killed_after_the_grace(tmp_path: Path) -> None:
    async with Running(Supervisor([spec(IGNORES_TERM, tmp_path / "deaf")], 0.1, ignore)) as running:
        await until_soon((tmp_path / "deaf").exists)
        pid = running.supervisor.children[0].pid
    assert not is_running(pid)
    assert running.supervisor.children[0].last_code == -signal.SIGKILL


async def test_kill_ends_the_grace_at_once(tmp_path: Path) -> None:
    async with Running(Supervisor([spec(IGNORES_TERM, tmp_path / "deaf")], 600.0, ignore)) as running:
        await until_soon((tmp_path / "deaf").exists)
        running.stop.set()
        running.supervisor.kill()
        await until_soon(lambda: running.task and running.task.done())


async def test_a_cancelled_supervisor_leaves_no_child() -> None:
    supervisor = Supervisor([spec(WAITS)], 600.0, ignore)
    task = asyncio.create_task(supervisor.run(asyncio.Event()))
    await until_soon(lambda: supervisor.children[0].pid)
    pid = supervisor.children[0].pid
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_soon(lambda: not is_running(pid))


async def test_what_a_dead_child_leaves_behind_is_killed(tmp_path: Path) -> None:
    left = tmp_path / "pid"
    async with Running(Supervisor([spec(LEAVES_ONE, left)], 5.0, ignore)) as running:
        await until_soon(lambda: running.supervisor.children[0].restarts)
        await until_soon(lambda: not is_running(int(left.read_text())))


def test_children_die_with_a_killed_supervisor() -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, WAITS], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = next(int(line.split()[1]) for line in owner.stdout if line.startswith("pid "))
    until(runs(pid, WAITS))
    owner.kill()
    owner.communicate()
    until(lambda: not is_running(pid))
