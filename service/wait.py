"""Wait for a while, or until told to stop."""

from __future__ import annotations

import asyncio


async def pause(stop: asyncio.Event, pause_s: float) -> None:
    """Return after `pause_s` seconds, or at once when `stop` is set."""
    try:
        await asyncio.wait_for(stop.wait(), pause_s)
    except TimeoutError:
        return
