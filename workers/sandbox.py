"""Run functions on hostile input in processes that can be killed, under CPU and memory limits (law 10)."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from workers.sandbox_child import HEADER

MOST_ANSWER_BYTES = 64_000_000


class SandboxFault(StrEnum):
    """What ended a sandboxed call."""

    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    RAISED = "raised"


class SandboxError(Exception):
    """A sandboxed call gave no result. `why` says it in words."""

    def __init__(self, fault: SandboxFault, why: str) -> None:
        super().__init__(f"{fault}: {why}")
        self.fault = fault
        self.why = why


class Sandbox:
    """A few warm child processes. A child that overruns its limits is killed, and the next call starts another."""

    def __init__(self, processes: int, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._places = asyncio.Semaphore(processes)
        self._idle: list[Process] = []
        self._all: set[Process] = set()

    async def run(self, function: Callable[..., Any], *args: Any, timeout_s: float) -> Any:
        """Call a module-level function in a child; its result must be JSON-able. Raises SandboxError."""
        async with self._places:
            child = self._idle.pop() if self._idle else await self._started()
            try:
                async with asyncio.timeout(timeout_s):
                    answer = await self._call(child, function, args, timeout_s)
            except TimeoutError:
                await self._kill(child)
                raise SandboxError(SandboxFault.TIMEOUT, f"took longer than {timeout_s:g} s") from None
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                await self._kill(child)
                raise SandboxError(SandboxFault.CRASHED, _ending(child)) from error
            except BaseException:
                await self._kill(child)
                raise
            self._idle.append(child)
        if "value" not in answer:
            raise SandboxError(SandboxFault(answer["kind"]), answer["why"])
        return answer["value"]

    async def close(self) -> None:
        """End every child."""
        for child in list(self._all):
            await self._kill(child)

    async def _started(self) -> Process:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "workers.sandbox_child",
            str(os.getpid()),
            str(self._memory_bytes),
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,  # Ctrl-C on the terminal is the parent's to handle
        )
        self._all.add(child)
        return child

    async def _call(
        self, child: Process, function: Callable[..., Any], args: tuple[Any, ...], timeout_s: float
    ) -> dict[str, Any]:
        call = pickle.dumps((function.__module__, function.__qualname__, args, timeout_s))
        if child.stdin is None or child.stdout is None:
            raise OSError("the child has no pipes")
        child.stdin.write(HEADER.pack(len(call)) + call)
        await child.stdin.drain()
        size = HEADER.unpack(await child.stdout.readexactly(HEADER.size))[0]
        if size > MOST_ANSWER_BYTES:
            raise ValueError("the answer is too large")
        answer = json.loads(await child.stdout.readexactly(size))
        if not isinstance(answer, dict):
            raise TypeError("the answer is no object")
        return answer

    async def _kill(self, child: Process) -> None:
        self._all.discard(child)
        if child.returncode is None:
            try:
                child.kill()
            except ProcessLookupError:
                return
        await child.wait()


def _ending(child: Process) -> str:
    return f"the process ended with {child.returncode}"
