"""Read Google News sitemaps (schemas.google.com/sitemap-news/0.9): a publisher's articles of two days. In the sandbox.

They are what some publishers have in place of a feed. A plain sitemap has no titles and no dates of publication, and is
no feed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from service.feed_dates import iso_moment
from service.plain import plain_line

_NEWS = "{*}news/{*}"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_news_sitemap(body: bytes) -> dict[str, Any]:
    """The sitemap as `service.parse` passes it on, its entries unbounded, or `problem`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, remove_comments=True)
    root = etree.fromstring(body, parser)
    if root is None:
        return {"problem": "the document is a sitemap that cannot be read"}
    entries = [_entry(url) for url in root.iterfind("{*}url") if url.find("{*}news") is not None]
    if not entries and len(root):
        return {"problem": "the document is a sitemap without news"}
    named = next((entry["publisher"] for entry in entries if entry["publisher"]), "")
    for entry in entries:
        del entry["publisher"]
    return {"title": named, "language": "", "entries": entries}


def _entry(url: etree._Element) -> dict[str, Any]:
    address, published = _text(url, "{*}loc"), _text(url, f"{_NEWS}publication_date")
    moment = _moment(published)
    return {
        "guid": address,
        "url": address,
        "title": plain_line(_text(url, f"{_NEWS}title")),
        "text": "",
        "published_at": moment.isoformat() if moment else None,
        "updated_at": None,
        "published_raw": published,
        "language": _text(url, f"{_NEWS}publication/{{*}}language"),
        "publisher": plain_line(_text(url, f"{_NEWS}publication/{{*}}name")),
    }


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _moment(raw: str) -> datetime | None:
    """The time of a W3C date; a day without a time, which the format allows, is its beginning in UTC."""
    if not _DAY.fullmatch(raw):
        return iso_moment(raw)
    try:
        return datetime.fromisoformat(raw).replace(tzinfo=UTC)
    except ValueError:
        return None
