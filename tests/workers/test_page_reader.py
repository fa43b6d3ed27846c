"""Pages politely read: the sites' own rules, turns, and what is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network

import pytest
import redis

from service.demo_servers import LocalServer
from tests.builders import NOON, an_article
from tests.fakes import FixedClock
from workers.domain.article import Article
from workers.fulltext import PageRules
from workers.outbound import open_outbound
from workers.page_reader import PageManners, PageReader
from workers.pipeline import PageAwayError
from workers.robots import RobotsBook
from workers.sandbox import Sandbox
from workers.storage.pages import Pages
from workers.worker_loop import Loop

WORDS = "The minister said on Friday that talks on a truce would go on next week, whatever the other side did. "
HEAD = '<head><link rel="canonical" href="/world/truce"></head>'
PAGE = f"<html>{HEAD}<body><article><p>{WORDS * 5}</p><p>{WORDS}</p></article></body></html>"
STUB = f"<html><body><article><p>{WORDS * 3}</p><p>Subscribe to continue reading.</p></article></body></html>"
RULES = PageRules({"paywall": ["subscribe to continue"]})


@dataclass(slots=True)
class Site:
    """A site with a robots.txt; `status` is that of its answer to those who ask for it."""

    robots: str = ""
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def answer(self, _method: str, path: str, _headers: object, _body: bytes) -> tuple[int, str, bytes]:
        self.asked.append(path)
        if path == "/robots.txt":
            return self.status, "text/plain", self.robots.encode()
        if path == "/moved":
            return 302, "/private/story", b""
        return 200, "text/html", (STUB if path == "/paid" else PAGE).encode()


@dataclass(slots=True)
class Desk:
    """A page reader with manners, the site that it reads, and its clocks."""

    reader: PageReader
    pages: Pages
    site: Site
    url: str
    clock: FixedClock
    seconds: list[float]

    def read(self, path: str, revision: int = 1) -> Article | None:
        return self.reader(an_article(url=f"{self.url}/{path}", text="A truce.", revision=revision))


@pytest.fixture
def desk(valkey: redis.Redis) -> Iterator[Desk]:
    site, seconds, clock, pages = Site(), [0.0], FixedClock(NOON), Pages(valkey)
    server = LocalServer(site.answer)
    with asyncio.Runner() as runner:
        loop = Loop(runner)
        outbound = loop.enter(open_outbound([ip_network("127.0.0.0/8")], "trucewatch-test"))
        sandbox = Sandbox(1, 1_000_000_000)
        robots = RobotsBook(outbound, "trucewatch", lambda: seconds[-1])
        manners = PageManners(robots, pages, clock, timedelta())
        reader = PageReader(loop, outbound, sandbox, clock=lambda: seconds[-1], manners=manners)
        yield Desk(reader, pages, site, f"http://127.0.0.1:{server.start()}", clock, seconds)
        loop.run(sandbox.close())
        loop.close()
    server.stop()


def test_a_page_gives_text_and_address_and_is_asked_for_once(desk: Desk) -> None:
    for _ in range(2):
        whole = desk.read("story?from=feed")
        assert whole is not None
        assert whole.full_text is not None
        assert (whole.url, whole.is_excerpt) == (f"{desk.url}/world/truce", False)
    assert desk.site.asked == ["/robots.txt", "/story?from=feed"]
    assert desk.pages.counts(whole.feed_id) == {"page": 1}


def test_a_new_revision_is_read_anew(desk: Desk) -> None:
    assert desk.read("story")
    assert desk.read("story", revision=2)
    assert desk.site.asked.count("/story") == 2


def test_a_page_that_robots_txt_forbids_is_not_asked_for(desk: Desk) -> None:
    desk.site.robots = "User-agent: trucewatch\nDisallow: /private"
    assert desk.read("private/story") is None
    assert desk.site.asked == ["/robots.txt"]
    assert sum(desk.pages.counts(an_article().feed_id).values()) == 1


def test_a_redirect_to_what_robots_txt_forbids_is_not_followed(desk: Desk) -> None:
    desk.site.robots = "User-agent: *\nDisallow: /private"
    assert desk.read("moved") is None
    assert "/private/story" not in desk.site.asked


def test_a_site_without_robots_txt_allows_everything(desk: Desk) -> None:
    desk.site.status = 404
    assert desk.read("story")


def test_a_site_that_cannot_be_asked_allows_nothing_for_a_while(desk: Desk) -> None:
    desk.site.status = 503
    with pytest.raises(PageAwayError, match=r"robots\.txt"):
        desk.read("story")
    desk.site.status = 200
    desk.seconds.append(700.0)
    assert desk.read("story")


def test_a_host_is_asked_in_turn_by_all_workers(desk: Desk) -> None:
    gap, most = timedelta(seconds=3), timedelta(seconds=8)
    waits = [desk.pages.take_turn("news.example", NOON, gap, most).total_seconds() for _ in range(4)]
    assert waits == [0, 3, 6, 9]
    assert desk.pages.take_turn("other.example", NOON, gap, most) == timedelta()
    assert desk.pages.take_turn("news.example", NOON + timedelta(seconds=9), gap, most) == timedelta()


def test_an_article_whose_turn_is_far_is_put_back(desk: Desk) -> None:
    site = desk.url.removeprefix("http://")
    desk.pages.take_turn(site, NOON, timedelta(minutes=1), timedelta())
    with pytest.raises(PageAwayError, match="too many pages"):
        desk.read("story")


def test_what_a_paywall_leaves_is_kept_as_an_excerpt_and_counted(desk: Desk) -> None:
    paid = PageReader(
        desk.reader.loop, desk.reader.outbound, desk.reader.sandbox, manners=desk.reader.manners, rules=RULES
    )
    whole = paid(an_article(url=f"{desk.url}/paid", text="A truce."))
    assert whole is not None
    assert whole.is_excerpt
    assert desk.pages.counts(whole.feed_id) == {"paywall": 1}
