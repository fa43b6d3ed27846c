"""Wait for a condition of real processes with a deadline, instead of sleeping and hoping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

DEADLINE_S = 20.0
_LOOK_S = 0.01


def until(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Return as soon as the condition holds; fail when it does not within the deadline."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not come true within {deadline_s:g} s")
        time.sleep(_LOOK_S)


async def until_soon(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Do the same while the event loop goes on."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not come true within {deadline_s:g} s")
        await asyncio.sleep(_LOOK_S)
