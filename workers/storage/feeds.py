"""Feeds: which are polled, what is known of them, and the one commit of a poll (law 1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import redis

from workers.domain.article import Article, Feed
from workers.domain.feed import FeedState, first_poll_at, host_of
from workers.storage import keys
from workers.storage.articles import Articles
from workers.storage.client import Client, Pipe
from workers.storage.records import records_of
from workers.storage.tallies import stage_poll

SEEN_KEPT = 3000  # the longest real feed of the corpus has fewer than 1,000 entries
MOST_RACES = 10  # a claim is prolonged three times in its lease: losing twice to that is hardly possible
FORGOTTEN_AFTER = timedelta(days=30)  # a feed that is listed again within it goes on where it was


@dataclass(frozen=True, slots=True)
class Seen:
    """What a feed's document said of an article before: the hash of its words, and the revision they made."""

    content_hash: str
    revision: int


@dataclass(frozen=True, slots=True)
class Mark:
    """The article that a GUID stood for, with hashes of its title and of its date as the feed spelled it."""

    article_id: str
    title: str
    date: str


@dataclass(frozen=True, slots=True)
class Poll:
    """All that one poll found out, to be written in one step. `fence` is that of the caller's claim.

    `url` is where the feed is polled from now on. `seen` and `marks` are of every entry of the document, None when
    there was none.
    """

    feed_id: str
    fence: int
    url: str
    state: FeedState
    due_at: datetime
    articles: Sequence[Article] = ()
    seen: Mapping[str, Seen] | None = None
    marks: Mapping[str, Mark] | None = None


class FeedStore:
    """The list and memory of feeds."""

    def __init__(self, client: Client, articles: Articles) -> None:
        self._client = client
        self._articles = articles
        self._feeds = records_of(Feed)
        self._states = records_of(FeedState)

    def register(self, feeds: Iterable[Feed], now: datetime, window: timedelta = timedelta()) -> tuple[Feed, ...]:
        """Make these, and those that people added, the polled feeds; without those that people took out.

        Known ones keep `added_at` and their due time; new ones are due within the window, spread by their ids; what
        is gone stays so.
        """
        known = self.listed()
        listed = {feed.feed_id: feed for feed in (*self.added(), *feeds)}
        for feed_id in self._client.smembers(keys.feeds_removed()):
            listed.pop(feed_id, None)
        wanted = {
            feed_id: replace(feed, added_at=known[feed_id].added_at if feed_id in known else now)
            for feed_id, feed in listed.items()
        }
        gone = {feed.feed_id for feed, state in self._with_states(wanted.values()) if state.gone}
        with self._client.pipeline(transaction=True) as pipe:
            for feed_id in known.keys() - wanted.keys():
                self._stage_removal(pipe, feed_id)
            for feed_id, feed in wanted.items():
                due_at = None if feed_id in gone else first_poll_at(feed_id, now, window)
                self._stage_listing(pipe, feed, due_at)
            pipe.execute()
        return tuple(wanted.values())

    def add(self, feed: Feed, now: datetime) -> Feed:
        """Keep a feed that a person added, and poll it as soon as possible, even one that was gone."""
        (added,) = self.add_all([feed], now)
        return added

    def add_all(self, feeds: Sequence[Feed], now: datetime, window: timedelta = timedelta()) -> list[Feed]:
        """Do so for several, the first polls of which are spread over the window."""
        known = self.listed()
        added = [
            replace(feed, added_at=known[feed.feed_id].added_at if feed.feed_id in known else now) for feed in feeds
        ]
        with self._client.pipeline(transaction=True) as pipe:
            for feed, state in self._with_states(added):
                due_at = first_poll_at(feed.feed_id, now, window)
                pipe.hset(keys.feeds_added(), feed.feed_id, self._feeds.dump(feed))
                pipe.srem(keys.feeds_removed(), feed.feed_id)
                self._stage_listing(pipe, feed, due_at)
                pipe.zadd(keys.feeds_due(), {feed.feed_id: due_at.timestamp()})
                if state.gone:
                    revived = replace(state, gone=False, failures=0, weight=0.0, problem=None)
                    pipe.set(keys.feed_state(feed.feed_id), self._states.dump(revived))
            pipe.execute()
        return added

    def remove(self, feed_id: str) -> bool:
        """Poll a feed no more, and keep it out where the settings list it; False when it was not polled."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.hdel(keys.feeds_added(), feed_id)
            pipe.hexists(keys.feeds(), feed_id)
            pipe.sadd(keys.feeds_removed(), feed_id)
            self._stage_removal(pipe, feed_id)
            return bool(pipe.execute()[1])

    def added(self) -> list[Feed]:
        """The feeds that people added."""
        return [self._feeds.load(text) for text in self._client.hvals(keys.feeds_added())]

    def listed(self) -> dict[str, Feed]:
        """Every polled feed by its id."""
        return {feed_id: self._feeds.load(text) for feed_id, text in self._client.hgetall(keys.feeds()).items()}

    def next_due_at(self) -> datetime | None:
        """When the feed that is due first is, or was, due (aware UTC); None when none is polled."""
        first = self._client.zrange(keys.feeds_due(), 0, 0, withscores=True)
        return datetime.fromtimestamp(first[0][1], UTC) if first else None

    def state(self, feed_id: str) -> FeedState:
        """What is remembered of the feed; an empty state before its first poll."""
        text = self._client.get(keys.feed_state(feed_id))
        return self._states.load(text) if text else FeedState()

    def states(self) -> list[tuple[Feed, FeedState]]:
        """Every polled feed with its state, by publisher and URL."""
        return self._with_states(sorted(self.listed().values(), key=lambda feed: (feed.publisher.casefold(), feed.url)))

    def seen(self, feed_id: str, article_ids: Sequence[str]) -> dict[str, Seen]:
        """What the feed said before of these articles; those not seen are left out."""
        if not article_ids:
            return {}
        values = self._client.hmget(keys.feed_seen(feed_id), list(article_ids))
        return {name: _seen(value) for name, value in zip(article_ids, values, strict=True) if value is not None}

    def marks(self, feed_id: str, guids: Sequence[str]) -> dict[str, Mark]:
        """The articles that these GUIDs (hashed) stood for in this feed; those not seen are left out."""
        if not guids:
            return {}
        values = self._client.hmget(keys.feed_marks(feed_id), list(guids))
        return {guid: Mark(*value.split(" ")) for guid, value in zip(guids, values, strict=True) if value is not None}

    def commit_poll(self, poll: Poll) -> bool:
        """Write validators, seen entries, pending articles and the next due time in one MULTI.

        Tells whether this caller still held the claim; if not, nothing is written and another poller has the feed.
        """
        for _ in range(MOST_RACES):
            committed = self._try_commit(poll)
            if committed is not None:
                return committed
        return False

    def _try_commit(self, poll: Poll) -> bool | None:
        """Try once; None when the claim was touched meanwhile: taken by somebody else, or only prolonged."""
        claim = keys.feed_claim(poll.feed_id)
        with self._client.pipeline(transaction=True) as pipe:
            try:
                pipe.watch(claim)
                if pipe.get(claim) != str(poll.fence) or not pipe.hexists(keys.feeds(), poll.feed_id):
                    return False
                crowds = {
                    key: pipe.hkeys(key)
                    for key, news in _memories(poll).items()
                    if pipe.hlen(key) + len(news) > SEEN_KEPT
                }
                pipe.multi()
                self._stage(pipe, poll, crowds)
                pipe.execute()
            except redis.WatchError:
                return None
        return True

    def _stage(self, pipe: Pipe, poll: Poll, crowds: Mapping[str, Sequence[str]]) -> None:
        pipe.set(keys.feed_state(poll.feed_id), self._states.dump(poll.state))
        stage_poll(pipe, poll.state, entries=None if poll.seen is None else len(poll.seen), articles=len(poll.articles))
        if poll.state.gone:
            pipe.zrem(keys.feeds_due(), poll.feed_id)
        else:
            pipe.zadd(keys.feeds_due(), {poll.feed_id: poll.due_at.timestamp()}, xx=True)
        pipe.delete(keys.feed_claim(poll.feed_id))
        pipe.zrem(keys.feeds_leased(), poll.feed_id)
        pipe.zrem(keys.host_running(host_of(poll.url)), poll.feed_id)
        pipe.hset(keys.feed_hosts(), poll.feed_id, host_of(poll.state.saved_url or poll.url))
        if not poll.state.problem:
            pipe.hdel(keys.host(host_of(poll.url)), "refusals")
        for key, news in _memories(poll).items():
            if news:
                pipe.hset(key, mapping=news)
            forgotten = [name for name in crowds.get(key, ()) if name not in news]
            excess = len(crowds.get(key, ())) + len(news) - SEEN_KEPT
            if excess > 0 and forgotten:
                pipe.hdel(key, *forgotten[:excess])
        for article in poll.articles:
            self._articles.stage(pipe, article)

    def _stage_listing(self, pipe: Pipe, feed: Feed, due_at: datetime | None) -> None:
        pipe.hset(keys.feeds(), feed.feed_id, self._feeds.dump(feed))
        pipe.hsetnx(keys.feed_hosts(), feed.feed_id, host_of(feed.url))
        if due_at is not None:
            pipe.zadd(keys.feeds_due(), {feed.feed_id: due_at.timestamp()}, nx=True)
        for key in _memory_keys(feed.feed_id):
            pipe.persist(key)

    @staticmethod
    def _stage_removal(pipe: Pipe, feed_id: str) -> None:
        pipe.hdel(keys.feeds(), feed_id)
        pipe.hdel(keys.feed_hosts(), feed_id)
        pipe.zrem(keys.feeds_due(), feed_id)
        pipe.zrem(keys.feeds_leased(), feed_id)
        for key in _memory_keys(feed_id):
            pipe.expire(key, FORGOTTEN_AFTER)

    def _with_states(self, feeds: Iterable[Feed]) -> list[tuple[Feed, FeedState]]:
        feeds = list(feeds)
        texts = self._client.mget([keys.feed_state(feed.feed_id) for feed in feeds]) if feeds else []
        return [
            (feed, self._states.load(text) if text else FeedState()) for feed, text in zip(feeds, texts, strict=True)
        ]


def _memory_keys(feed_id: str) -> tuple[str, ...]:
    return keys.feed_state(feed_id), keys.feed_seen(feed_id), keys.feed_marks(feed_id)


def _memories(poll: Poll) -> dict[str, dict[str, str]]:
    """What the poll adds to the feed's memory, by key; each is bounded."""
    seen = {name: f"{seen.content_hash} {seen.revision}" for name, seen in (poll.seen or {}).items()}
    marks = {guid: f"{mark.article_id} {mark.title} {mark.date}" for guid, mark in (poll.marks or {}).items()}
    return {keys.feed_seen(poll.feed_id): seen, keys.feed_marks(poll.feed_id): marks}


def _seen(value: str) -> Seen:
    content_hash, revision = value.split(" ")
    return Seen(content_hash, int(revision))
