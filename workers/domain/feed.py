"""What is remembered of a feed between polls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed's validators and health. Times are aware UTC, None before the first of their kind.

    `failures` counts the failed polls since the last success. `problem` says in words what is wrong now, None when
    all is well. `interval_s` is the pause that was last decided on.
    """

    etag: str | None = None
    last_modified: str | None = None
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    failures: int = 0
    problem: str | None = None
    interval_s: float = 0.0
    next_at: datetime | None = None
    entries_seen: int = 0
    gone: bool = False
