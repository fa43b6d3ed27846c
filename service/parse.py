"""Parse a fetched document into entries, as the feed gave them. Runs in the sandbox: hostile feeds take for ever.

feedparser is the authority, with sanitising and URI resolving off: we keep text, no markup. What it repaired is taken:
one stray `&` must not cost a feed. JSON Feed and Google News sitemaps are read by modules of their own.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urljoin

import feedparser

from service.feed_dates import moment_of
from service.json_feed import looks_like_json, parse_json_feed
from service.news_sitemap import parse_news_sitemap
from service.plain import plain_line, plain_text
from workers.domain.article import Entry

MOST_ENTRIES = 1_000  # the longest of 31 real feeds has 150
MOST_TEXT_CHARS = 100_000  # of one entry; the longest of 31 real feeds has 27,820
MOST_ALL_CHARS = 5_000_000  # of all entries together
MOST_TITLE_CHARS = 1_000
MOST_URL_CHARS = 2_000
GUID_DIGITS = 24  # of the GUID that we make for an entry that has neither one nor a link: it is known by its words
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST_TTL_S = 7 * 86_400
_SURROGATES = range(0xD800, 0xE000)
_TEXT_TYPES = frozenset(
    {
        *("", "text/plain", "text/html", "application/xhtml+xml", "html", "xhtml", "text"),
        "application/octet-stream",  # Atom in base64 that names no type; what is no UTF-8 in it is left encoded
    }
)
_PERIODS_S = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,3}")
_LARGE_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{4,})|([0-9]{5,}));?")
_SKIPPED = re.compile(rb"<skip(?:hours|days)>(.{0,4000}?)</skip(?:hours|days)>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAY = re.compile(rb"<day>\s*([a-z]{6,9})\s*</day>", re.IGNORECASE)
_ROOT = re.compile(rb"<([A-Za-z][\w:.-]{0,60})")
_FEED_LINK = re.compile(rb"<link\b[^<>]{0,400}application/(?:rss|atom)\+xml[^<>]{0,400}>", re.IGNORECASE)
_LIKE_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/?.]|[^\s/]+\.[^\s/]+/")
_HREF = re.compile(rb"href\s*=\s*[\"']?([^\"'\s<>]{1,300})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What a document holds. `problem` says in words why it is no feed, else None.

    `language` is a lower-case tag. `ttl_s` is how long the feed itself says that it may be kept (ttl, or the period
    of the syndication module), at most a week; `skip_hours` (0 to 23, UTC) and `skip_days` (0 is Monday) are when it
    asks not to be polled. `left_out` counts entries without link, GUID and words, and those above the caps.
    """

    entries: tuple[Entry, ...] = ()
    title: str = ""
    language: str | None = None
    ttl_s: int | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    left_out: int = 0
    problem: str | None = None


def parse_feed(url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Parse a document that came from `url`; the result is JSON-able, for `parsed_of` on the sandbox's other side."""
    if not body.strip():
        return {"problem": "the document is empty"}
    if looks_like_json(body):
        found = parse_json_feed(body)
    elif _root_of(body) == "urlset":
        found = parse_news_sitemap(body)
    else:
        found = _parse_xml(url, body, headers)
    if "problem" in found:
        return found
    kept = list(_bounded(found["entries"]))
    language = _language(found["language"])
    for entry in kept:
        entry["language"] = _language(entry["language"]) or language
    return {
        **found,
        "title": found["title"][:MOST_TITLE_CHARS],
        "language": language,
        "entries": kept,
        "left_out": len(found["entries"]) - len(kept),
    }


def parsed_of(answer: Mapping[str, Any]) -> ParsedFeed:
    """Rebuild what `parse_feed` found."""
    if answer.get("problem"):
        return ParsedFeed(problem=str(answer["problem"]))
    return ParsedFeed(
        entries=tuple(_rebuilt(entry) for entry in answer["entries"]),
        title=answer["title"],
        language=answer["language"],
        ttl_s=answer.get("ttl_s"),
        skip_hours=frozenset(answer.get("skip_hours", ())),
        skip_days=frozenset(answer.get("skip_days", ())),
        left_out=answer["left_out"],
    )


def _parse_xml(url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    # No address of the document: feedparser would make addresses of GUIDs, which change where the feed moves.
    given = {name: headers.get(name, "") for name in ("content-type", "content-language")}
    # A stream, never the bytes: feedparser takes those for an address or the name of a file first.
    stream = io.BytesIO(_LARGE_REFERENCE.sub(_sound_reference, body))
    found = feedparser.parse(stream, response_headers=given, resolve_relative_uris=False, sanitize_html=False)
    if not found.version and not found.entries and not _is_channel(body):
        return {"problem": _no_feed(body)}
    skipped = b" ".join(_SKIPPED.findall(body, 0, 200_000))
    return {
        "title": plain_line(found.feed.get("title") or ""),
        "language": found.feed.get("language") or "",
        "ttl_s": _ttl_s(found.feed),
        "skip_hours": sorted({int(hour) % 24 for hour in _HOUR.findall(skipped)}),
        "skip_days": sorted({DAYS.index(day) for day in _named_days(skipped)}),
        "entries": [_entry(entry, url) for entry in found.entries[:MOST_ENTRIES]],
    }


def _entry(entry: Any, base: str) -> dict[str, Any]:
    parts = [*entry.get("content", ()), entry.get("summary_detail") or {"value": entry.get("summary", "")}]
    markups = [part.get("value") or "" for part in parts if (part.get("type") or "") in _TEXT_TYPES]
    # `in` first: feedparser lends `published` to `updated` where there is none.
    updated, updated_parsed = (entry.get(name) if name in entry else None for name in ("updated", "updated_parsed"))
    published = moment_of(entry.get("published"), entry.get("published_parsed"))
    modified = moment_of(updated, updated_parsed)
    tags = [part.get("language") for part in (*parts, entry.get("title_detail") or {})]
    return {
        "guid": entry.get("id") or "",
        "url": _link(entry, base),
        "title": plain_line(entry.get("title") or ""),
        "text": _longest_text(markups),
        "published_at": published.isoformat() if published else None,
        "updated_at": modified.isoformat() if modified else None,
        "published_raw": entry.get("published") or updated or "",
        "language": next((tag for tag in tags if tag), ""),
    }


def _link(entry: Any, base: str) -> str:
    """The entry's own address; empty without one.

    feedparser takes the text of any link for it, that of an enclosure too, and a GUID that says it is an address.
    """
    link = str(entry.get("feedburner_origlink") or entry.get("link") or "").strip()
    alternates = [one.get("href") or "" for one in entry.get("links", ()) if one.get("rel") == "alternate"]
    if alternates and link not in alternates and not entry.get("feedburner_origlink"):
        link = alternates[0].strip()
    if not link or (link == entry.get("id") and not _LIKE_ADDRESS.match(link)):
        return ""
    try:
        return urljoin(base, link)
    except ValueError:
        return link


def _is_channel(body: bytes) -> bool:
    """Tell whether the document is a CDF channel, which feedparser reads without giving it a version."""
    return _root_of(body) == "channel"


def _root_of(body: bytes) -> str:
    """The name of the document's first element without its prefix, lower case; empty when none is seen."""
    root = _ROOT.search(body[:5_000])
    return root.group(1).decode().lower().rpartition(":")[2] if root else ""


def _longest_text(markups: Iterable[str]) -> str:
    """The longest of the texts, where no text is longer than its markup."""
    longest = ""
    for markup in sorted(markups, key=len, reverse=True):
        if len(markup) <= len(longest):
            break
        text = plain_text(markup)
        longest = text if len(text) > len(longest) else longest
    return longest


def _bounded(entries: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The entries that can be told apart, each cut to size, as long as all of them stay within bounds."""
    count = chars = 0
    for entry in entries:
        entry["guid"] = plain_line(entry["guid"])[:MOST_URL_CHARS] or None
        entry["url"] = entry["url"].strip() if len(entry["url"]) <= MOST_URL_CHARS else None
        entry["url"] = plain_line(entry["url"]) if entry["url"] else None
        entry["title"] = entry["title"][:MOST_TITLE_CHARS]
        words = entry["title"] or entry["text"]
        if not entry["guid"] and not entry["url"]:
            if not words:
                continue
            entry["guid"] = f"words:{sha256(words.encode()).hexdigest()[:GUID_DIGITS]}"
        entry["text"] = entry["text"][:MOST_TEXT_CHARS]
        entry["published_raw"] = plain_line(entry["published_raw"][:100]) or None
        count, chars = count + 1, chars + len(entry["text"])
        if count > MOST_ENTRIES or chars > MOST_ALL_CHARS:
            return
        yield entry


def _rebuilt(entry: Mapping[str, Any]) -> Entry:
    moments = {
        name: datetime.fromisoformat(entry[name]) if entry[name] else None for name in ("published_at", "updated_at")
    }
    return Entry(**{**entry, **moments})


def _sound_reference(found: re.Match[bytes]) -> bytes:
    """A reference to a character as it stands, or to the replacement character where there is no such character.

    feedparser 6.0.14 raises at half surrogates and at numbers above Unicode's, and the whole feed would be lost.
    """
    number = int(found.group(1)[:20], 16) if found.group(1) else int(found.group(2)[:20])
    is_character = number <= sys.maxunicode and number not in _SURROGATES
    return found.group() if is_character else b"&#xFFFD;"


def _ttl_s(feed: Any) -> int | None:
    """How long the feed says that it may be kept: RSS `ttl` (minutes), else `sy:updatePeriod` and its frequency."""
    minutes = str(feed.get("ttl") or "").strip()
    if minutes.isdecimal() and int(minutes[:9]) > 0:
        return min(int(minutes[:9]) * 60, LONGEST_TTL_S)
    period = _PERIODS_S.get(str(feed.get("sy_updateperiod") or "").strip().lower())
    frequency = str(feed.get("sy_updatefrequency") or "1").strip()
    times = int(frequency[:6]) if frequency.isdecimal() else 0
    return min(period // times, LONGEST_TTL_S) if period and times else None


def _named_days(skipped: bytes) -> Iterator[str]:
    for day in _DAY.findall(skipped):
        if (name := day.decode().lower()) in DAYS:
            yield name


def _language(tag: str) -> str | None:
    tag = tag.strip().lower().replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else None


def _no_feed(body: bytes) -> str:
    """Say what a document is instead of a feed; a page may name the feed that was meant."""
    head = body[:100_000]
    roots = [name.decode().lower() for name in _ROOT.findall(head[:5_000])]
    if "html" in roots or b"<!doctype html" in head[:1_000].lower():
        link = _FEED_LINK.search(head)
        href = _HREF.search(link.group()) if link else None
        named = f"; it names the feed {plain_line(href.group(1).decode('utf-8', 'replace'))}" if href else ""
        return f"the document is an HTML page, not a feed{named}"
    return f"the document is XML of <{roots[0]}>, not a feed" if roots else "the document is neither RSS, Atom nor JSON"
