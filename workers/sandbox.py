"""Run functions on hostile input in processes that can be killed, under CPU and memory limits (law 10).

Calls go to the children as pickles, which are ours; answers come back as JSON, since a child that hostile bytes have
taken over must not be able to hand its parent a pickle that runs. A sandbox belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workers import sandbox_child
from workers.sandbox_child import HEADER, MOST_WHY_CHARS

MOST_ANSWER_BYTES = 32_000_000  # a feed of 1,000 entries of 20 kB, with room
LOAD_S = 60.0  # feedparser and lxml load in 0.5 s; a busy machine takes a multiple
CALLS_A_CHILD = 500  # then it is replaced, so that what libraries leak has an end
_ENVIRONMENT = {"LANG": "C.UTF-8"}  # the parent's own holds secrets


class SandboxFault(StrEnum):
    """What ended a sandboxed call."""

    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    RAISED = "raised"


class SandboxError(Exception):
    """A sandboxed call gave no result. `why` says it in words, on one line of at most some 300 characters."""

    def __init__(self, fault: SandboxFault, why: str) -> None:
        super().__init__(f"{fault}: {why}")
        self.fault = fault
        self.why = why


@dataclass(slots=True, eq=False)
class _Child:
    """A running child, what it has loaded, and how many calls it has had."""

    process: Process
    loaded: set[str] = field(default_factory=set)
    calls: int = 0

    async def ask(self, *call: Any) -> dict[str, Any]:
        """Send one message and read the answer. Raises ValueError for what is no answer of a child of ours."""
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise ValueError("the child has no pipes")
        await self._send(pickle.dumps(call))
        size = HEADER.unpack(await stdout.readexactly(HEADER.size))[0]
        if size > MOST_ANSWER_BYTES + MOST_WHY_CHARS * 8:
            raise ValueError("the answer is too large")
        answer = json.loads(await stdout.readexactly(size))
        if not isinstance(answer, dict) or not ("value" in answer or {"fault", "why"} <= answer.keys()):
            raise ValueError("the answer has another form")
        return answer

    async def greet(self) -> None:
        """Tell a new child where modules are found."""
        await self._send(pickle.dumps(sys.path))

    async def _send(self, message: bytes) -> None:
        if self.process.stdin is not None:
            self.process.stdin.write(HEADER.pack(len(message)) + message)
            await self.process.stdin.drain()

    @property
    def is_alive(self) -> bool:
        """Ask the kernel, as the event loop hears of a death a little later."""
        try:
            return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    async def kill(self) -> None:
        """End it at once, and wait until it is gone."""
        # Not `process.kill`: that asks for the exit status too, which the event loop's watcher is then not given.
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
        await self.process.wait()


class Sandbox:
    """A few warm child processes, started when first needed. One that overruns its limits is killed and replaced."""

    def __init__(self, processes: int, memory_bytes: int) -> None:
        """Allow at most `processes` calls at once, and each child so much address space."""
        self._memory_bytes = memory_bytes
        self._places = asyncio.Semaphore(processes)
        self._idle: list[_Child] = []
        self._all: set[_Child] = set()

    async def run(self, function: Callable[..., Any] | str, *args: Any, timeout_s: float) -> Any:
        """Call a module-level function in a child; its result must be JSON-able.

        A function whose module the parent shall not load is named, as `module:function`. `timeout_s` bounds the call
        itself, not the wait for a free child nor the loading of the module. Raises SandboxError, whatever becomes of
        the child.
        """
        module, name = _place_of(function)
        async with self._places:
            child = await self._ready(module)
            answer = await self._asked(child, timeout_s, (module, name, args))
            child.calls += 1
            if answer.get("fault") == SandboxFault.MEMORY or child.calls >= CALLS_A_CHILD:
                await self._end(child)
            else:
                self._idle.append(child)
        return _value(answer)

    @property
    def process_ids(self) -> list[int]:
        """The processes of the children that there are now."""
        return sorted(child.process.pid for child in self._all)

    async def close(self) -> None:
        """End every child."""
        await asyncio.gather(*(self._end(child) for child in list(self._all)))

    async def _ready(self, module: str) -> _Child:
        """A child that has loaded the module, an idle one when there is any."""
        child = self._idle.pop() if self._idle else None
        if child is not None and not child.is_alive:  # something has killed it meanwhile
            await self._end(child)
            child = None
        child = child or await self._started()
        if module not in child.loaded:
            answer = await self._asked(child, LOAD_S, (module, None, ()))
            if "value" not in answer:
                await self._end(child)
                _value(answer)
            child.loaded.add(module)
        return child

    async def _asked(self, child: _Child, timeout_s: float, call: tuple[Any, ...]) -> dict[str, Any]:
        """Ask the child, and kill it unless it answers as it should and in time."""
        try:
            async with asyncio.timeout(timeout_s):
                return await child.ask(*call, timeout_s, MOST_ANSWER_BYTES)
        except TimeoutError:
            await self._end(child)
            raise SandboxError(SandboxFault.TIMEOUT, f"took longer than {timeout_s:g} s") from None
        except (OSError, asyncio.IncompleteReadError, ValueError, RecursionError) as error:
            await self._end(child)
            raise _crash(child, error) from None
        except BaseException:
            await self._end(child)
            raise

    async def _started(self) -> _Child:
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-B", sandbox_child.__file__),
                *(str(os.getpid()), str(self._memory_bytes)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,  # what hostile input makes libraries print belongs on nobody's terminal
                env=_ENVIRONMENT,
                start_new_session=True,  # Ctrl-C on the terminal is the parent's to handle
            )
        except OSError as error:
            raise SandboxError(SandboxFault.CRASHED, f"no process could be started: {error.strerror}") from error
        child = _Child(process)
        self._all.add(child)
        with suppress(OSError):  # it is gone again: the first call says so
            await child.greet()
        return child

    async def _end(self, child: _Child) -> None:
        self._all.discard(child)
        await asyncio.shield(child.kill())


def _place_of(function: Callable[..., Any] | str) -> tuple[str, str]:
    if isinstance(function, str):
        module, _, name = function.partition(":")
        return module, name
    return function.__module__, function.__qualname__


def _value(answer: dict[str, Any]) -> Any:
    """The result in an answer, or the SandboxError that it tells of."""
    if "value" in answer:
        return answer["value"]
    fault = SandboxFault.MEMORY if answer["fault"] == SandboxFault.MEMORY else SandboxFault.RAISED
    raise SandboxError(fault, str(answer["why"])[:MOST_WHY_CHARS])


def _crash(child: _Child, error: BaseException) -> SandboxError:
    """Say how the child ended; the kernel's end for too much CPU time is a timeout like ours."""
    code = child.process.returncode
    if code == -signal.SIGXCPU:
        return SandboxError(SandboxFault.TIMEOUT, "used too much CPU time")
    if not isinstance(error, (OSError, asyncio.IncompleteReadError)) or code is None:
        return SandboxError(SandboxFault.CRASHED, f"the process gave no proper answer: {error}"[:MOST_WHY_CHARS])
    ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return SandboxError(SandboxFault.CRASHED, f"the process ended with {ended}")
