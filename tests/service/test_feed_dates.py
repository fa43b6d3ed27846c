from __future__ import annotations

from datetime import UTC, datetime
from time import struct_time

import feedparser.datetimes
import pytest

from service.feed_dates import iso_moment, moment_of


def read(raw: str) -> datetime | None:
    parsed: struct_time | None = feedparser.datetimes._parse_date(raw)
    return moment_of(raw, parsed)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Fri, 13 Mar 2026 10:00:00 +0200", datetime(2026, 3, 13, 8, tzinfo=UTC)),
        ("Fri, 13 Mar 2026 10:00:00 EST", datetime(2026, 3, 13, 15, tzinfo=UTC)),
        ("13 Mar 26 10:00 GMT", datetime(2026, 3, 13, 10, tzinfo=UTC)),
        ("Fri Mar 13 10:00:00 2026", datetime(2026, 3, 13, 10, tzinfo=UTC)),
        ("2026-03-13T10:00:00+05:30", datetime(2026, 3, 13, 4, 30, tzinfo=UTC)),
        ("2026-03-13T10:00:00", datetime(2026, 3, 13, 10, tzinfo=UTC)),
        ("2026-03-13", datetime(2026, 3, 13, tzinfo=UTC)),
        ("20260313", datetime(2026, 3, 13, tzinfo=UTC)),
        ("2026-01-01T00:30:00+01:00", datetime(2025, 12, 31, 23, 30, tzinfo=UTC)),
    ],
)
def test_a_date_that_is_spelled_whole_is_read(raw: str, expected: datetime) -> None:
    assert read(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        *("2026", "2026-03", "--03-13", "-26-03", "10:30", "2026-072", "13 Mar", "yesterday", "", "Friday 10:00"),
        *("Mar 2026", "2026-03-13" + " " * 200, "0000-00-00", "99999999", "x" * 9_999),
    ],
)
def test_a_date_with_a_part_missing_is_none_and_never_completed(raw: str) -> None:
    assert read(raw) is None


def test_a_year_that_was_not_the_one_given_is_none() -> None:
    assert moment_of("13 Mar 2016 10:00", struct_time((2026, 3, 13, 10, 0, 0, 0, 0, 0))) is None
    assert moment_of("2026-03-13", None) is None
    assert moment_of(None, struct_time((2026, 3, 13, 10, 0, 0, 0, 0, 0))) is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2026-03-13T10:00:00-05:00", datetime(2026, 3, 13, 15, tzinfo=UTC)),
        ("2026-03-13T10:00:00Z", datetime(2026, 3, 13, 10, tzinfo=UTC)),
        ("2026-03-13 10:00", datetime(2026, 3, 13, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00+10:00", None),
        ("2026", None),
        ("soon", None),
        (20260313, None),
        (None, None),
    ],
)
def test_dates_of_json_feeds_are_read_in_one_spelling(raw: object, expected: datetime | None) -> None:
    assert iso_moment(raw) == expected
