"""Feeds' entries and the articles made of them, with what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Tier(StrEnum):
    """How far a publisher is trusted; `other` is the low one and moves nothing alone (law 10)."""

    OFFICIAL = "official"
    WIRE = "wire"
    MAJOR = "major"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Feed:
    """A URL that is polled, and whose words it carries.

    `feed_id` is stable for a URL. `publisher` is the publisher's name as people know it. `origin` says where the feed
    was listed ("default", "setting" or "store"). `added_at` (UTC) bounds what may alert
    (law 6); None until first stored.
    """

    feed_id: str
    url: str
    publisher: str
    tier: Tier
    origin: str = "default"
    added_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed, as the feed gave it: nothing is invented.

    `guid` and `url` may be None, never both in an entry that is kept. `text` is the longest text that the feed has,
    as plain text with paragraphs parted by newlines. `published_at` and `updated_at` are aware UTC, None when absent
    or unreadable; `published_raw` is the feed's own spelling. `language` is the feed's own tag, lower case, or None.
    """

    guid: str | None
    url: str | None
    title: str
    text: str
    published_at: datetime | None
    updated_at: datetime | None
    published_raw: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """An entry with identity. `revision` starts at 1 and grows when the same entry comes back with other words.

    `article_id` is derived from the feed's publisher-independent identity (canonical URL, else guid).
    `published_at` (UTC) is None when the feed gave no readable date. `fetched_at` (UTC) is set once, at the first
    fetch. `text` is what the feed gave; the full text is fetched by the worker and lives in `full_text`, None before.
    `feed_added_at` is the time the feed was added (law 6). `is_excerpt` tells that the full text ends at a paywall.
    `posts` counts the posts of a live blog, 0 for any other article. Every date is aware UTC.
    """

    article_id: str
    url: str | None
    title: str
    publisher: str
    tier: Tier
    feed_id: str
    published_at: datetime | None
    fetched_at: datetime
    text: str
    revision: int = 1
    language: str | None = None
    full_text: str | None = None
    feed_added_at: datetime | None = None
    is_excerpt: bool = False
    posts: int = 0

    @property
    def dated_at(self) -> datetime:
        """When it was published as far as is known: never after the first fetch (DESIGN law 3)."""
        return min(self.published_at, self.fetched_at) if self.published_at else self.fetched_at

    @property
    def body(self) -> str:
        """The words to read: the full text when there is one, else the feed's own text."""
        return self.full_text if self.full_text is not None else self.text


class Outcome(StrEnum):
    """How an article ended (law 8)."""

    READ = "read"
    SKIPPED = "skipped"
    DEAD = "dead"


class TextSource(StrEnum):
    """Whose words were read."""

    FEED = "feed"
    PAGE = "page"
    EXCERPT = "excerpt"  # of a page, before its paywall

    @classmethod
    def of(cls, article: Article) -> TextSource:
        """Whose words an article's body is."""
        if article.full_text is None:
            return cls.FEED
        return cls.EXCERPT if article.is_excerpt else cls.PAGE


class SkipReason(StrEnum):
    """Why an article was not read; counted and listed."""

    OFF_TOPIC = "off_topic"  # names no tracked conflict, or nothing about a ceasefire
    OTHER_LANGUAGE = "other_language"
    NO_TEXT = "no_text"
    TOO_OLD = "too_old"
    SUPERSEDED = "superseded"  # a later revision of the same article is already read
