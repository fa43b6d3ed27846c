"""When something was said, from the words near it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from workers.domain.statement import Precision
from workers.reading.dates import DateReader
from workers.reading.reader import Reader

FRIDAY = datetime(2025, 3, 14, 15, 30, tzinfo=UTC)


@pytest.fixture
def dates(reader: Reader) -> DateReader:
    return DateReader(reader.lexicon)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("Putin said on Thursday", date(2025, 3, 13)),
        ("Putin said on Friday", date(2025, 3, 14)),
        ("he said yesterday", date(2025, 3, 13)),
        ("the ministry said on 11 March", date(2025, 3, 11)),
        ("the ministry said on March 11, 2024", date(2024, 3, 11)),
        ("in a letter of December 30", date(2024, 12, 30)),
        ("three days ago", date(2025, 3, 11)),
        ("a week ago the group said", date(2025, 3, 7)),
        ("two years ago the group said", date(2023, 3, 15)),
        ("some days ago", None),
        ("999 years ago", date(1026, 11, 12)),
        ("99999999 days ago", None),
        ("3 days ago the group said", date(2025, 3, 11)),
        ("last week the group said", date(2025, 3, 7)),
        ("the truce would begin on March 20", None),
        ("talks planned for August 15", None),  # nearest is next August: still to come
        ("they will meet next Monday", None),
        ("on 31 February", None),
        ("on February 29", date(2024, 2, 29)),
    ],
)
def test_a_date_in_the_words_is_the_nearest_one_that_has_gone_by(
    dates: DateReader, words: str, day: date | None
) -> None:
    assert dates.day_in(words, FRIDAY.date()) == day


def test_without_a_date_it_was_said_when_the_article_came(dates: DateReader) -> None:
    said = dates.said_at("Putin said that he agreed", FRIDAY, FRIDAY)
    assert (said.at, said.precision, said.evidenced) == (FRIDAY, Precision.TIME, False)


def test_what_has_long_been_said_is_older_than_the_article(dates: DateReader) -> None:
    said = dates.said_at("Kyiv has long said that it wants peace", FRIDAY, FRIDAY)
    assert (said.at.date(), said.evidenced) == (date(2025, 3, 13), False)


def test_nothing_is_said_after_it_was_fetched(dates: DateReader) -> None:
    later = datetime(2099, 1, 1, tzinfo=UTC)
    assert dates.said_at("he said today", later, FRIDAY).at <= FRIDAY
    assert dates.said_at("he said", None, FRIDAY).at <= FRIDAY
