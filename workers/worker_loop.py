"""The event loop of a worker process."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeVar

T = TypeVar("T")


class Loop:
    """The event loop of a process whose jobs are plain functions, with what was opened in it."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._rooms = AsyncExitStack()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end."""
        return self._runner.run(work)

    def enter(self, room: AbstractAsyncContextManager[T]) -> T:
        """Open something that stays open until `close`."""
        return self.run(self._rooms.enter_async_context(room))

    def close(self) -> None:
        """Close what was opened."""
        self.run(self._rooms.aclose())
