"""How long the event loop is held up: by the clock, and by the processor time that its thread takes at a stretch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

_LOOK_S = 0.001


@dataclass(slots=True)
class Stalls:
    """The longest stall since the last `take`, in seconds.

    On a busy machine others take the processor as well: `cpu_s` counts what the loop's own thread did meanwhile.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def take(self) -> tuple[float, float]:
        """The longest stalls since the last time, by the clock and by processor time; begins anew."""
        found = self.wall_s, self.cpu_s
        self.wall_s = self.cpu_s = 0.0
        return found


@asynccontextmanager
async def watched_loop() -> AsyncIterator[Stalls]:
    """Watch the running loop."""
    stalls = Stalls()

    async def watch() -> None:
        while True:
            began, cpu_s = time.monotonic(), time.thread_time()
            await asyncio.sleep(_LOOK_S)
            stalls.wall_s = max(stalls.wall_s, time.monotonic() - began - _LOOK_S)
            stalls.cpu_s = max(stalls.cpu_s, time.thread_time() - cpu_s)

    watching = asyncio.create_task(watch())
    try:
        yield stalls
    finally:
        watching.cancel()
