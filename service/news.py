"""Find out what a parsed document brings that is new: asks the store what the feed has said before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.entries import Known, UrlRules, articles_of, ids_by_guid, new_articles
from service.identity import Recognised, guid_keys, identity_within, mark_of, recognise
from service.parse import ParsedFeed
from workers.domain.article import Article, Feed
from workers.domain.feed import FeedState, Identity
from workers.storage.articles import Articles
from workers.storage.feeds import FeedStore, Mark, Seen


@dataclass(frozen=True, slots=True)
class News:
    """The articles that are new or revised, and what is to be remembered of every entry.

    `known` counts the articles of the document that the feed listed before; `future_dates` its entries dated ahead.
    """

    articles: Sequence[Article]
    seen: Mapping[str, Seen]
    marks: Mapping[str, Mark]
    known: int
    identity: Identity
    future_dates: int


@dataclass(frozen=True, slots=True)
class NewsDesk:
    """The rooms of the store that are asked."""

    feeds: FeedStore
    articles: Articles
    url_rules: UrlRules

    def read(self, feed: Feed, state: FeedState, parsed: ParsedFeed, now: datetime) -> News:
        """Compare a document with what is known. Raises redis.RedisError when the store is away."""
        recognised = self._recognised(feed, state, parsed)
        found = articles_of(parsed.entries, feed, self.url_rules, now, recognised.article_ids)
        seen = self.feeds.seen(feed.feed_id, list(found))
        changed = [name for name, (_, words) in found.items() if name not in seen or seen[name].content_hash != words]
        stored = self.articles.known(changed)
        known = {name: known_of(feed, stored.get(name), seen.get(name), now) for name in {*stored, *seen}}
        articles = new_articles({name: found[name] for name in changed}, feed, known)
        revisions = {name: before.revision for name, before in known.items()}
        revisions |= {article.article_id: article.revision for article in articles}
        return News(
            articles=articles,
            seen={name: Seen(words, revisions[name]) for name, (_, words) in found.items()},
            marks=self._marks(feed, parsed, recognised),
            known=len(seen),
            identity=recognised.identity,
            future_dates=sum(entry.published_at is not None and entry.published_at > now for entry in parsed.entries),
        )

    def _recognised(self, feed: Feed, state: FeedState, parsed: ParsedFeed) -> Recognised:
        identity = identity_within(parsed.entries, state.identity)
        keys = guid_keys(parsed.entries, identity)
        if not keys:
            return Recognised(identity, {})
        ids = ids_by_guid(parsed.entries, feed, self.url_rules)
        marks = self.feeds.marks(feed.feed_id, list(keys.values()))
        listed = self.feeds.seen(feed.feed_id, list(set(ids.values())))
        return recognise(parsed.entries, ids, marks, list(listed))

    def _marks(self, feed: Feed, parsed: ParsedFeed, recognised: Recognised) -> dict[str, Mark]:
        keys = guid_keys(parsed.entries, recognised.identity)
        ids = ids_by_guid(parsed.entries, feed, self.url_rules) | dict(recognised.article_ids) if keys else {}
        return {
            keys[entry.guid]: mark_of(entry, ids[entry.guid])
            for entry in parsed.entries
            if entry.guid in keys and entry.guid in ids
        }


def known_of(feed: Feed, stored: Article | None, seen: Seen | None, now: datetime) -> Known:
    """What is known of an article by its record and by what this feed gave of it last; one of the two there is.

    Where the record has run out, nobody remembers the owner: the feed that still lists it is taken for that.
    """
    words = seen.content_hash if seen else None
    if stored is not None:
        return Known(words, stored.revision, stored.fetched_at, stored.feed_id, stored.tier)
    return Known(words, seen.revision if seen else 1, now, feed.feed_id, feed.tier)
