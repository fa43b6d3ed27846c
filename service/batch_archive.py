"""Read archives: JSON Lines of articles or documents, one line at a time, a faulty line costing only itself.

An article is `{"id", "url", "title", "published", "publisher", "text"}`; `published` is RFC 3339, a date, or null, and
other keys are ignored. What is wrong with a line is told in words, with its number and without its content.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeVar

MOST_LINE_BYTES = 4_000_000  # an article of the most characters, each of them in four bytes
MOST_TEXT_CHARS = 1_000_000  # a hundred times the longest of 217 annotated articles
MOST_ID_CHARS = 500
MOST_WORDS_CHARS = 2_000  # of a title, an address, a publisher
_CHUNK_BYTES = 65_536

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong at a place of an archive ("line 12"); `lost` tells whether it cost the article."""

    place: str
    why: str
    lost: bool = True


@dataclass(frozen=True, slots=True)
class Document:
    """A text with an id, as `attribute` reads it."""

    place: str
    document_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ArchivedArticle:
    """An article of an archive.

    `published_at` is aware UTC, None when the line gives no date; `dated_at` is the date to read it by: its own, else
    that of the line before it, and never in the future. `text` is as the line has it: offsets count its characters.
    """

    place: str
    article_id: str
    url: str | None
    title: str
    publisher: str
    published_at: datetime | None
    dated_at: datetime
    text: str


Tell = Callable[[Flaw], None]


class FlawError(Exception):
    """A line cannot be used; `str` says why."""


def read_articles(stream: BinaryIO, tell: Tell, now: datetime) -> Iterator[ArchivedArticle]:
    """Give the articles in the order of the file; what cannot be read is told and left out.

    An undated article takes the date of the line before it; those before the first dated line take its date, and all
    take `now` when no line has one.
    """
    undated: list[ArchivedArticle] = []
    latest: datetime | None = None
    for article in _rows(stream, tell, lambda place, row: _article(place, row, tell, now)):
        if article.published_at is not None:
            latest = article.dated_at
        if latest is None:
            undated.append(article)
            continue
        yield from (replace(one, dated_at=latest) for one in undated)
        undated = []
        yield replace(article, dated_at=latest)
    yield from undated


def read_documents(stream: BinaryIO, tell: Tell) -> Iterator[Document]:
    """Give the documents (`{"id", "text"}`) in the order of the file; what cannot be read is told and left out."""
    return _rows(stream, tell, _document)


def count_lines(stream: BinaryIO) -> int:
    """Count the lines of a file, and go back to its beginning."""
    count, last = 0, b"\n"
    while chunk := stream.read(_CHUNK_BYTES):
        count += chunk.count(b"\n")
        last = chunk[-1:]
    stream.seek(0)
    return count + (last != b"\n")


def json_lines(stream: BinaryIO) -> Iterator[tuple[str, Mapping[str, Any] | FlawError]]:
    """Give every line that is not blank with its place: an object, or what is wrong with it."""
    for number, line in enumerate(_lines(stream), start=1):
        if line is None:
            yield f"line {number}", FlawError(f"is longer than the {MOST_LINE_BYTES:,} bytes allowed")
        elif line.strip():
            yield f"line {number}", _object(line)


def moment_of(text: str) -> tuple[datetime, bool]:
    """Read RFC 3339 or a date: a moment in UTC, and whether only its day is known. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from error
    return moment, ":" not in text


def _rows(stream: BinaryIO, tell: Tell, make: Callable[[str, Mapping[str, Any]], Row]) -> Iterator[Row]:
    for place, row in json_lines(stream):
        try:
            if isinstance(row, FlawError):
                raise row
            yield make(place, row)
        except FlawError as flaw:
            tell(Flaw(place, str(flaw)))


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """The lines; None for one that is too long, which is never held as a whole."""
    while line := stream.readline(MOST_LINE_BYTES + 1):
        if len(line) <= MOST_LINE_BYTES or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(MOST_LINE_BYTES)
        yield None


def _object(line: bytes) -> Mapping[str, Any] | FlawError:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return FlawError("is not UTF-8 text")
    except (ValueError, RecursionError):
        return FlawError("is not JSON")
    return row if isinstance(row, dict) else FlawError("is not a JSON object")


def _article(place: str, row: Mapping[str, Any], tell: Tell, now: datetime) -> ArchivedArticle:
    published_at = None
    published = row.get("published")
    if isinstance(published, str) and published.strip():
        try:
            published_at, _ = moment_of(published)
        except ValueError:
            tell(Flaw(place, "has an unreadable date: it counts as undated", lost=False))
    elif published:
        tell(Flaw(place, "has a date that is no text: it counts as undated", lost=False))
    return ArchivedArticle(
        place=place,
        article_id=_id(row),
        url=_words(row, "url") or None,
        title=_words(row, "title"),
        publisher=_words(row, "publisher"),
        published_at=published_at,
        dated_at=min(published_at, now) if published_at else now,
        text=_text(row),
    )


def _document(place: str, row: Mapping[str, Any]) -> Document:
    return Document(place, _id(row), _text(row))


def _id(row: Mapping[str, Any]) -> str:
    given = row.get("id")
    name = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(name, str) or not name:
        raise FlawError("has no id (a text, or a whole number)")
    if len(name) > MOST_ID_CHARS:
        raise FlawError(f"has an id of more than {MOST_ID_CHARS} characters")
    return name


def _text(row: Mapping[str, Any]) -> str:
    text = row.get("text")
    if not isinstance(text, str) or not text.strip():
        raise FlawError("has no text")
    if len(text) > MOST_TEXT_CHARS:
        raise FlawError(f"has a text of {len(text):,} characters; {MOST_TEXT_CHARS:,} are allowed")
    return text


def _words(row: Mapping[str, Any], key: str) -> str:
    words = row.get(key)
    return words[:MOST_WORDS_CHARS] if isinstance(words, str) else ""
