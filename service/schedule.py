"""When a feed is due again. Pure: the time and the draw of chance are parameters.

A feed has a pace of its own, found by how much of a document was known already (mediacloud's rss-fetcher keeps that
share between a third and two thirds). Every hint of its server and of the feed itself is a floor below which no poll
is made, after an answer of any kind. Failures stretch the pace, up to a day, and never end a feed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from operator import itemgetter

from workers.domain.feed import MOVES_NEEDED, FeedState, PauseReason

LONGEST_PAUSE = timedelta(hours=24)  # of our own, and the most that any single hint is given: some say a year
JITTER = 0.1  # a tenth either way keeps feeds that were added together from being polled together for ever
MUCH_KNOWN, LITTLE_KNOWN = 0.67, 0.33
SLOWER, SLOWER_UNCHANGED, FASTER = 1.5, 1.2, 0.5  # what the pace is multiplied by
SLOWEST = 4  # a quiet feed is polled a quarter as often as may be, no less: its one alert a month must not be late
DAY = timedelta(days=1)
LEAST_KNOWN = timedelta(hours=1)  # a rate of entries from less than this would be a guess
MOST_SKIPPED_HOURS = 24 * 8
STRAYED = 3  # failures in a row at an address that a feed was moved to; then it is looked for where it was
_DOUBLINGS = 16.0
_LATE_SPREAD = timedelta(seconds=60)


class Weight(Enum):
    """How heavily a failure counts: `hard` ones doubt the feed, `temporary` ones only its server's present load."""

    HARD = 1.0
    SOFT = 0.5
    TEMPORARY = 0.25


_TEMPORARY = frozenset({408, 425, 429, 502, 503, 504})
_SOFT = frozenset({401, 402, 403, 407, 451})
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Tempo:
    """The shortest pause between two polls of one feed, and a draw of chance from -1..1."""

    interval: timedelta
    chance: float


def weight_of(status: int | None, *, permanent: bool = False) -> Weight:
    """How heavily a failed fetch counts. `status` is None when no answer came; `permanent` as in FetchError.

    429 is a wish for more time, never a step towards giving a feed up (miniflux/v2#1628).
    """
    if permanent:
        return Weight.HARD
    if status is None or status in _TEMPORARY:
        return Weight.TEMPORARY
    return Weight.SOFT if status in _SOFT or status >= _SERVER_ERROR else Weight.HARD


def after_document(state: FeedState, now: datetime, tempo: Tempo, known: int, total: int) -> FeedState:
    """The state after a document of `total` entries, `known` of which were known before."""
    if total and state.news_since is None:  # all that a first document has is new to us, and tells nothing of its pace
        return _planned(replace(_well(state, now, 0), news_since=now), now, tempo, tempo.interval, PauseReason.FIRST)
    well = _well(state, now, total - known)
    if total and not known:
        gapped = replace(well, gaps=state.gaps + 1, gap_at=now)
        return _planned(gapped, now, tempo, tempo.interval, PauseReason.GAP)
    share = known / total if total else 1.0
    if share > MUCH_KNOWN:
        step, reason = SLOWER, PauseReason.QUIET
    elif share < LITTLE_KNOWN:
        step, reason = FASTER, PauseReason.BUSY
    else:
        step, reason = 1.0, PauseReason.STEADY
    return _planned(well, now, tempo, _pace(state, tempo) * step, reason)


def after_unchanged(state: FeedState, now: datetime, tempo: Tempo) -> FeedState:
    """The state after the news that nothing changed: a 304, or the same bytes again."""
    return _planned(_well(state, now, 0), now, tempo, _pace(state, tempo) * SLOWER_UNCHANGED, PauseReason.QUIET)


def after_failure(
    state: FeedState, now: datetime, tempo: Tempo, *, problem: str, weight: Weight, retry_after_s: float | None = None
) -> FeedState:
    """The state after a poll that failed: the pause grows with the weight of the failures in a row, up to a day."""
    weighed = state.weight + weight.value
    failed = replace(state, polled_at=now, failures=state.failures + 1, problem=problem, weight=weighed)
    if failed.saved_url and failed.failures >= STRAYED:
        failed = replace(failed, saved_url=None, moved_to=None, moves=0)
    own = min(_pace(state, tempo) * 2 ** min(weighed, _DOUBLINGS), LONGEST_PAUSE)
    return _planned(failed, now, tempo, own, PauseReason.FAILED, retry_after_s=retry_after_s)


def after_move(state: FeedState, moved_to: str | None) -> FeedState:
    """Note where a poll that found a feed was sent for good, None when it was sent nowhere.

    After MOVES_NEEDED polls in a row that were sent to the same place the feed is looked for there at once.
    """
    if moved_to is None:
        return replace(state, moved_to=None, moves=0)
    moves = state.moves + 1 if moved_to == state.moved_to else 1
    saved = moved_to if moves >= MOVES_NEEDED else state.saved_url
    return replace(state, moved_to=moved_to, moves=moves, saved_url=saved)


def news_a_day(state: FeedState, now: datetime) -> float | None:
    """How many new entries a day the feed brings of late; None before an hour of it is known."""
    if state.news_since is None or now - state.news_since < LEAST_KNOWN:
        return None
    # What halves each day sums up to 1/ln 2 times the rate in the end, and to less before.
    return _faded(state, now) * math.log(2) / (1 - _halved(now - state.news_since))


def out_of_skipped(at: datetime, hours: tuple[int, ...], days: tuple[int, ...]) -> datetime:
    """The first moment from `at` on that is in no skipped hour (UTC) or day; `at` where there is none."""
    moment = at
    for _ in range(MOST_SKIPPED_HOURS):
        if moment.hour not in hours and moment.weekday() not in days:
            return moment
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return at


def _planned(
    state: FeedState,
    now: datetime,
    tempo: Tempo,
    own: timedelta,
    reason: PauseReason,
    *,
    retry_after_s: float | None = None,
) -> FeedState:
    """Settle the pause: our own, or the longest of the floors, then out of the hours that the feed does not want."""
    longest = LONGEST_PAUSE if reason is PauseReason.FAILED else min(tempo.interval * SLOWEST, LONGEST_PAUSE)
    own = max(tempo.interval, min(own, longest))
    pace_s = state.pace_s if reason is PauseReason.FAILED else own.total_seconds()
    floor, wish = max(_floors(state, retry_after_s), key=itemgetter(0))
    at = now + own * (1 + JITTER * tempo.chance)
    if now + floor > at:
        # Never before the floor; a little after it, as others wait for the same moment.
        at, reason = now + floor + min(floor * JITTER, _LATE_SPREAD) * abs(tempo.chance), wish
    if (moved := out_of_skipped(at, state.skip_hours, state.skip_days)) > at:
        at, reason = moved + _LATE_SPREAD * abs(tempo.chance), PauseReason.SKIPPED
    return replace(state, pace_s=pace_s, reason=reason, interval_s=(at - now).total_seconds(), next_at=at)


def _floors(state: FeedState, retry_after_s: float | None) -> Iterator[tuple[timedelta, PauseReason]]:
    hints = (
        (retry_after_s, PauseReason.RETRY_AFTER),
        (state.fresh_s, PauseReason.FRESH),
        (state.ttl_s, PauseReason.TTL),
    )
    for seconds, reason in hints:
        yield timedelta(seconds=min(seconds or 0.0, LONGEST_PAUSE.total_seconds())), reason


def _well(state: FeedState, now: datetime, news: int) -> FeedState:
    return replace(
        state,
        polled_at=now,
        succeeded_at=now,
        failures=0,
        problem=None,
        weight=0.0,
        news=_faded(state, now) + (news if state.news_since else 0),
    )


def _pace(state: FeedState, tempo: Tempo) -> timedelta:
    return timedelta(seconds=state.pace_s) or tempo.interval


def _faded(state: FeedState, now: datetime) -> float:
    """The new entries that were counted; those of a day ago count half."""
    return state.news * _halved(now - state.succeeded_at) if state.succeeded_at else state.news


def _halved(span: timedelta) -> float:
    return math.exp2(-max(0.0, span / DAY))
