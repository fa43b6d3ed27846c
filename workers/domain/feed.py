"""What is remembered of a feed between polls, and when a feed is polled first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from urllib.parse import urlsplit

MOVES_NEEDED = 3  # a redirect to a page about maintenance, or of one wrong afternoon, must not take a feed's place
_PHASES = 1 << 16


class Identity(StrEnum):
    """How a feed tells its entries apart; each is less trusting than the one before."""

    GUID = "guid"
    GUID_AND_LINK = "guid+link"
    LINK = "link"


class PauseReason(StrEnum):
    """What decided on the pause before the next poll."""

    FIRST = "first"  # nothing is known of its pace yet
    BUSY = "busy"  # much is new at every poll
    STEADY = "steady"  # some is new, some is known
    QUIET = "quiet"  # little or nothing is new
    GAP = "gap"  # nothing was known: entries may have come and gone unseen
    FAILED = "failed"
    RETRY_AFTER = "retry_after"
    FRESH = "fresh"  # Cache-Control max-age or Expires
    TTL = "ttl"  # ttl or sy:updatePeriod
    SKIPPED = "skipped"  # skipHours, skipDays


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed's validators, health and schedule. Times are aware UTC, None before the first of their kind.

    `failures` counts the failed polls since the last success, `weight` sums how heavily they count (schedule.py).
    `problem` says in words what is wrong now, None when all is well. `interval_s` is the pause that was last decided
    on, `reason` what decided on it, `pace_s` the pause that its own pace asks for, 0 before the first document.
    `fresh_s`, `ttl_s`, `skip_hours` (UTC) and `skip_days` (0 is Monday) are what the server and the feed asked for
    last. `body_hash` is of the last document that was read. `saved_url` takes the place of the feed's address once
    `moved_to` was where `moves` polls in a row were sent for good. `gaps` counts the documents of which nothing was
    known, `gap_at` is when the last one came. `news` is the number of new entries of a day, older ones fading out,
    counted since `news_since`. `future_dates` counts the entries of the last document that were dated ahead, and
    `document_at` is when one came last.
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
    weight: float = 0.0
    reason: PauseReason = PauseReason.FIRST
    pace_s: float = 0.0
    fresh_s: float | None = None
    ttl_s: float | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    body_hash: str | None = None
    identity: Identity = Identity.GUID
    saved_url: str | None = None
    moved_to: str | None = None
    moves: int = 0
    gaps: int = 0
    gap_at: datetime | None = None
    news: float = 0.0
    news_since: datetime | None = None
    future_dates: int = 0
    document_at: datetime | None = None


def first_poll_at(feed_id: str, now: datetime, window: timedelta) -> datetime:
    """When a feed that was just listed is polled first: its place in the window is drawn from its id."""
    phase = int.from_bytes(blake2b(feed_id.encode(), digest_size=2).digest()) / _PHASES
    return now + window * phase


def host_of(url: str) -> str:
    """The host that a web address is polled at, with its port where it names one; `www.` makes no difference."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower().removeprefix("www.")
    except ValueError:
        return ""
