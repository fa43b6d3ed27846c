"""Make articles of entries: identity, revision, dates. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from workers.domain.article import Article, Entry, Feed

ID_DIGITS = 16  # 64 bits: a clash among a million articles has a chance of 3e-8
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before the web; feeds of the corpus give the Unix epoch for "unknown"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class UrlRules:
    """Which query parameters do not tell one article from another."""

    tracking: re.Pattern[str]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> UrlRules:
        """Read the rules from parsed TOML (`tracking_parameters`)."""
        names = [re.escape(name).replace(r"\*", ".*") for name in data["tracking_parameters"]]
        return cls(re.compile(rf"(?:{'|'.join(names)})\Z", re.IGNORECASE))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an article: the hash of its words, the revision they made, when it was first fetched."""

    content_hash: str
    revision: int
    fetched_at: datetime | None = None


def canonical_url(url: str, base: str, rules: UrlRules) -> str | None:
    """One spelling for an article's address; None when it is no web address."""
    try:
        parts = urlsplit(urljoin(base, url.strip()))
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return None
    host = parts.hostname.lower()
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not rules.tracking.match(pair[0])]
    return urlunsplit((parts.scheme, netloc, parts.path or "/", urlencode(kept), ""))


def article_of(entry: Entry, feed: Feed, rules: UrlRules, now: datetime) -> Article:
    """Make an entry an article of revision 1, first fetched now."""
    url = canonical_url(entry.url, feed.url, rules) if entry.url else None
    identity = url or f"{feed.feed_id} {entry.guid}"
    return Article(
        article_id=sha256(identity.encode()).hexdigest()[:ID_DIGITS],
        url=url,
        title=entry.title,
        publisher=feed.publisher,
        tier=feed.tier,
        feed_id=feed.feed_id,
        published_at=_sound_date(entry.published_at or entry.updated_at, now),
        fetched_at=now,
        text=entry.text,
        language=entry.language,
        feed_added_at=feed.added_at,
    )


def content_hash(entry: Entry) -> str:
    """A hash of the words of an entry, by which an edit is known; spacing does not count."""
    words = " ".join(f"{entry.title} {entry.text}".split())
    return sha256(words.encode()).hexdigest()[:ID_DIGITS]


def articles_of(entries: Sequence[Entry], feed: Feed, rules: UrlRules, now: datetime) -> dict[str, tuple[Article, str]]:
    """Articles by id with their content hashes, each once, the first of its id in the document."""
    found: dict[str, tuple[Article, str]] = {}
    for entry in entries:
        article = article_of(entry, feed, rules, now)
        found.setdefault(article.article_id, (article, content_hash(entry)))
    return found


def _sound_date(moment: datetime | None, now: datetime) -> datetime | None:
    """A date of the future is now (clocks are off), one before the web is none."""
    if moment is None or moment < EARLIEST:
        return None
    return min(moment, now)
