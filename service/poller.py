"""Poll the feeds that are due: fetch, parse, queue what is new.

One feed's trouble costs that feed only: whatever goes wrong is noted in its state, and logged once per change of state.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import redis
import structlog

from service.entries import Known, UrlRules, articles_of, new_articles
from service.fetch import GONE, FetchedDocument, FetchError, Validators, fetch_feed
from service.parse import ParsedFeed, parse_feed, parsed_of
from service.schedule import after_failure, after_success
from service.wait import pause
from workers.domain.article import Article, Feed
from workers.domain.feed import FeedState
from workers.outbound import Limits, Outbound
from workers.queues import Queues
from workers.sandbox import Sandbox, SandboxError
from workers.storage.articles import Articles
from workers.storage.feeds import FeedStore, Poll, Seen

TICK_S = 0.5
PARSE_S = 10.0  # feedparser needs 4 s on its worst real feed (ANCHORS section 2)
QUEUED_FOR = timedelta(seconds=60)
LEASE = timedelta(seconds=120)  # longer than fetch and parse may take together

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PollLimits:
    """How often and how much is polled. `interval` is the shortest pause of one feed."""

    interval: timedelta
    at_once: int
    fetch: Limits


@dataclass(frozen=True, slots=True)
class Poller:
    """The parts of polling. `has_room` tells whether the store's disk has space left for what polls bring."""

    feeds: FeedStore
    articles: Articles
    queues: Queues
    outbound: Outbound
    sandbox: Sandbox
    url_rules: UrlRules
    limits: PollLimits
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    has_room: Callable[[], bool]
    on_trouble: Callable[[Exception | None], None]
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    async def run(self, stop: asyncio.Event) -> None:
        """Poll what is due until told to stop, then see the polls under way to their end."""
        under_way: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            for feed in await self._claimed(self.limits.at_once - len(under_way)):
                task = asyncio.create_task(self._poll_guarded(feed))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await pause(stop, TICK_S)
        if under_way:
            await asyncio.wait(under_way, timeout=self.limits.fetch.total_s)
        for task in under_way:
            task.cancel()

    async def _claimed(self, room: int) -> Sequence[Feed]:
        """Claim due feeds for the free places; none while the store is away or its disk is nearly full."""
        if room <= 0 or not self.has_room():
            return ()
        try:
            claimed = await asyncio.to_thread(self.feeds.claim_due, self.clock(), room, self.token, LEASE)
        except redis.RedisError as error:
            self.on_trouble(error)
            return ()
        self.on_trouble(None)
        return claimed

    async def _poll_guarded(self, feed: Feed) -> None:
        try:
            await self.poll(feed)
        except redis.RedisError as error:  # the lease runs out and the feed is polled again
            self.on_trouble(error)
        except Exception:  # one of the two places where STYLE allows it: one bad feed never stops the rest
            log.exception("feed_poll_crashed", feed_url=feed.url)

    async def poll(self, feed: Feed) -> None:
        """Poll one claimed feed and commit what came of it."""
        state = await asyncio.to_thread(self.feeds.state, feed.feed_id)
        try:
            validators = Validators(state.etag, state.last_modified)
            answer = await fetch_feed(self.outbound, feed.url, validators, self.limits.fetch, self.clock())
        except FetchError as error:
            await self._fail(feed, state, str(error.why), gone=error.status == GONE, retry_after_s=error.retry_after_s)
            return
        if not isinstance(answer, FetchedDocument):
            await self._commit(feed, state, self._succeeded(state), (), None)
            return
        await self._take_in(feed, state, answer)

    async def _take_in(self, feed: Feed, state: FeedState, document: FetchedDocument) -> None:
        try:
            headers = dict(document.headers)
            parsed = parsed_of(
                await self.sandbox.run(parse_feed, document.url, document.body, headers, timeout_s=PARSE_S)
            )
        except SandboxError as error:
            await self._fail(feed, state, f"cannot be parsed: {error.why}")
            return
        if parsed.problem:
            await self._fail(feed, state, parsed.problem)
            return
        now = self.clock()
        articles, seen = await asyncio.to_thread(self._news, feed, parsed, now)
        fresh = replace(
            self._succeeded(state),
            etag=document.validators.etag,
            last_modified=document.validators.last_modified,
            entries_seen=len(parsed.entries),
        )
        await self._commit(feed, state, fresh, articles, seen)

    def _news(self, feed: Feed, parsed: ParsedFeed, now: datetime) -> tuple[list[Article], dict[str, Seen]]:
        """The entries that are new or changed, and the marks of all of them. Asks the store, so it runs in a thread."""
        found = articles_of(parsed.entries, feed, self.url_rules, now)
        seen = self.feeds.seen(feed.feed_id, list(found))
        changed = [name for name, (_, words) in found.items() if name not in seen or seen[name].content_hash != words]
        stored = self.articles.known(changed)
        known = {name: known_of(feed, stored.get(name), seen.get(name), now) for name in {*stored, *seen}}
        articles = new_articles({name: found[name] for name in changed}, feed, known)
        revisions = {name: before.revision for name, before in known.items()}
        revisions |= {article.article_id: article.revision for article in articles}
        return articles, {name: Seen(words, revisions[name]) for name, (_, words) in found.items()}

    def _succeeded(self, state: FeedState) -> FeedState:
        return after_success(state, self.clock(), self.limits.interval, self.chance())

    async def _fail(
        self, feed: Feed, state: FeedState, problem: str, *, gone: bool = False, retry_after_s: float | None = None
    ) -> None:
        least = timedelta(seconds=retry_after_s or 0)
        failed = after_failure(state, self.clock(), self.limits.interval, self.chance(), problem=problem, least=least)
        await self._commit(feed, state, replace(failed, gone=gone), (), None)

    async def _commit(
        self,
        feed: Feed,
        before: FeedState,
        after: FeedState,
        articles: Sequence[Article],
        seen: dict[str, Seen] | None,
    ) -> None:
        poll = Poll(feed.feed_id, self.token, after, after.next_at or self.clock(), articles, seen)
        if await asyncio.to_thread(self.feeds.commit_poll, poll):
            await asyncio.to_thread(self._queue, articles)
            _tell(feed, before, after, articles)

    def _queue(self, articles: Sequence[Article]) -> None:
        article_ids = [article.article_id for article in articles]
        if article_ids:
            self.queues.enqueue_articles(article_ids)
            self.articles.note_queued(article_ids, self.clock() + QUEUED_FOR)


def known_of(feed: Feed, stored: Article | None, seen: Seen | None, now: datetime) -> Known:
    """What is known of an article by its record and by what this feed gave of it last; one of the two there is.

    Where the record has run out, nobody remembers the owner: the feed that still lists it is taken for that.
    """
    words = seen.content_hash if seen else None
    if stored is not None:
        return Known(words, stored.revision, stored.fetched_at, stored.feed_id, stored.tier)
    return Known(words, seen.revision if seen else 1, now, feed.feed_id, feed.tier)


def _tell(feed: Feed, before: FeedState, after: FeedState, articles: Sequence[Article]) -> None:
    """Log one line for the poll: what is wrong only when it changes, good news always."""
    facts: dict[str, Any] = {"feed_url": feed.url, "publisher": feed.publisher}
    if after.gone:
        log.error("feed_gone", **facts)
    elif after.problem and after.problem != before.problem:
        log.warning("feed_failed", **facts, problem=after.problem, failures=after.failures)
    elif before.problem and not after.problem:
        log.info("feed_recovered", **facts, failures=before.failures)
    level = log.info if articles else log.debug
    level("feed_polled", **facts, articles=len(articles), problem=after.problem, next_in_s=round(after.interval_s))
