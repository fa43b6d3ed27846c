"""Keep child processes running: restart the dead with growing pauses, stop all on request, leave no orphan.

A child runs in a session of its own, so that Ctrl-C on the terminal reaches the supervisor alone. It dies with the
supervisor, even when that is killed (`tether.py`); the tie is to the thread that started it, so run the supervisor in
the main thread. What a child leaves behind in its process group is killed when it ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from service.backoff import Backoff
from service.wait import pause

TETHER = Path(__file__).with_name("tether.py")
SHORTEST_LIFE_S = 1.0  # a child that ends well after at least this long (its `max_jobs` are done) is replaced at once

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A process to keep running; `env` is its whole environment."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]


@dataclass(slots=True)
class Child:
    """A kept process as it is now. `pid` and `up_since` (UTC) are None while it waits to be started.

    `restarts` counts its ends so far. `last_code` is the exit code of the last one, negative for a signal.
    """

    spec: ChildSpec
    pid: int | None = None
    restarts: int = 0
    up_since: datetime | None = None
    last_code: int | None = None
    process: Process | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ChildStatus:
    """What the status page shows of a child; the fields are those of Child."""

    name: str
    pid: int | None
    restarts: int
    up_since: datetime | None
    last_code: int | None


class Supervisor:
    """Runs the children until told to stop. `on_death` is told the pid of a dead child, so that its work goes on.

    `on_death` is called in a thread; when it fails, that is logged and the child is started again all the same.
    `backoff` makes the pauses of one child.
    """

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        grace_s: float,
        on_death: Callable[[int], None],
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self.children = [Child(spec) for spec in specs]
        self._grace_s = grace_s
        self._on_death = on_death
        self._backoff = backoff

    async def run(self, stop: asyncio.Event) -> None:
        """Keep every child running; return when `stop` is set and all have ended.

        A child gets SIGTERM, and SIGKILL when it has not ended after the grace. Cancelled, it kills all at once.
        """
        try:
            await asyncio.gather(*(self._keep(child, stop) for child in self.children))
        finally:
            self.kill()

    def kill(self) -> None:
        """End every child at once, with no grace."""
        for child in self.children:
            if child.process is not None and child.process.returncode is None:
                _kill_group(child.process.pid)

    def snapshot(self) -> tuple[ChildStatus, ...]:
        """Say how every child is."""
        return tuple(
            ChildStatus(child.spec.name, child.pid, child.restarts, child.up_since, child.last_code)
            for child in self.children
        )

    async def _keep(self, child: Child, stop: asyncio.Event) -> None:
        backoff = self._backoff()
        while not stop.is_set():
            began = time.monotonic()
            try:
                process = await self._started(child)
            except OSError as error:  # no memory or process left: others may end meanwhile
                log.error("child_start_failed", name=child.spec.name, why=str(error))  # noqa: TRY400
                await pause(stop, backoff.pause_after(0.0))
                continue
            await self._ended(process, stop)
            if process.returncode is None:
                await self._end(child, process)
            await self._note_end(child, process)
            if not stop.is_set():
                await pause(stop, _pause_after(child, time.monotonic() - began, backoff))

    async def _started(self, child: Child) -> Process:
        tied = (sys.executable, "-ES", str(TETHER), str(os.getpid()), *child.spec.argv)
        process = await asyncio.create_subprocess_exec(
            *tied, env=dict(child.spec.env), stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        child.process, child.pid, child.up_since = process, process.pid, datetime.now(UTC)
        log.info("child_started", name=child.spec.name, pid=process.pid)
        return process

    async def _ended(self, process: Process, stop: asyncio.Event) -> None:
        """Wait until the process has ended or the order to stop has come."""
        waits = {asyncio.ensure_future(process.wait()), asyncio.ensure_future(stop.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _end(self, child: Child, process: Process) -> None:
        """Have the process end: SIGTERM to it alone, as its children are its own; after the grace, SIGKILL to all."""
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._grace_s)
        except TimeoutError:
            log.warning("child_killed", name=child.spec.name, why=f"still busy after {self._grace_s:g} s")
            _kill_group(process.pid)
            await process.wait()

    async def _note_end(self, child: Child, process: Process) -> None:
        _kill_group(process.pid)  # what it left behind
        child.pid, child.up_since = None, None
        child.last_code, child.restarts = process.returncode, child.restarts + 1
        (failure,) = await asyncio.gather(asyncio.to_thread(self._on_death, process.pid), return_exceptions=True)
        if failure is not None:
            log.error("child_death_not_told", name=child.spec.name, why=repr(failure))


def _pause_after(child: Child, lived_s: float, backoff: Backoff) -> float:
    if child.last_code == 0 and lived_s >= SHORTEST_LIFE_S:
        log.info("child_replaced", name=child.spec.name, lived_s=round(lived_s, 1))
        return 0.0
    pause_s = backoff.pause_after(lived_s)
    log.warning("child_died", name=child.spec.name, code=child.last_code, lived_s=round(lived_s, 1), again_in_s=pause_s)
    return pause_s


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
