"""When something was said: the date that the text itself gives near a passage, else the article's own."""

from __future__ import annotations

import re
from calendar import isleap
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from workers.domain.statement import Precision
from workers.reading.lexicon import Lexicon, shape

LEAP_DAY = (2, 29)
LAST_RESORT_MONTH_DAY = 28
DAYS_OF = {"day": 1, "week": 7, "month": 30, "year": 365}
LONGEST_COUNT = 3  # digits
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBERS = {"a": 1, "an": 1} | {word: number for number, word in enumerate(_WORDS, start=1)}


@dataclass(frozen=True, slots=True)
class SaidAt:
    """Aware UTC; 00:00 when the precision is a day. `evidenced` is True when the text gives the date."""

    at: datetime
    precision: Precision
    evidenced: bool


class DateReader:
    """Finds dates in English text relative to the article's own."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._months = lexicon.months
        self._weekdays = lexicon.weekdays
        self._earlier = lexicon.scopes["earlier"]
        months = "|".join(sorted((m for m in lexicon.months if m != "-"), key=len, reverse=True))
        days = "|".join(sorted(lexicon.weekdays, key=len, reverse=True))
        self._pattern = re.compile(
            rf"(?<!\w)(?:(?P<month>{months})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>(?:19|20)\d\d))?(?!\d|:)"
            rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<month2>{months})\.?(?:,?\s+(?P<year2>(?:19|20)\d\d))?"
            rf"|(?:in|since|during|late|early|mid)[ -](?P<month3>{months})(?:\s+(?P<year3>(?:19|20)\d\d))?(?!\w)"
            rf"|(?P<before>last|next|this coming|the previous|coming)?\s*(?P<weekday>{days})(?!\w)"
            r"|(?P<relative>today|tonight|yesterday|the day before|last week|last month|last year|earlier this week"
            r"|earlier today|(?P<ago>\w+)\s+(?P<unit>day|week|month|year)s? ago))(?!\w)"
        )  # fmt: skip

    def said_at(self, words: str, published_at: datetime | None, fetched_at: datetime) -> SaidAt:
        """The date in `words` (the passage's own sentence, quotations left out), never after `fetched_at`.

        Words that only say that it was earlier ("has long said") give the day before, which is the latest it can be,
        and evidence no date.
        """
        ground = min(published_at, fetched_at) if published_at else fetched_at
        found = self.day_in(words, ground.date())
        if found is not None:
            return SaidAt(min(midnight_of(found), fetched_at), Precision.DAY, evidenced=True)
        if self._earlier.search(shape(words)):
            return SaidAt(midnight_of(ground.date() - timedelta(days=1)), Precision.DAY, evidenced=False)
        if published_at is None:
            return SaidAt(_midnight(ground), Precision.DAY, evidenced=False)
        exact = ground.time().replace(tzinfo=None) != datetime.min.time()
        return SaidAt(
            ground if exact else _midnight(ground), Precision.TIME if exact else Precision.DAY, evidenced=False
        )

    def day_in(self, words: str, ground: date) -> date | None:
        """The first past date that the words give, relative to `ground`; None when they give none."""
        for hit in self._pattern.finditer(shape(words)):
            found = self._day(hit, ground)
            if found is not None and found <= ground:
                return found
        return None

    def _day(self, hit: re.Match[str], ground: date) -> date | None:
        part = hit.groupdict()
        if part["month"] or part["month2"]:
            month = self._months[part["month"] or part["month2"]]
            year = part["year"] or part["year2"]
            return _in_year(month, int(part["day"] or part["day2"]), int(year) if year else None, ground)
        if part["month3"]:
            return self._month_only(part, ground)
        if part["weekday"]:
            return self._weekday(part, ground)
        return _relative(part, ground)

    def _month_only(self, part: dict[str, str | None], ground: date) -> date | None:
        """Read "in June": the last day of that June that has gone by, since its words are older."""
        month = self._months[part["month3"] or ""]
        year = int(part["year3"]) if part["year3"] else (ground.year if month < ground.month else ground.year - 1)
        if part["year3"] is None and month == ground.month:
            return None  # "in March" in an article of March tells no day
        return date(year, month, LAST_RESORT_MONTH_DAY)

    def _weekday(self, part: dict[str, str | None], ground: date) -> date | None:
        if part["before"] in ("next", "this coming", "coming"):
            return None
        back = (ground.weekday() - self._weekdays[part["weekday"] or ""]) % 7
        return ground - timedelta(days=back)


def _relative(part: dict[str, str | None], ground: date) -> date | None:
    word = part["relative"] or ""
    if word in ("today", "tonight", "earlier today"):
        return ground
    if word in ("yesterday", "the day before"):
        return ground - timedelta(days=1)
    if word == "last week":
        return ground - timedelta(days=7)
    if word in ("last month", "last year"):
        return ground - timedelta(days=30 if word == "last month" else 365)
    days = _count(part["ago"] or "") * DAYS_OF[part["unit"] or "day"]
    return ground - timedelta(days=days) if 0 < days < ground.toordinal() else None


def _count(word: str) -> int:
    """Read "3", "three" or "a" in front of "days ago"; 0 for any other word."""
    if word.isdecimal() and len(word) <= LONGEST_COUNT:
        return int(word)
    return NUMBERS.get(word, 0)


def _in_year(month: int, day: int, year: int | None, ground: date) -> date | None:
    """A day and month in the year given, else the nearest one: of another year, writers say which.

    So "August 15" in an article of 9 August is still to come.
    """
    try:
        found = [date(candidate, month, day) for candidate in ([year] if year else _years_around(ground, month, day))]
    except ValueError:
        return None
    return min(found, key=lambda one: abs(one - ground), default=None)


def _years_around(ground: date, month: int, day: int) -> list[int]:
    years = (ground.year - 1, ground.year, ground.year + 1)
    return [year for year in years if (month, day) != LEAP_DAY or isleap(year)]


def midnight_of(day: date) -> datetime:
    """The first moment of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
