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

from service.poller import Poller
from tests.builders import NOON, hours
from tests.fakes import FixedClock
from tests.pollers import a_poller
from tests.receivers import Answer, Receiver, a_receiver
from workers.domain.article import Article, Feed, Tier
from workers.domain.feed import FeedState, Identity, PauseReason, host_of
from workers.outbound import open_outbound
from workers.queues import ARTICLES
from workers.sandbox import Sandbox
from workers.storage.feed_claims import Claim
from workers.stores import Stores, open_stores


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
        poller = a_poller(stores, outbound, sandbox, clock=clock)
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


async def test_a_feed_that_has_not_changed_for_a_week_is_asked_for_anew(desk: Desk) -> None:
    await desk.poll(Answer(body=rss(("one", "First")), headers={"etag": '"v1"'}))
    for days, condition in ((3, '"v1"'), (3, '"v1"'), (3, None)):
        desk.clock.move(days=days)
        await desk.poll(Answer(304) if condition else Answer(body=rss(("one", "First")), headers={"etag": '"v1"'}))
        assert desk.server.received[-1].headers.get("if-none-match") == condition
    desk.clock.move(days=3)
    await desk.poll(Answer(304))
    assert desk.server.received[-1].headers["if-none-match"] == '"v1"'


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


async def test_hints_hold_after_a_304_too_also_those_of_the_document_before(desk: Desk) -> None:
    body = rss(("one", "First")).replace(b"<channel>", b"<channel><ttl>120</ttl>")
    headers = {"etag": '"v1"', "cache-control": "max-age=3600"}
    state = await desk.poll(Answer(body=body, headers=headers))
    assert (state.interval_s, state.reason) == (7_200, PauseReason.TTL)
    desk.clock.move(hours=2)
    state = await desk.poll(Answer(304))
    assert (state.interval_s, state.fresh_s, state.reason) == (7_200, 3_600, PauseReason.TTL)
    desk.clock.move(hours=2)
    state = await desk.poll(Answer(304, headers={"cache-control": "max-age=10800"}))
    assert (state.interval_s, state.reason) == (10_800, PauseReason.FRESH)
    desk.clock.move(hours=3)
    state = await desk.poll(Answer(body=rss(("one", "First"), ("two", "Second"))))
    assert (state.fresh_s, state.ttl_s) == (None, None)


async def test_the_same_bytes_again_are_no_news_and_not_parsed(desk: Desk) -> None:
    await desk.poll(Answer(body=rss(("one", "First"))))
    desk.clock.move(hours=1)
    state = await desk.poll(Answer(body=rss(("one", "First")), headers={"etag": '"v2"'}))
    assert (state.reason, state.etag, state.failures) == (PauseReason.QUIET, '"v2"', 0)


async def test_a_document_without_anything_known_is_a_possible_gap(desk: Desk) -> None:
    await desk.poll(Answer(body=rss(("one", "First"), ("two", "Second"))))
    desk.clock.move(hours=1)
    with structlog.testing.capture_logs() as logs:
        state = await desk.poll(Answer(body=rss(("three", "Third"), ("four", "Fourth"))))
    assert (state.gaps, state.gap_at, state.interval_s) == (1, desk.clock.now, 900)
    assert [line["event"] for line in logs if line["event"] == "feed_gap_possible"] == ["feed_gap_possible"]


async def test_a_429_pauses_the_whole_host(desk: Desk) -> None:
    await desk.poll(Answer(429, headers={"retry-after": "7200"}))
    host = host_of(desk.server.url)
    assert desk.stores.feed_claims.paused_until(host) == (desk.clock.now + timedelta(hours=2)).timestamp()
    desk.feed("other.xml")
    assert desk.stores.feed_claims.claim_due(desk.clock.now, 5, desk.poller.limits.manners) == []


async def test_403_again_and_again_pauses_the_host_and_one_does_not(desk: Desk) -> None:
    host = host_of(desk.server.url)
    for count in range(3):
        assert desk.stores.feed_claims.paused_until(host) == 0, count
        await desk.poll(Answer(403))
        desk.clock.move(hours=6)
    assert desk.stores.feed_claims.paused_until(host) == (desk.clock.now - timedelta(hours=5)).timestamp()


async def test_a_move_for_good_is_saved_after_several_polls_that_found_a_feed_there(desk: Desk) -> None:
    for number in range(4):
        desk.server.answers.append(Answer(301, headers={"location": "/new.xml"}))
        state = await desk.poll(Answer(body=rss(("one", f"First {number}"))))
        desk.clock.move(hours=2)
        if state.saved_url:
            break
    assert state.saved_url == f"{desk.server.url}/new.xml"
    state = await desk.poll(Answer(304))
    assert desk.server.received[-1].path == "/new.xml"
    assert state.saved_url == f"{desk.server.url}/new.xml"
    assert number == 2


async def test_a_move_to_what_is_no_feed_is_never_saved(desk: Desk) -> None:
    for number in range(5):
        desk.server.answers.append(Answer(301, headers={"location": "/sorry.html"}))
        state = await desk.poll(Answer(body=f"<html><body>Maintenance {number}</body></html>".encode()))
        desk.clock.move(days=2)
    assert (state.saved_url, state.moved_to) == (None, None)


async def test_a_move_for_now_is_never_saved(desk: Desk) -> None:
    for number in range(5):
        desk.server.answers.append(Answer(302, headers={"location": "/new.xml"}))
        state = await desk.poll(Answer(body=rss(("one", f"First {number}"))))
        desk.clock.move(days=2)
    assert state.saved_url is None


async def test_an_entry_whose_address_was_mended_is_the_same_article(desk: Desk) -> None:
    await desk.poll(Answer(body=rss(("one", "First"))))
    before = desk.article()
    desk.clock.move(hours=1)
    mended = rss(("one", "First")).replace(b"news.example/one", b"news.example/world/one-mended")
    await desk.poll(Answer(body=mended.replace(b"Words of", b"Other words of")))
    after = desk.article()
    assert (after.article_id, after.revision) == (before.article_id, 2)
    assert after.url == "https://news.example/world/one-mended"


async def test_guids_that_stand_for_other_entries_now_are_believed_no_more(desk: Desk) -> None:
    names = ("a", "b", "c", "d")
    await desk.poll(Answer(body=guided({name: (str(at), f"Old {name}") for at, name in enumerate(names)})))
    desk.clock.move(hours=1)
    fresh = {f"new-{name}": (str(at), f"New {name}") for at, name in enumerate(names)}
    state = await desk.poll(Answer(body=guided(fresh)))
    assert state.identity is Identity.GUID_AND_LINK
    assert desk.pending() == 8


async def test_one_guid_on_every_entry_hides_none_and_is_believed_no_more(desk: Desk) -> None:
    state = await desk.poll(Answer(body=guided({name: ("same", f"On {name}") for name in ("a", "b", "c")})))
    assert (state.identity, desk.pending()) == (Identity.GUID_AND_LINK, 3)


async def test_guids_that_are_drawn_anew_at_every_request_make_nothing_new(desk: Desk) -> None:
    for turn in range(3):
        drawn = {name: (f"{name}-{turn}", f"On {name}") for name in ("a", "b", "c", "d")}
        state = await desk.poll(Answer(body=guided(drawn)))
        desk.clock.move(hours=1)
    assert (state.identity, state.gaps, desk.pending()) == (Identity.LINK, 0, 4)


async def test_dates_ahead_are_counted_and_clamped(desk: Desk) -> None:
    state = await desk.poll(Answer(body=rss(("one", "First"), date="Fri, 14 Mar 2099 10:00:00 GMT")))
    assert (state.future_dates, desk.article().published_at) == (1, NOON)


def guided(entries: dict[str, tuple[str, str]]) -> bytes:
    """A feed of entries by the end of their address, each with its GUID and title."""
    items = "".join(
        f"<item><title>{title}</title><link>https://news.example/{name}</link>"
        f"<guid isPermaLink='false'>{guid}</guid></item>"
        for name, (guid, title) in entries.items()
    )
    return f"<rss version='2.0'><channel><title>News</title>{items}</channel></rss>".encode()
