"""Parse a fetched document into entries, as the feed gave them. Runs in the sandbox: hostile feeds take for ever.

feedparser is the authority, with sanitising and URI resolving off: we keep text, no markup.
"""

from __future__ import annotations

import calendar
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import struct_time
from typing import Any

import feedparser
import lxml.html
from lxml import etree

from workers.domain.article import Entry

MOST_ENTRIES = 1000
MOST_CHARS = 200_000
_BLOCKS = (
    *("p", "div", "br", "li", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "blockquote"),
    *("section", "article", "ul", "ol", "table", "pre", "figcaption"),
)
_SILENT = ("script", "style", "noscript", "template")


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What a document holds. `problem` says in words why it is no feed, else None."""

    entries: tuple[Entry, ...] = ()
    title: str = ""
    language: str | None = None
    problem: str | None = None


def parse_feed(url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Parse a document; the result is JSON-able, for `parsed_of` on the other side of the sandbox."""
    if not body.strip():
        return {"problem": "the document is empty"}
    if body.lstrip()[:1] == b"{":
        return _parse_json(body)
    given = {"content-type": headers.get("content-type", ""), "content-location": url}
    found = feedparser.parse(io.BytesIO(body), response_headers=given, resolve_relative_uris=False, sanitize_html=False)
    if not found.version and not found.entries:
        return {"problem": _no_feed(body)}
    return {
        "title": _plain(found.feed.get("title", "")),
        "language": (found.feed.get("language") or "").lower() or None,
        "entries": [_entry(entry) for entry in found.entries[:MOST_ENTRIES]],
    }


def parsed_of(answer: Mapping[str, Any]) -> ParsedFeed:
    """Rebuild what `parse_feed` found."""
    language = answer.get("language")
    return ParsedFeed(
        entries=tuple(
            _rebuilt(entry, language) for entry in answer.get("entries", ()) if entry["guid"] or entry["url"]
        ),
        title=answer.get("title", ""),
        language=language,
        problem=answer.get("problem"),
    )


def plain_text(markup: str) -> str:
    """The text of a piece of HTML, paragraphs parted by newlines."""
    if "<" not in markup and "&" not in markup:
        return _tidy(markup)
    try:
        root = lxml.html.fragment_fromstring(markup[: 4 * MOST_CHARS], create_parent="div")
    except (etree.ParserError, ValueError):
        return ""
    etree.strip_elements(root, *_SILENT, with_tail=False)
    for node in root.iter(*_BLOCKS):
        node.tail = "\n" + (node.tail or "")
        node.text = "\n" + (node.text or "")
    return _tidy(root.text_content())


def _entry(entry: Any) -> dict[str, Any]:
    contents = [part.get("value", "") for part in entry.get("content", [])] + [entry.get("summary", "")]
    return {
        "guid": entry.get("id") or None,
        "url": entry.get("link") or None,
        "title": _plain(entry.get("title", "")),
        "text": max((plain_text(content) for content in contents), key=len)[:MOST_CHARS],
        "published_at": _moment(entry.get("published_parsed")),
        "updated_at": _moment(entry.get("updated_parsed")),
        "published_raw": entry.get("published") or None,
    }


def _parse_json(body: bytes) -> dict[str, Any]:
    """A JSON Feed (jsonfeed.org, version 1.1)."""
    try:
        feed = json.loads(body)
        if not str(feed.get("version", "")).startswith("https://jsonfeed.org/version/"):
            return {"problem": "the document is JSON, but no JSON Feed"}
        items = [item for item in feed.get("items", []) if isinstance(item, dict)]
    except (ValueError, AttributeError, TypeError) as error:
        return {"problem": f"the document is not JSON: {error}"[:200]}
    return {
        "title": _plain(str(feed.get("title", ""))),
        "language": str(feed.get("language", "")).lower() or None,
        "entries": [_json_entry(item) for item in items[:MOST_ENTRIES]],
    }


def _json_entry(item: Mapping[str, Any]) -> dict[str, Any]:
    texts = [str(item.get("content_text") or ""), plain_text(str(item.get("content_html") or ""))]
    return {
        "guid": str(item["id"]) if item.get("id") else None,
        "url": str(item["url"]) if item.get("url") else None,
        "title": _plain(str(item.get("title") or "")),
        "text": (max(texts, key=len) or str(item.get("summary") or ""))[:MOST_CHARS],
        "published_at": _iso(item.get("date_published")),
        "updated_at": _iso(item.get("date_modified")),
        "published_raw": item.get("date_published"),
    }


def _rebuilt(entry: Mapping[str, Any], language: str | None) -> Entry:
    return Entry(
        guid=entry["guid"],
        url=entry["url"],
        title=entry["title"],
        text=entry["text"],
        published_at=datetime.fromisoformat(entry["published_at"]) if entry["published_at"] else None,
        updated_at=datetime.fromisoformat(entry["updated_at"]) if entry["updated_at"] else None,
        published_raw=entry["published_raw"],
        language=language,
    )


def _moment(parsed: struct_time | None) -> str | None:
    """A date that feedparser could read, as ISO in UTC; it is never invented."""
    if parsed is None:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _iso(value: object) -> str | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.astimezone(UTC).isoformat() if moment.tzinfo else moment.replace(tzinfo=UTC).isoformat()


def _plain(text: str) -> str:
    return " ".join(plain_text(text).split())[:1000]


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _no_feed(body: bytes) -> str:
    head = body[:2000].lower()
    return "the document is HTML, not a feed" if b"<html" in head or b"<!doctype html" in head else "not a feed"
