"""Archives: every good line is read, every bad one is named and costs only itself."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from service.batch_archive import (
    MOST_LINE_BYTES,
    MOST_TEXT_CHARS,
    Flaw,
    count_lines,
    read_articles,
    read_documents,
)
from tests.archives import CONDITION, NOW, REFUSAL, lines_of

FIVE_MEGABYTES = {"id": "big", "text": "truce " * 833_334}


def articles(*rows: Any) -> tuple[list[Any], list[Flaw]]:
    flaws: list[Flaw] = []
    return list(read_articles(io.BytesIO(lines_of(rows)), flaws.append, NOW)), flaws


def dates(*published: str | None) -> list[str]:
    rows = [{"id": str(number), "text": "x", "published": date} for number, date in enumerate(published)]
    return [f"{one.dated_at:%m-%d %H:%M}" for one in articles(*rows)[0]]


def test_an_article_is_read_as_it_stands() -> None:
    (first, second), flaws = articles(REFUSAL, CONDITION)
    assert flaws == []
    assert (first.article_id, first.publisher, first.url) == ("r1", "Northern Wire", REFUSAL["url"])
    assert first.text == REFUSAL["text"]
    assert first.published_at == datetime(2025, 3, 10, tzinfo=UTC)
    assert second.dated_at == datetime(2025, 3, 12, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param(b"not json", "is not JSON", id="words"),
        pytest.param(b'{"id": "a", "text": ' + b"[" * 200_000, "is not JSON", id="nested without end"),
        pytest.param(b'{"id": "a", "text": "\xff"}', "is not UTF-8 text", id="other encodings"),
        pytest.param([1], "is not a JSON object", id="a list"),
        pytest.param({"text": "x"}, "has no id (a text, or a whole number)", id="no id"),
        pytest.param({"id": True, "text": "x"}, "has no id (a text, or a whole number)", id="an id that is none"),
        pytest.param({"id": "a"}, "has no text", id="no text"),
        pytest.param({"id": "a", "text": " \n"}, "has no text", id="blank text"),
        pytest.param({"id": "a", "text": 7}, "has no text", id="a number for a text"),
        pytest.param(FIVE_MEGABYTES, f"is longer than the {MOST_LINE_BYTES:,} bytes allowed", id="five megabytes"),
        pytest.param(
            {"id": "a", "text": "x" * (MOST_TEXT_CHARS + 1)},
            "has a text of 1,000,001 characters; 1,000,000 are allowed",
            id="a text without end",
        ),
    ],
)
def test_a_bad_line_is_named_and_the_rest_is_read(line: Any, why: str) -> None:
    found, flaws = articles(REFUSAL, line, CONDITION)
    assert [one.article_id for one in found] == ["r1", "r2"]
    assert flaws == [Flaw("line 2", why)]


def test_blank_lines_and_a_mark_of_byte_order_are_no_flaws() -> None:
    found, flaws = articles(b"\xef\xbb\xbf" + lines_of([REFUSAL]).strip(), b"", b"   ", CONDITION)
    assert (len(found), flaws) == (2, [])


def test_a_date_without_a_zone_is_taken_for_utc_and_the_future_for_now() -> None:
    assert dates("2025-03-10T09:30:00", "2025-03-10 09:30", "2025-03-10T09:30:00+02:00", "1970-01-01") == [
        "03-10 09:30",
        "03-10 09:30",
        "03-10 07:30",
        "01-01 00:00",
    ]
    (future,), flaws = articles({"id": "f", "text": "x", "published": "2099-05-01"})
    assert (future.dated_at, flaws) == (NOW, [])


def test_an_undated_article_takes_the_date_of_the_line_before_it() -> None:
    assert dates("2025-03-10", None, "2025-03-12", None, None) == [
        "03-10 00:00", "03-10 00:00", "03-12 00:00", "03-12 00:00", "03-12 00:00",
    ]  # fmt: skip


def test_undated_articles_at_the_beginning_take_the_first_date() -> None:
    assert dates(None, None, "2025-03-12T08:00:00Z") == ["03-12 08:00"] * 3


def test_without_any_date_it_is_now() -> None:
    assert dates(None, None) == [f"{NOW:%m-%d %H:%M}"] * 2


def test_no_article_is_from_the_future() -> None:
    assert dates("2999-01-01") == [f"{NOW:%m-%d %H:%M}"]


@pytest.mark.parametrize("published", ["yesterday", "0001-01-01T00:00:00+14:00", "2025-13-45", 20250310])
def test_an_unreadable_date_is_told_and_the_article_read_as_undated(published: Any) -> None:
    found, flaws = articles(REFUSAL, {**CONDITION, "published": published})
    assert [one.dated_at.day for one in found] == [10, 10]
    assert found[1].published_at is None
    assert [(flaw.place, flaw.lost) for flaw in flaws] == [("line 2", False)]


def test_keys_of_a_wrong_type_are_as_if_they_were_absent() -> None:
    (found,), flaws = articles({"id": 7, "text": "x", "title": None, "url": ["a"], "publisher": 3})
    assert (found.article_id, found.title, found.url, found.publisher) == ("7", "", None, "")
    assert flaws == []


def test_documents_need_an_id_and_a_text() -> None:
    flaws: list[Flaw] = []
    found = list(read_documents(io.BytesIO(lines_of([{"id": "d1", "text": "x"}, {"id": "d2"}])), flaws.append))
    assert [one.document_id for one in found] == ["d1"]
    assert flaws == [Flaw("line 2", "has no text")]


@pytest.mark.parametrize(("content", "lines"), [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"\n\n", 2)])
def test_lines_are_counted(content: bytes, lines: int) -> None:
    stream = io.BytesIO(content)
    assert count_lines(stream) == lines
    assert stream.tell() == 0
