"""Judge the dates of feeds: they are taken as given or not at all, never completed. Pure.

feedparser completes what is missing: of a date without a year it makes one of this year, of a year alone its first
day or today. So a date counts only where the feed itself spells a year, a month and a day.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime
from time import struct_time

MOST_RAW_CHARS = 100
_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?|[+-]\d{2}:?\d{2}\s*$")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d")
_COMPACT = re.compile(r"(?<!\d)(?:19|20)\d{6}(?!\d)")
_SHORT_YEAR = re.compile(r"(?<!\d)\d{1,2}[ -][A-Za-z]{3,9}\.?[ -](\d\d)(?!\d)")  # RFC 822
_WORD = re.compile(r"[^\W\d_]{3,}")
_NUMBER = re.compile(r"\d+")
_CENTURY = 100


def moment_of(raw: str | None, parsed: struct_time | None) -> datetime | None:
    """The time that `raw` spells and feedparser read as `parsed` (UTC); None unless it is spelled whole.

    A time without a zone is taken for UTC, as feedparser does.
    """
    if raw is None or parsed is None or len(raw) > MOST_RAW_CHARS or not _is_whole(raw, parsed.tm_year):
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def iso_moment(raw: object) -> datetime | None:
    """The time of an RFC 3339 spelling (JSON Feed), in UTC; None for anything else, a day without a time included."""
    if not isinstance(raw, str) or len(raw) > MOST_RAW_CHARS or "T" not in raw.upper().replace(" ", "T"):
        return None
    try:
        moment = datetime.fromisoformat(raw.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _is_whole(raw: str, year: int) -> bool:
    """Tell whether year, month and day are all there, and the year is the one that was read."""
    bare = _TIME.sub(" ", raw)
    if _COMPACT.search(bare):
        return True
    given = _YEAR.search(bare)
    if given is None:
        short = _SHORT_YEAR.search(bare)
        return short is not None and int(short.group(1)) == year % _CENTURY
    if abs(int(given.group()) - year) > 1:  # a zone may carry New Year's Eve over
        return False
    rest = bare[: given.start()] + " " + bare[given.end() :]
    numbers = len(_NUMBER.findall(rest))
    return numbers > 1 or (numbers == 1 and _WORD.search(rest) is not None)
