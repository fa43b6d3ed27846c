"""Read JSON Feed, versions 1 and 1.1 (jsonfeed.org/version/1.1). Runs in the sandbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from service.feed_dates import iso_moment
from service.plain import plain_line, plain_text

VERSION = "https://jsonfeed.org/version/1"


def looks_like_json(body: bytes) -> bool:
    """Tell whether a document can only be JSON: no XML begins with a brace."""
    return body[:100].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}


def parse_json_feed(body: bytes) -> dict[str, Any]:
    """The feed as `service.parse` passes it on, its entries unbounded, or `problem`."""
    try:
        feed = json.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        return {"problem": f"the document is no JSON: {str(error)[:100]}"}
    if not isinstance(feed, dict) or not str(feed.get("version", "")).startswith(VERSION):
        return {"problem": "the document is JSON, but no JSON Feed"}
    items = feed.get("items")
    return {
        "title": plain_line(_text(feed, "title")),
        "language": _text(feed, "language"),
        "entries": [_entry(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else [],
    }


def _entry(item: Mapping[str, Any]) -> dict[str, Any]:
    texts = [plain_text(_text(item, name)) for name in ("content_text", "content_html")]
    published, updated = iso_moment(item.get("date_published")), iso_moment(item.get("date_modified"))
    return {
        "guid": _text(item, "id"),
        "url": _text(item, "url") or _text(item, "external_url"),
        "title": plain_line(_text(item, "title")),
        "text": max(texts, key=len) or plain_text(_text(item, "summary")),
        "published_at": published.isoformat() if published else None,
        "updated_at": updated.isoformat() if updated else None,
        "published_raw": _text(item, "date_published"),
        "language": _text(item, "language"),
    }


def _text(data: Mapping[str, Any], name: str) -> str:
    """A string of the feed; numbers are written out, as some feeds number their items."""
    value = data.get(name)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
