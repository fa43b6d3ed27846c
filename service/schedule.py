"""When a feed is due again. Pure: the time and the draw of chance are parameters."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from workers.domain.feed import FeedState

LONGEST_PAUSE = timedelta(hours=24)
JITTER = 0.1  # a tenth either way keeps feeds that were added together from being polled together for ever


def after_success(
    state: FeedState, now: datetime, interval: timedelta, chance: float, *, least: timedelta = timedelta()
) -> FeedState:
    """The state after a poll that brought a document, or the news that nothing changed.

    `chance` is drawn from -1..1. `least` is the pause that the server asked for.
    """
    pause = max(interval * (1 + JITTER * chance), min(least, LONGEST_PAUSE))
    return replace(
        state,
        polled_at=now,
        succeeded_at=now,
        failures=0,
        problem=None,
        interval_s=pause.total_seconds(),
        next_at=now + pause,
    )


def after_failure(
    state: FeedState, now: datetime, interval: timedelta, chance: float, *, problem: str, least: timedelta = timedelta()
) -> FeedState:
    """The state after a poll that failed: the pause doubles with each failure in a row, up to a day, and never ends."""
    failures = state.failures + 1
    doubled = interval * 2 ** min(failures, 16)
    pause = max(min(doubled, LONGEST_PAUSE) * (1 + JITTER * chance), min(least, LONGEST_PAUSE))
    return replace(
        state,
        polled_at=now,
        failures=failures,
        problem=problem,
        interval_s=pause.total_seconds(),
        next_at=now + pause,
    )
