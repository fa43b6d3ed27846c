"""Keep child processes running: restart the dead with growing pauses, stop all on request, leave no orphan."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from service.wait import pause

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
HEALTHY_S = 30.0  # a child that lived this long starts over with short pauses
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A process to keep running."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]


@dataclass(slots=True)
class Child:
    """A kept process as it is now. `restarts` counts its deaths; `pid` is None while it waits to be started."""

    spec: ChildSpec
    pid: int | None = None
    restarts: int = 0
    process: Process | None = field(default=None, repr=False)


class Supervisor:
    """Runs the children until told to stop. `on_death` is told the pid of a dead child, so that its work goes on."""

    def __init__(self, specs: Sequence[ChildSpec], grace_s: float, on_death: Callable[[int], None]) -> None:
        self.children = [Child(spec) for spec in specs]
        self._grace_s = grace_s
        self._on_death = on_death

    async def run(self, stop: asyncio.Event) -> None:
        """Keep every child running; returns when `stop` is set and all have ended."""
        await asyncio.gather(*(self._keep(child, stop) for child in self.children))

    def kill(self) -> None:
        """End every child at once, with no grace."""
        for child in self.children:
            if child.process is not None and child.process.returncode is None:
                child.process.kill()

    async def _keep(self, child: Child, stop: asyncio.Event) -> None:
        pause_s = FIRST_PAUSE_S
        while not stop.is_set():
            began = time.monotonic()
            process = await self._started(child)
            if not await self._ended(process, stop):
                await self._stopped(child, process)
                return
            if child.pid is not None:
                await asyncio.to_thread(self._on_death, child.pid)
            child.pid, child.restarts = None, child.restarts + 1
            pause_s = FIRST_PAUSE_S if time.monotonic() - began > HEALTHY_S else min(2 * pause_s, LONGEST_PAUSE_S)
            log.warning("child_died", name=child.spec.name, code=process.returncode, again_in_s=pause_s)
            await pause(stop, pause_s)

    async def _started(self, child: Child) -> Process:
        process = await asyncio.create_subprocess_exec(
            *child.spec.argv,
            env=dict(child.spec.env),
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C on the terminal reaches us alone; we stop them in order
            preexec_fn=_tied_to(os.getpid()),
        )
        child.process, child.pid = process, process.pid
        log.info("child_started", name=child.spec.name, pid=process.pid)
        return process

    async def _ended(self, process: Process, stop: asyncio.Event) -> bool:
        """Wait for the process to end (True) or for the order to stop (False)."""
        waits = {asyncio.ensure_future(process.wait()), asyncio.ensure_future(stop.wait())}
        _, unfinished = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in unfinished:
            wait.cancel()
        return process.returncode is not None

    async def _stopped(self, child: Child, process: Process) -> None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._grace_s)
        except TimeoutError:
            log.warning("child_killed", name=child.spec.name, why=f"still busy after {self._grace_s:g} s")
            process.kill()
            await process.wait()
        child.pid = None


def _tied_to(parent: int) -> Callable[[], None]:
    """Have the kernel kill the child when its parent is gone, however it went (Linux only)."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def tie() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return tie
