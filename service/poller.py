"""Poll the feeds that are due: fetch, parse, queue what is new. Any number of these may run.

One feed's trouble costs that feed only: whatever goes wrong is noted in its state, and logged once per change of state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import redis
import structlog

from service.entries import UrlRules
from service.fetch import GONE, FetchedDocument, FetchError, NotModified, Validators, fetch_feed
from service.hints import fresh_s_of
from service.news import News, NewsDesk
from service.parse import ParsedFeed, parse_feed, parsed_of
from service.poll_log import tell
from service.schedule import Tempo, Weight, after_document, after_failure, after_move, after_unchanged, weight_of
from service.wait import pause
from workers.domain.feed import FeedState, host_of
from workers.outbound import Limits, Outbound
from workers.queues import Queues
from workers.sandbox import Sandbox, SandboxError
from workers.storage.articles import Articles
from workers.storage.feed_claims import Claim, FeedClaims, Manners
from workers.storage.feeds import FeedStore, Poll

TICK_S = 0.5
PARSE_S = 9.0  # feedparser needs 4 s on its worst real feed (ANCHORS section 2)
QUEUED_FOR = timedelta(seconds=60)
LEASE = timedelta(seconds=15)  # renewed three times within it; so long the feeds of a poller that is killed wait
HOST_AT_ONCE = 2  # mediacloud's rss-fetcher: two at once and five seconds between, for 180,000 feeds
HOST_GAP = timedelta(seconds=5)
HOST_GAPS = 100  # in the shortest pause of a feed: who polls a feed of their own every second spaces its host closer
TOO_MANY = 429
FORBIDDEN = 403
REFUSALS = 3  # 403 in a row from one host: Reddit says "too many requests" that way (FreshRSS#8928)
REFUSED_PAUSE = timedelta(hours=1)
TOO_MANY_PAUSE = timedelta(minutes=15)
ANEW_AFTER = timedelta(days=7)
LONGEST_HOST_PAUSE = timedelta(hours=24)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PollLimits:
    """How often and how much is polled. `interval` is the shortest pause of one feed."""

    interval: timedelta
    at_once: int
    fetch: Limits
    lease: timedelta = LEASE

    @property
    def manners(self) -> Manners:
        """What a host is spared."""
        return Manners(self.lease, HOST_AT_ONCE, min(HOST_GAP, self.interval / HOST_GAPS))


@dataclass(frozen=True, slots=True)
class Poller:
    """The parts of polling. `has_room` tells whether the store's disk has space left for what polls bring."""

    feeds: FeedStore
    claims: FeedClaims
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
    _under_way: dict[asyncio.Task[None], Claim] = field(default_factory=dict, repr=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Poll what is due until told to stop, then see the polls under way to their end."""
        keeping = asyncio.create_task(self._keep_leases(stop))
        while not stop.is_set():
            room = self.limits.at_once - len(self._under_way)
            claimed = await self._claimed(room)
            for claim in claimed:
                task = asyncio.create_task(self._poll_guarded(claim))
                self._under_way[task] = claim
                task.add_done_callback(self._under_way.pop)
            await self._rest(stop, is_busy=len(claimed) == room)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self.limits.fetch.total_s)
        for task in (*self._under_way, keeping):
            task.cancel()

    async def _rest(self, stop: asyncio.Event, *, is_busy: bool) -> None:
        """Wait until there may be something to claim: a tick, or less when a place becomes free while much is due."""
        if not is_busy or not self._under_way:
            await pause(stop, TICK_S)
            return
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((*self._under_way, stopping), timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    async def _keep_leases(self, stop: asyncio.Event) -> None:
        """Renew the leases of the polls under way; while the store is away they run out, which costs a poll each.

        In a thread of its own: where the store is slow, the polls' own steps keep all others waiting.
        """
        loop, lease = asyncio.get_running_loop(), self.limits.lease
        thread = ThreadPoolExecutor(1, "leases")
        try:
            while True:
                await asyncio.sleep(lease.total_seconds() / 3)
                under_way = list(self._under_way.values())
                try:
                    await loop.run_in_executor(thread, self.claims.renew, under_way, self.clock(), lease)
                except redis.RedisError as error:
                    if not stop.is_set():
                        self.on_trouble(error)
        finally:
            thread.shutdown(wait=False)

    async def _claimed(self, room: int) -> Sequence[Claim]:
        """Claim due feeds for the free places; none while the store is away or its disk is nearly full."""
        if room <= 0 or not self.has_room():
            return ()
        try:
            claimed = await asyncio.to_thread(self.claims.claim_due, self.clock(), room, self.limits.manners)
        except redis.RedisError as error:
            self.on_trouble(error)
            return ()
        self.on_trouble(None)
        return claimed

    async def _poll_guarded(self, claim: Claim) -> None:
        try:
            await self.poll(claim)
        except redis.RedisError as error:  # the lease runs out and the feed is polled again
            self.on_trouble(error)
        except Exception:  # one of the two places where STYLE allows it: one bad feed never stops the rest
            log.exception("feed_poll_crashed", feed_url=claim.feed.url)

    async def poll(self, claim: Claim) -> None:
        """Poll one claimed feed and commit what came of it."""
        state, url = claim.state, claim.state.saved_url or claim.feed.url
        try:
            answer = await fetch_feed(self.outbound, url, self._validators(state), self.limits.fetch, self.clock())
        except FetchError as error:
            await self._refused(claim, url, error)
            return
        if isinstance(answer, NotModified):
            hinted = self._hinted(state, answer.headers)
            unchanged = after_unchanged(_moved(hinted, answer, url), self.clock(), self._tempo())
            await self._commit(claim, url, unchanged)
            return
        fresh = replace(state, fresh_s=fresh_s_of(answer.headers, self.clock()))  # what was said before is over
        await self._take_in(claim, url, fresh, answer)

    async def _take_in(self, claim: Claim, url: str, state: FeedState, document: FetchedDocument) -> None:
        body_hash = await asyncio.to_thread(lambda: document.body_hash)  # 10 MB of it would hold up the loop
        validators = document.validators
        fetched = replace(state, etag=validators.etag, last_modified=validators.last_modified, document_at=self.clock())
        if body_hash == state.body_hash:
            unchanged = after_unchanged(_moved(fetched, document, url), self.clock(), self._tempo())
            await self._commit(claim, url, unchanged)
            return
        try:
            parsed = await self._parsed(document)
        except SandboxError as error:
            await self._fail(claim, url, state, f"cannot be parsed: {error.why}", Weight.HARD)
            return
        if parsed.problem:
            await self._fail(claim, url, state, parsed.problem, Weight.HARD)
            return
        now = self.clock()
        desk = NewsDesk(self.feeds, self.articles, self.url_rules)
        news = await asyncio.to_thread(desk.read, claim.feed, state, parsed, now)
        read = replace(
            _moved(fetched, document, url),
            body_hash=body_hash,
            entries_seen=len(parsed.entries),
            identity=news.identity,
            ttl_s=parsed.ttl_s,
            skip_hours=tuple(sorted(parsed.skip_hours)),
            skip_days=tuple(sorted(parsed.skip_days)),
            future_dates=news.future_dates,
        )
        after = after_document(read, self.clock(), self._tempo(), news.known, len(news.seen))
        await self._commit(claim, url, after, news)

    async def _parsed(self, document: FetchedDocument) -> ParsedFeed:
        arguments = (document.url, document.body, dict(document.headers))
        answer = await self.sandbox.run(parse_feed, *arguments, timeout_s=PARSE_S)
        return await asyncio.to_thread(parsed_of, answer)

    async def _refused(self, claim: Claim, url: str, error: FetchError) -> None:
        """Note a fetch that failed, and leave the whole host alone where it asks for that."""
        state = self._hinted(claim.state, error.headers)
        weight = weight_of(error.status, permanent=error.permanent)
        gone = error.status == GONE
        pause_of_host = await asyncio.to_thread(self._host_pause, host_of(url), error)
        if pause_of_host:
            log.warning("host_paused", host=host_of(url), pause_s=round(pause_of_host.total_seconds()), why=error.why)
        await self._fail(claim, url, replace(state, gone=gone), error.why, weight, error.retry_after_s)

    def _host_pause(self, host: str, error: FetchError) -> timedelta | None:
        """Pause the host on a 429, or on 403 again and again; returns for how long, None when it is not."""
        if error.status == TOO_MANY:
            pause_of_host = max(timedelta(seconds=error.retry_after_s or 0), min(TOO_MANY_PAUSE, self.limits.interval))
        elif error.status == FORBIDDEN and (count := self.claims.note_refusal(host)) >= REFUSALS:
            pause_of_host = min(REFUSED_PAUSE * 2 ** min(count - REFUSALS, 5), LONGEST_HOST_PAUSE)
        else:
            return None
        self.claims.pause_host(host, self.clock() + pause_of_host)
        return pause_of_host

    async def _fail(  # noqa: PLR0917 - what a failure is told by
        self,
        claim: Claim,
        url: str,
        state: FeedState,
        problem: str,
        weight: Weight,
        retry_after_s: float | None = None,
    ) -> None:
        failed = after_failure(
            state, self.clock(), self._tempo(), problem=problem, weight=weight, retry_after_s=retry_after_s
        )
        await self._commit(claim, url, failed)

    async def _commit(self, claim: Claim, url: str, after: FeedState, news: News | None = None) -> None:
        due_at = after.next_at or self.clock()
        poll = Poll(claim.feed.feed_id, claim.fence, url, after, due_at)
        if news is not None:
            poll = replace(poll, articles=news.articles, seen=news.seen, marks=news.marks)
        if await asyncio.to_thread(self.feeds.commit_poll, poll):
            await asyncio.to_thread(self._queue, poll)
            tell(claim, after, poll.articles)

    def _queue(self, poll: Poll) -> None:
        article_ids = [article.article_id for article in poll.articles]
        if article_ids:
            self.queues.enqueue_articles(article_ids)
            self.articles.note_queued(article_ids, self.clock() + QUEUED_FOR)

    def _validators(self, state: FeedState) -> Validators:
        """What to ask by; nothing after a week of "not modified", which may be a server's mistake."""
        if state.document_at is not None and self.clock() - state.document_at >= ANEW_AFTER:
            return Validators()
        return Validators(state.etag, state.last_modified)

    def _tempo(self) -> Tempo:
        return Tempo(self.limits.interval, self.chance())

    def _hinted(self, state: FeedState, headers: Mapping[str, str]) -> FeedState:
        """The state with what an answer without a document says of freshness; else what was said before holds on."""
        fresh_s = fresh_s_of(headers, self.clock())
        return state if fresh_s is None else replace(state, fresh_s=fresh_s)


def _moved(state: FeedState, answer: FetchedDocument | NotModified, url: str) -> FeedState:
    """The state after an answer that came from where a feed is. A feed that was moved is not counted as moved again."""
    if answer.permanent_url is None and url == state.saved_url:
        return state
    return after_move(state, answer.permanent_url)
