"""Drain many lanes side by side: an endpoint that hangs holds up its own lanes and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis

from workers.delivery.lanes import DrainReport
from workers.storage.outbox import Outbox

LANES_AT_ONCE = 32
LOOK_S = 0.2
GO_ON_FOR = timedelta(seconds=30)  # then what is due is left to the next job, so that none runs into RQ's limit
STOP_WITHIN = timedelta(seconds=2)

Drain = Callable[[str], Coroutine[Any, Any, DrainReport]]


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of one lane: its report, or the error that ended it."""

    lane: str
    report: DrainReport | None
    error: Exception | None = None


async def drain_side_by_side(
    outbox: Outbox, lane: str, drain: Drain, now: Callable[[], datetime], stopping: Callable[[], bool]
) -> list[Drained]:
    """Drain `lane`, and while that lasts every other lane that falls due.

    When `stopping`, requests under way have two seconds more; those that are given up go again, with the same id, to
    whoever drains next. An error of one lane ends that lane only. Raises redis.RedisError when the store goes away: all
    of them end then.
    """
    until, stop_at = now() + GO_ON_FOR, None
    under_way = {lane: asyncio.create_task(drain(lane))}
    drained: list[Drained] = []
    try:
        while under_way:
            await asyncio.wait(under_way.values(), timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            ended = [name for name, task in under_way.items() if task.done()]
            drained.extend(_drained(name, under_way.pop(name)) for name in ended)
            if stopping():
                stop_at = stop_at or now() + STOP_WITHIN
                if now() >= stop_at:
                    break
            elif under_way and now() < until:
                for due in outbox.due_lanes(now(), LANES_AT_ONCE - len(under_way)):
                    if due not in under_way:
                        under_way[due] = asyncio.create_task(drain(due))
    finally:
        for task in under_way.values():
            task.cancel()
        await asyncio.gather(*under_way.values(), return_exceptions=True)
    return drained


def _drained(lane: str, task: asyncio.Task[DrainReport]) -> Drained:
    error = task.exception()
    if error is None:
        return Drained(lane, task.result())
    if isinstance(error, redis.RedisError) or not isinstance(error, Exception):
        raise error
    return Drained(lane, None, error)
