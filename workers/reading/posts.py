"""The posts of a live blog: where each begins, and when it was written.

A line that is nothing but a time begins a post. What one post names is out of sight in the next: nobody reads "he"
across two of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from workers.domain.statement import Precision
from workers.reading.dates import DateReader, SaidAt, midnight_of
from workers.reading.text import Paragraph, ParagraphKind

LEAST_POSTS = 2  # a single time on a page is that of the page
FIRST_YEAR = 1991  # the web's first; at the ends of the calendar a zone or "yesterday" leads out of it
NOON = 12
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|[+-]\d\d:?\d\d)?$", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2})[:.](?P<minute>\d\d)\s?(?P<half>[ap]\.?m\.?)?\s?\(?(?P<utc>gmt|utc|z)?\)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Post:
    """A post from `start` of the text on. `written` is when, as far as its line says; None when it does not."""

    start: int
    written: SaidAt | None


class Posts:
    """The posts of one text; of a text that is no live blog there are none."""

    def __init__(self, posts: Sequence[Post]) -> None:
        self._posts = tuple(posts) if len(posts) >= LEAST_POSTS else ()
        self._starts = [post.start for post in self._posts]

    def begun_at(self, place: int) -> int:
        """Where the post that a place lies in begins; 0 before the first one."""
        index = bisect_right(self._starts, place) - 1
        return self._starts[index] if index >= 0 else 0

    def written_at(self, place: int) -> SaidAt | None:
        """When the post that a place lies in was written; None when nothing says so."""
        index = bisect_right(self._starts, place) - 1
        return self._posts[index].written if index >= 0 else None


NO_POSTS = Posts(())


def posts_of(
    text: str, parts: Sequence[Paragraph], dates: DateReader, published_at: datetime | None, fetched_at: datetime
) -> Posts:
    """Find the posts of a text. A time without a date is of the day of publication; none is after the first fetch."""
    day = (min(published_at, fetched_at) if published_at else fetched_at).date()
    lines = (part for part in parts if part.kind is ParagraphKind.POST)
    return Posts([Post(p.start, _written(text[p.start : p.end], day, dates, fetched_at)) for p in lines])


def _written(line: str, day: date, dates: DateReader, fetched_at: datetime) -> SaidAt | None:
    if _STAMP.match(line):
        return _of_stamp(line, fetched_at)
    named = dates.day_in(line, fetched_at.date())
    exact = _of_clock(line, named or day)
    if exact is not None:
        while exact > fetched_at and named is None:  # "23:50" of a blog that was read at noon is yesterday's
            exact -= timedelta(days=1)
        return SaidAt(min(exact, fetched_at), Precision.TIME, evidenced=True)
    if named is None:
        return None
    return SaidAt(midnight_of(named), Precision.DAY, evidenced=True)


def _of_stamp(line: str, fetched_at: datetime) -> SaidAt | None:
    """Read RFC 3339; without a zone only the day counts. A year in which nobody wrote for the web says nothing."""
    try:
        moment = datetime.fromisoformat(line.replace(" ", "T", 1).replace(" ", "").upper())
    except ValueError:
        return None
    if not FIRST_YEAR <= moment.year <= fetched_at.year + 1:
        return None
    if moment.tzinfo is not None:
        return SaidAt(min(moment.astimezone(UTC), fetched_at), Precision.TIME, evidenced=True)
    return SaidAt(midnight_of(min(moment.date(), fetched_at.date())), Precision.DAY, evidenced=True)


def _of_clock(line: str, day: date) -> datetime | None:
    """Read "10:15 GMT"; the hour of a zone that is not named is nobody's."""
    clock = _CLOCK.search(line)
    if clock is None or not clock["utc"]:
        return None
    hour, minute = int(clock["hour"]), int(clock["minute"])
    if clock["half"]:
        hour = hour % NOON + (NOON if clock["half"][0] in "pP" else 0)
    try:
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
