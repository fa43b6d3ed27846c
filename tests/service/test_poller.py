"""Polls of good and hostile feeds from a real server into a real store: each costs only itself."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network

import pytest
import redis
import structlog

from service.entries import UrlRules
from service.poller import Poller, PollLimits
from tests.builders import NOON, hours
from tests.fakes import FixedClock
from tests.receivers import Answer, Receiver, a_receiver
from workers.domain.article import Article, Feed, Tier
from workers.domain.feed import FeedState
from workers.outbound import Limits, open_outbound
from workers.queues import ARTICLES
from workers.sandbox import Sandbox
from workers.storage.feed_claims import Claim
from workers.stores import Stores, open_stores

FETCH = Limits(connect_s=1, total_s=2, max_bytes=200_000, max_redirects=3)
RULES = UrlRules.of({"tracking_parameters": ["utm_*"]})


def rss(*items: tuple[str, str], date: str = "Fri, 14 Mar 2025 10:00:00 GMT") -> bytes:
    entries = "".join(
        f"<item><title>{title}</title><link>https://news.example/{name}?utm_source=rss</link>"
        f"<guid>{name}</guid><pubDate>{date}</pubDate><description>Words of {title}</description></item>"
        for name, title in items
    )
    return f'<rss version="2.0"><channel><title>News</title>{entries}</channel></rss>'.encode()


@dataclass(slots=True)
class Desk:
    """A poller, the server it polls, the store it writes."""

    poller: Poller
    server: Receiver
    stores: Stores
    clock: FixedClock

    async def poll(self, answer: Answer, path: str = "feed.xml", tier: Tier = Tier.WIRE) -> FeedState:
        feed = self.feed(path, tier)
        self.server.answers.append(answer)
        (claimed,) = self.stores.feed_claims.claim_due(self.clock.now, 5, self.poller.limits.manners)
        await self.poller.poll(claimed)
        return self.stores.feeds.state(feed.feed_id)

    def feed(self, path: str, tier: Tier = Tier.WIRE) -> Feed:
        feed = Feed(path, f"{self.server.url}/{path}", f"Publisher of {path}", tier)
        (registered,) = self.stores.feeds.register([feed], self.clock.now)
        return registered

    def article(self) -> Article:
        """The only article there is."""
        (article_id,) = self.stores.articles.due(hours(1000), 5)
        article = self.stores.articles.take(article_id)
        assert article is not None
        return article

    def pending(self) -> int:
        return self.stores.articles.pending_count()


@pytest.fixture
async def desk(valkey: redis.Redis, store_url: str) -> AsyncIterator[Desk]:
    clock = FixedClock(NOON)
    stores = open_stores(store_url, timedelta(minutes=2), NOON)
    async with AsyncExitStack() as rooms:
        server = await rooms.enter_async_context(a_receiver())
        outbound = await rooms.enter_async_context(open_outbound([ip_network("127.0.0.0/8")], "trucewatch-test"))
        sandbox = Sandbox(1, 1_000_000_000)
        rooms.push_async_callback(sandbox.close)
        poller = Poller(
            feeds=stores.feeds,
            claims=stores.feed_claims,
            articles=stores.articles,
            queues=stores.queues,
            outbound=outbound,
            sandbox=sandbox,
            url_rules=RULES,
            limits=PollLimits(timedelta(minutes=15), 4, FETCH),
            clock=clock,
            chance=lambda: 0.0,
            has_room=lambda: True,
            on_trouble=lambda _error: None,
        )
        yield Desk(poller, server, stores, clock)


async def test_new_entries_are_pending_and_queued_once(desk: Desk) -> None:
    state = await desk.poll(Answer(body=rss(("one", "First"), ("two", "Second"), ("one", "First again"))))
    assert (state.failures, state.problem, state.entries_seen) == (0, None, 3)
    assert desk.pending() == 2
    assert desk.stores.queues.depth(ARTICLES) == 2
    desk.clock.move(minutes=20)
    await desk.poll(Answer(body=rss(("one", "First"), ("two", "Second"), ("three", "Third"))))
    assert desk.pending() == 3


async def test_articles_know_their_publisher_date_and_clean_address(desk: Desk) -> None:
    await desk.poll(Answer(body=rss(("one", "First"))))
    (article_id,) = desk.stores.articles.due(hours(1000), 5)
    article = desk.stores.articles.take(article_id)
    assert article is not None
    assert (article.url, article.title, article.publisher) == (
        "https://news.example/one",
        "First",
        "Publisher of feed.xml",
    )
    assert (article.published_at, article.fetched_at) == (hours(-2), NOON)
    assert article.feed_added_at == NOON


async def test_the_next_request_is_conditional_and_a_304_is_no_news(desk: Desk) -> None:
    headers = {"etag": '"v1"', "last-modified": "Fri, 14 Mar 2025 10:00:00 GMT"}
    await desk.poll(Answer(body=rss(("one", "First")), headers=headers))
    desk.clock.move(minutes=20)
    state = await desk.poll(Answer(304))
    asked = desk.server.received[-1].headers
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"v1"', headers["last-modified"])
    assert (state.failures, state.etag) == (0, '"v1"')
    assert desk.pending() == 1


async def test_changed_words_are_a_new_revision_first_fetched_when_the_first_was(desk: Desk) -> None:
    await desk.poll(Answer(body=rss(("one", "First"))))
    desk.clock.move(minutes=20)
    await desk.poll(Answer(body=rss(("one", "First, corrected"))))
    (article_id,) = desk.stores.articles.due(hours(1000), 5)
    article = desk.stores.articles.take(article_id)
    assert article is not None
    assert (article.revision, article.title, article.fetched_at) == (2, "First, corrected", NOON)


async def test_another_feed_cannot_put_words_into_a_publishers_article(desk: Desk) -> None:
    await desk.poll(Answer(body=rss(("one", "First"))))
    desk.clock.move(minutes=1)
    await desk.poll(Answer(body=rss(("one", "What others make of it"))), "gossip.xml", Tier.OTHER)
    assert (desk.article().title, desk.article().revision) == ("First", 1)
    desk.clock.move(minutes=20)
    await desk.poll(Answer(body=rss(("one", "First, corrected"))), "feed.xml")
    assert (desk.article().title, desk.article().revision) == ("First, corrected", 2)


async def test_a_better_publisher_takes_an_article_over_from_nobody_in_particular(desk: Desk) -> None:
    await desk.poll(Answer(body=rss(("one", "What others make of it"))), "gossip.xml", Tier.OTHER)
    desk.clock.move(minutes=5)
    await desk.poll(Answer(body=rss(("one", "First"))), "feed.xml")
    taken = desk.article()
    assert (taken.title, taken.revision, taken.tier, taken.fetched_at) == ("First", 2, Tier.WIRE, NOON)
    desk.clock.move(minutes=20)
    await desk.poll(Answer(body=rss(("one", "What others make of it now"))), "gossip.xml", Tier.OTHER)
    assert desk.article() == taken


async def test_a_date_of_the_future_is_now(desk: Desk) -> None:
    await desk.poll(Answer(body=rss(("one", "First"), date="Fri, 14 Mar 2099 10:00:00 GMT")))
    (article_id,) = desk.stores.articles.due(hours(1000), 5)
    article = desk.stores.articles.take(article_id)
    assert article is not None
    assert article.published_at == NOON


HOSTILE = [
    pytest.param(Answer(body=b"<!doctype html><html><body>Sign in</body></html>"), "HTML", id="a page of HTML"),
    pytest.param(Answer(body=b""), "empty", id="nothing"),
    pytest.param(Answer(body=b"\x00\xff\xfe garbage \x80"), "neither RSS", id="garbage"),
    pytest.param(Answer(404), "404", id="not found"),
    pytest.param(Answer(500), "500", id="a broken server"),
    pytest.param(Answer(body=b"x" * 300_000), "larger than", id="more than the cap"),
    pytest.param(Answer(flood=True), "larger than", id="endless"),
    pytest.param(Answer(hang=True), "within", id="a server that never answers"),
    pytest.param(Answer(hang_after_head=True), "within", id="a server that stops in the middle"),
    pytest.param(
        Answer(body=gzip.compress(b" " * 50_000_000), headers={"content-encoding": "gzip"}),
        "larger than",
        id="fifty megabytes in a small zip",
    ),
    pytest.param(Answer(body=b"junk", headers={"content-encoding": "gzip"}), "", id="a broken zip"),
    pytest.param(Answer(302, headers={"location": "http://169.254.169.254/latest"}), "", id="a redirect inwards"),
]


@pytest.mark.parametrize(("answer", "words"), HOSTILE)
async def test_a_hostile_feed_costs_only_itself(desk: Desk, answer: Answer, words: str) -> None:
    state = await desk.poll(answer)
    assert state.failures == 1
    assert state.problem is not None
    assert words in state.problem
    assert state.next_at is not None
    assert state.next_at - desk.clock.now >= timedelta(minutes=15)
    assert desk.pending() == 0


async def test_a_feed_in_another_encoding_is_read(desk: Desk) -> None:
    body = '<?xml version="1.0" encoding="windows-1251"?><rss version="2.0"><channel><title>Н</title><item>'
    body += "<title>Перемирие</title><link>https://news.example/1</link></item></channel></rss>"
    await desk.poll(Answer(body=body.encode("windows-1251")))
    (article_id,) = desk.stores.articles.due(hours(1000), 5)
    article = desk.stores.articles.take(article_id)
    assert article is not None
    assert article.title == "Перемирие"


async def test_trouble_is_named_once_per_change_of_state(desk: Desk) -> None:
    with structlog.testing.capture_logs() as logs:
        for answer in (Answer(404), Answer(404), Answer(500), Answer(body=rss(("one", "First")))):
            await desk.poll(answer)
            desk.clock.move(days=2)
    told = [(line["event"], line.get("problem")) for line in logs if line["event"] != "feed_polled"]
    assert told == [
        ("feed_failed", "answered 404 Not Found"),
        ("feed_failed", "answered 500 Internal Server Error"),
        ("feed_recovered", None),
    ]


async def test_a_server_that_asks_for_a_pause_gets_it(desk: Desk) -> None:
    state = await desk.poll(Answer(429, headers={"retry-after": "7200"}))
    assert state.next_at is not None
    assert state.next_at - desk.clock.now >= timedelta(hours=2)


async def test_a_poll_whose_lease_ran_out_writes_nothing(desk: Desk) -> None:
    feed = desk.feed("feed.xml")
    desk.server.answers.append(Answer(body=rss(("one", "First"))))
    await desk.poller.poll(Claim(feed, FeedState(), fence=7))
    assert desk.pending() == 0
    assert desk.stores.feeds.state(feed.feed_id) == FeedState()


async def test_a_gone_feed_is_polled_no_more(desk: Desk) -> None:
    state = await desk.poll(Answer(410))
    assert state.gone
    assert desk.stores.feed_claims.claim_due(hours(10_000), 5, desk.poller.limits.manners) == []
