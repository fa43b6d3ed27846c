"""Make articles of entries: identity, revisions, dates. Pure.

Who tells an article apart: its address, cleaned of what says where the reader came from; else the entry's GUID. A
title may be edited and a text may grow, so neither counts. An article belongs to the feed that brought it first: what
other feeds say of it is not taken for a new revision, or two feeds that quote it differently would revise it for
ever, and a feed of nobody could put words into a wire's mouth.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import SplitResult, quote, unquote_plus, urljoin, urlsplit, urlunsplit

from workers.domain.article import Article, Entry, Feed, Tier

ID_DIGITS = 16  # 64 bits: a clash among a million articles has a chance of 3e-8
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before the web; feeds of the corpus give the Unix epoch for "unknown"
MOST_REVISIONS = 24  # a page with a clock or a counter in its summary changes at every poll
MOST_LIVE_REVISIONS = 200  # a live blog changes with each of its posts
MOST_BLOG_CHARS = 100_000
POSTS = 2  # so many entries at different places of one page are posts of a live blog
WRONG_AHEAD = timedelta(days=1)  # clocks and zones are off by hours; a date further ahead is of something else
SHARED_BY = 3  # so many entries of one document with one address and different GUIDs: it is not their own
_HOST_KIND = re.compile(r"\A(?:www|m|mobile|amp)\.(?=[^.]+\.)")
_AMP_ENDING = re.compile(r"(?:/amp(?:\.html)?|\.amp)(\.html)?\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE = "/%:@!$&'()*+,;=~-._?"


@dataclass(frozen=True, slots=True)
class UrlRules:
    """Which parts of an address do not tell one article from another.

    `tracking` fits names of query parameters, `amp` whole ones (`amp=1`). `caches` are the addresses, host and path,
    behind which caches of AMP keep the pages of others.
    """

    tracking: re.Pattern[str]
    amp: re.Pattern[str]
    caches: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> UrlRules:
        """Read the rules from parsed TOML: `tracking_parameters`, and `amp_parameters` and `amp_caches` where given.

        A `*` at the end stands for any ending. Raises ValueError when a list is none of strings.
        """
        lists = {name: data.get(name, []) for name in ("amp_parameters", "amp_caches")}
        lists["tracking_parameters"] = data.get("tracking_parameters")
        for key, names in lists.items():
            if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
                raise ValueError(f"{key} must be a list of words")
        tracking, amp = (_any_of(lists[name]) for name in ("tracking_parameters", "amp_parameters"))
        return cls(tracking, amp, tuple(lists["amp_caches"]))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an article.

    `content_hash` is of the words that this feed gave last, None when it has not listed the article before.
    `feed_id` and `tier` are the owner's; `revision` and `fetched_at` are the article's (the latter of its first fetch).
    """

    content_hash: str | None
    revision: int
    fetched_at: datetime
    feed_id: str
    tier: Tier


def canonical_url(url: str, base: str, rules: UrlRules) -> str | None:
    """One spelling for an article's address, resolved against `base`; None when it is no web address.

    Fragments, tracking parameters, log-ins and default ports are dropped, and a cache of AMP around the address; what
    may not stand in an address is escaped.
    """
    try:
        parts = _uncached(urlsplit(urljoin(base, url.strip())), rules)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    if scheme not in _DEFAULT_PORTS or not host or not host.isprintable() or " " in host:
        return None
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in {None, _DEFAULT_PORTS[scheme]} else f"{host}:{port}"
    # Parameters are kept as they are spelled: some servers know only their own spelling.
    pairs = [pair for pair in parts.query.split("&") if pair and not rules.amp.match(pair)]
    kept = [pair for pair in pairs if not rules.tracking.match(_name(pair))]
    path, query = quote(parts.path or "/", safe=_SAFE), quote("&".join(kept), safe=_SAFE)
    return urlunsplit((scheme, netloc, path, query, ""))


def article_of(entry: Entry, feed: Feed, rules: UrlRules, now: datetime, *, by_guid: bool = False) -> Article:
    """Make an entry an article of revision 1, first fetched now.

    `by_guid` when its address is not its own. Its date is that of publication, else of the last change; a date ahead
    is now (clocks are off) where there is no better one, one before the web is None.
    """
    link = entry.url or (entry.guid if entry.guid and entry.guid.startswith(("http://", "https://")) else None)
    url = canonical_url(link, feed.url, rules) if link else None
    return Article(
        article_id=article_id(None if by_guid else url, entry.guid, feed.feed_id) or "",
        url=url,
        title=entry.title,
        publisher=feed.publisher,
        tier=feed.tier,
        feed_id=feed.feed_id,
        published_at=_judged_date(entry, now),
        fetched_at=now,
        text=entry.text,
        language=entry.language,
        feed_added_at=feed.added_at,
    )


def article_id(url: str | None, guid: str | None, feed_id: str) -> str | None:
    """The id of an article by its canonical address, else by its GUID within the feed; None without either.

    The scheme, `www.`, hosts and endings for telephones and AMP, a slash at the end and the order of parameters make
    no difference. The address of a front page tells no article apart, where there is a GUID.
    """
    parts = urlsplit(url) if url else None
    if parts and (not guid or parts.path.strip("/") or parts.query):
        query = "&".join(sorted(parts.query.split("&")))
        path = _AMP_ENDING.sub(r"\1", parts.path.rstrip("/"))
        identity = f"{_HOST_KIND.sub('', parts.netloc)}{path}?{query}"
    elif guid:
        identity = f"{feed_id} {guid}"
    else:
        return None
    return _hash(identity)


def content_hash(entry: Entry) -> str:
    """A hash of the words of an entry, by which an edit is known; spacing and dates do not count."""
    return _hash(" ".join(f"{entry.title} {entry.text}".split()))


def articles_of(
    entries: Sequence[Entry], feed: Feed, rules: UrlRules, now: datetime, kept: Mapping[str, str] | None = None
) -> dict[str, tuple[Article, str]]:
    """Articles by id with their content hashes, each once, the first of its id in the document.

    `kept` gives by GUID the ids of articles that are known though their addresses have changed. Posts of a live blog
    (entries at different places of one page) are one article.
    """
    shared = _shared_urls(entries)
    found: dict[str, tuple[Article, str]] = {}
    blogs = _live_blogs(entries)
    for page, posts in blogs.items():
        blog = _blog_of(page, posts)
        article = replace(article_of(blog, feed, rules, now), posts=len(posts))
        if article.article_id:
            found[article.article_id] = (article, content_hash(blog))
    for entry in entries:
        if entry.url and entry.url.partition("#")[0] in blogs:
            continue
        article = article_of(entry, feed, rules, now, by_guid=entry.url in shared and bool(entry.guid))
        if kept and entry.guid and entry.guid in kept:
            article = replace(article, article_id=kept[entry.guid])
        if article.article_id:
            found.setdefault(article.article_id, (article, content_hash(entry)))
    return found


def ids_by_guid(entries: Sequence[Entry], feed: Feed, rules: UrlRules) -> dict[str, str]:
    """The article_id that each entry's address says, by its GUID; entries that share one address are left out."""
    shared = _shared_urls(entries)
    ids = {}
    for entry in entries:
        url = canonical_url(entry.url, feed.url, rules) if entry.url and entry.url not in shared else None
        if entry.guid and url and (name := article_id(url, entry.guid, feed.feed_id)):
            ids[entry.guid] = name
    return ids


def new_articles(found: Mapping[str, tuple[Article, str]], feed: Feed, known: Mapping[str, Known]) -> list[Article]:
    """What a document brings that is to be read: articles not known, and new revisions of the feed's own.

    A feed takes over an article of a publisher of tier `other` unless it is of that tier itself.
    """
    news = []
    for name, (article, words) in found.items():
        before = known.get(name)
        if before is None:
            news.append(article)
        elif before.revision < _most_revisions(article) and _is_revision(before, words, feed):
            news.append(replace(article, revision=before.revision + 1, fetched_at=before.fetched_at))
    return news


def _is_revision(before: Known, words: str, feed: Feed) -> bool:
    if before.feed_id == feed.feed_id:
        return before.content_hash != words
    return before.tier is Tier.OTHER and feed.tier is not Tier.OTHER


def _shared_urls(entries: Sequence[Entry]) -> frozenset[str]:
    """Addresses that several entries give as theirs: those of a page that lists them all."""
    pairs = {(entry.url, entry.guid) for entry in entries if entry.url and entry.guid}
    counts = Counter(url for url, _ in pairs)
    return frozenset(url for url, count in counts.items() if url and count >= SHARED_BY)


def _live_blogs(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """The entries that stand at different places of one page, by the page's address."""
    places: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        page, _, place = (entry.url or "").partition("#")
        if page and place:
            places.setdefault(page, {}).setdefault(place, entry)
    return {page: list(found.values()) for page, found in places.items() if len(found) >= POSTS}


def _blog_of(page: str, posts: Sequence[Entry]) -> Entry:
    """A live blog as one entry: dated by its first post, with the words of all, in the order of the feed."""
    dates = [post.published_at for post in posts if post.published_at]
    changes = [moment for post in posts if (moment := post.updated_at or post.published_at)]
    return Entry(
        guid=None,
        url=page,
        title=posts[-1].title,
        text="\n".join(part for post in posts for part in (post.title, post.text) if part)[:MOST_BLOG_CHARS],
        published_at=min(dates, default=None),
        updated_at=max(changes, default=None),
        language=posts[0].language,
    )


def _most_revisions(article: Article) -> int:
    return MOST_LIVE_REVISIONS if article.posts else MOST_REVISIONS


def _uncached(parts: SplitResult, rules: UrlRules) -> SplitResult:
    """The address that a cache of AMP keeps a page of; any other as it is."""
    for cache in rules.caches:
        host, slash, path = cache.partition("/")
        name = parts.hostname or ""
        if (name == host or name.endswith(f".{host}")) and parts.path.startswith(slash + path):
            rest = parts.path.removeprefix(slash + path)
            inner = urlsplit(f"https://{rest.removeprefix('s/')}" if rest.startswith("s/") else f"http://{rest}")
            return inner._replace(query=parts.query) if "." in (inner.hostname or "") else parts
    return parts


def _any_of(names: Sequence[str]) -> re.Pattern[str]:
    patterns = [re.escape(name.removesuffix("*")) + (".*" if name.endswith("*") else "") for name in names]
    return re.compile(rf"(?:{'|'.join(patterns) or '(?!)'})\Z", re.IGNORECASE)


def _judged_date(entry: Entry, now: datetime) -> datetime | None:
    """When an entry was published; where that is far ahead, it was changed at least when it says so."""
    published, updated = entry.published_at, entry.updated_at
    if published and updated and published > now + WRONG_AHEAD and updated <= now:
        published = None
    return _sound_date(published, now) or _sound_date(updated, now)


def _sound_date(moment: datetime | None, now: datetime) -> datetime | None:
    return None if moment is None or moment < EARLIEST else min(moment, now)


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:ID_DIGITS]
