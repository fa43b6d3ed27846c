"""A live blog is read post by post."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workers.domain.statement import Precision
from workers.reading.reader import Reader

PUBLISHED = datetime(2025, 3, 14, 8, tzinfo=UTC)
FETCHED = datetime(2025, 3, 14, 12, tzinfo=UTC)
TITLE = "Ukraine truce talks: live"


def read(reader: Reader, *posts: tuple[str, str]) -> list[tuple[str, datetime, Precision, bool]]:
    text = "\n\n".join(f"{time}\n{words}" for time, words in posts)
    found = reader.read("a1", TITLE, text, PUBLISHED, FETCHED)
    return [(one.actor_name, one.said_at, one.said_at_precision, one.said_at_evidenced) for one in found]


REFUSED = "Dmitry Peskov says that Moscow rejects the ceasefire plan."
AGREED = "President Volodymyr Zelensky said that Ukraine accepts a 30-day ceasefire."


@pytest.mark.parametrize(
    ("line", "at", "precision"),
    [
        pytest.param("10:15 GMT", datetime(2025, 3, 14, 10, 15, tzinfo=UTC), Precision.TIME, id="a clock"),
        pytest.param("9.05 a.m. UTC", datetime(2025, 3, 14, 9, 5, tzinfo=UTC), Precision.TIME, id="half days"),
        pytest.param("23:50 GMT", datetime(2025, 3, 13, 23, 50, tzinfo=UTC), Precision.TIME, id="not after the fetch"),
        pytest.param("13 March 2025, 22:10 GMT", datetime(2025, 3, 13, 22, 10, tzinfo=UTC), Precision.TIME, id="dated"),
        pytest.param("2025-03-13T22:10:00+02:00", datetime(2025, 3, 13, 20, 10, tzinfo=UTC), Precision.TIME, id="zone"),
        pytest.param("2025-03-13 22:10", datetime(2025, 3, 13, tzinfo=UTC), Precision.DAY, id="a stamp with no zone"),
        pytest.param("13 March, 22:10", datetime(2025, 3, 13, tzinfo=UTC), Precision.DAY, id="a clock with no zone"),
    ],
)
def test_a_post_is_dated_by_the_time_above_it(reader: Reader, line: str, at: datetime, precision: Precision) -> None:
    assert read(reader, (line, REFUSED), ("08:30 GMT", AGREED))[0] == ("Dmitry Peskov", at, precision, True)


def test_a_time_of_no_known_zone_or_day_dates_nothing(reader: Reader) -> None:
    assert read(reader, ("10:15", REFUSED), ("25:61 GMT", AGREED))[0][1:] == (PUBLISHED, Precision.TIME, False)


def test_a_date_in_the_words_is_counted_from_the_post(reader: Reader) -> None:
    words = "President Volodymyr Zelensky said yesterday that Ukraine accepts a 30-day ceasefire."
    found = read(reader, ("10:15 GMT", REFUSED), ("13 March 2025, 22:10 GMT", words))
    assert found[1][1:] == (datetime(2025, 3, 12, tzinfo=UTC), Precision.DAY, True)


def test_nobody_is_he_in_another_post(reader: Reader) -> None:
    posts = [("10:15 GMT", AGREED), ("10:05 GMT", "He said that the ceasefire must come at once.")]
    assert [name for name, *_ in read(reader, *posts)] == ["Volodymyr Zelensky"]
    told = f"{AGREED}\n\nHe said that the ceasefire must come at once."
    assert len(reader.read("a1", TITLE, told, PUBLISHED, FETCHED)) == 2


def test_a_single_time_is_that_of_the_page(reader: Reader) -> None:
    assert read(reader, ("10:15 GMT", REFUSED))[0][1:] == (PUBLISHED, Precision.TIME, False)


@pytest.mark.parametrize(
    "line",
    ["0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59", "0001-01-01 00:00", "9999-12-31 00:00", "2025-02-30T10:00Z"],
)
def test_a_stamp_of_no_possible_time_dates_nothing_and_harms_nothing(reader: Reader, line: str) -> None:
    words = f"{REFUSED}\nHe said yesterday that Russia had long rejected the truce."
    (first, *_) = read(reader, (line, words), (line, AGREED))
    assert first[1:] == (PUBLISHED, Precision.TIME, False)


def test_a_stamp_of_the_future_is_of_the_first_fetch(reader: Reader) -> None:
    assert read(reader, ("2025-03-20 10:00", REFUSED), ("08:30 GMT", AGREED))[0][1] == FETCHED.replace(hour=0)
