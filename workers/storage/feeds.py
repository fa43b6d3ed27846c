"""Feeds: which are polled, when each is due, what is known of them, and the one commit of a poll (law 1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import redis

from workers.domain.article import Article, Feed
from workers.domain.feed import FeedState
from workers.storage import keys
from workers.storage.articles import Articles
from workers.storage.client import Client, Pipe
from workers.storage.records import records_of
from workers.storage.tallies import stage_poll

SEEN_KEPT = 3000  # the longest real feed of the corpus has fewer than 1,000 entries

# A feed that is due and unclaimed is claimed and moved to the end of its lease, in one step.
_CLAIM = """
local claimed = {}
for _, feed_id in ipairs(redis.call('zrangebyscore', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
  local claim = string.gsub(KEYS[2], '{feed}', feed_id)
  if redis.call('set', claim, ARGV[3], 'NX', 'PX', ARGV[4]) then claimed[#claimed + 1] = feed_id end
  redis.call('zadd', KEYS[1], 'XX', ARGV[1] + ARGV[4] / 1000, feed_id)
end
return claimed
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a feed's document said of an article before: the hash of its words, and the revision they made."""

    content_hash: str
    revision: int


@dataclass(frozen=True, slots=True)
class Poll:
    """All that one poll found out, to be written in one step."""

    feed_id: str
    token: str
    state: FeedState
    due_at: datetime
    articles: Sequence[Article] = ()
    seen: Mapping[str, Seen] | None = None  # every entry of the document; None when there was no document


class FeedStore:
    """The schedule and memory of feeds."""

    def __init__(self, client: Client, articles: Articles) -> None:
        self._client = client
        self._articles = articles
        self._claim = client.register_script(_CLAIM)
        self._feeds = records_of(Feed)
        self._states = records_of(FeedState)

    def register(self, feeds: Iterable[Feed], now: datetime) -> tuple[Feed, ...]:
        """Make these the polled feeds. Known ones keep `added_at` and their due time; others leave the schedule."""
        known = self._known()
        wanted = {
            feed.feed_id: replace(feed, added_at=known[feed.feed_id].added_at if feed.feed_id in known else now)
            for feed in feeds
        }
        with self._client.pipeline(transaction=True) as pipe:
            for feed_id in known.keys() - wanted.keys():
                pipe.hdel(keys.feeds(), feed_id)
                pipe.zrem(keys.feeds_due(), feed_id)
            for feed_id, feed in wanted.items():
                pipe.hset(keys.feeds(), feed_id, self._feeds.dump(feed))
                pipe.zadd(keys.feeds_due(), {feed_id: now.timestamp()}, nx=True)
            pipe.execute()
        return tuple(wanted.values())

    def claim_due(self, now: datetime, limit: int, token: str, lease: timedelta) -> list[Feed]:
        """Claim up to `limit` feeds that are due, for as long as the lease; nobody else polls them meanwhile."""
        claimed: list[str] = self._claim(
            keys=[keys.feeds_due(), keys.feed_claim("{feed}")],
            args=[now.timestamp(), limit, token, int(lease.total_seconds() * 1000)],
        )
        known = self._known() if claimed else {}
        return [known[feed_id] for feed_id in claimed if feed_id in known]

    def state(self, feed_id: str) -> FeedState:
        """What is remembered of the feed; an empty state before its first poll."""
        text = self._client.get(keys.feed_state(feed_id))
        return self._states.load(text) if text else FeedState()

    def states(self) -> list[tuple[Feed, FeedState]]:
        """Every polled feed with its state, by publisher and URL."""
        known = sorted(self._known().values(), key=lambda feed: (feed.publisher.casefold(), feed.url))
        texts = self._client.mget([keys.feed_state(feed.feed_id) for feed in known]) if known else []
        return [
            (feed, self._states.load(text) if text else FeedState()) for feed, text in zip(known, texts, strict=True)
        ]

    def seen(self, feed_id: str, article_ids: Sequence[str]) -> dict[str, Seen]:
        """What the feed said before of these articles; those not seen are left out."""
        if not article_ids:
            return {}
        values = self._client.hmget(keys.feed_seen(feed_id), list(article_ids))
        return {
            article_id: _seen(value) for article_id, value in zip(article_ids, values, strict=True) if value is not None
        }

    def commit_poll(self, poll: Poll) -> bool:
        """Write validators, seen entries, pending articles and the next due time in one MULTI.

        Tells whether this caller still held the claim; if not, nothing is written and another poller has the feed.
        """
        with self._client.pipeline(transaction=True) as pipe:
            try:
                pipe.watch(keys.feed_claim(poll.feed_id))
                if pipe.get(keys.feed_claim(poll.feed_id)) != poll.token:
                    return False
                crowd = pipe.hkeys(keys.feed_seen(poll.feed_id)) if poll.seen else []
                pipe.multi()
                self._stage(pipe, poll, crowd)
                pipe.execute()
            except redis.WatchError:
                return False
        return True

    def _stage(self, pipe: Pipe, poll: Poll, crowd: Sequence[str]) -> None:
        pipe.set(keys.feed_state(poll.feed_id), self._states.dump(poll.state))
        stage_poll(pipe, poll.state, entries=None if poll.seen is None else len(poll.seen), articles=len(poll.articles))
        if poll.state.gone:
            pipe.zrem(keys.feeds_due(), poll.feed_id)
        else:
            pipe.zadd(keys.feeds_due(), {poll.feed_id: poll.due_at.timestamp()}, xx=True)
        pipe.delete(keys.feed_claim(poll.feed_id))
        if poll.seen:
            seen = {article_id: f"{seen.content_hash} {seen.revision}" for article_id, seen in poll.seen.items()}
            pipe.hset(keys.feed_seen(poll.feed_id), mapping=seen)
            forgotten = [article_id for article_id in crowd if article_id not in poll.seen]
            excess = len(crowd) + len(poll.seen) - SEEN_KEPT
            if excess > 0 and forgotten:
                pipe.hdel(keys.feed_seen(poll.feed_id), *forgotten[:excess])
        for article in poll.articles:
            self._articles.stage(pipe, article)

    def _known(self) -> dict[str, Feed]:
        return {feed_id: self._feeds.load(text) for feed_id, text in self._client.hgetall(keys.feeds()).items()}


def _seen(value: str) -> Seen:
    content_hash, revision = value.split(" ")
    return Seen(content_hash, int(revision))
