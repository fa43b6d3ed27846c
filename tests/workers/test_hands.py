"""Jobs of a worker process: full texts from real pages, and what happens when the store goes away under a job."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from threading import Event

import pytest

from service.demo_servers import LocalServer
from tests.builders import an_article
from workers.outbound import Limits, open_outbound
from workers.page_reader import PageReader
from workers.pipeline import PageAwayError
from workers.sandbox import Sandbox
from workers.worker_loop import Loop

WORDS = "The minister said on Friday that talks on a truce would go on next week, whatever the other side did. "
HASTY = Limits(connect_s=1, total_s=0.3, max_bytes=1_000_000, cut=True)


@dataclass(slots=True)
class Site:
    """A site of pages by path; `status` is that of every answer, and a page called `hanging` never comes."""

    status: int = 200
    asked: list[str] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def answer(self, _method: str, path: str, _headers: object, _body: bytes) -> tuple[int, str, bytes]:
        self.asked.append(path)
        if path == "/hanging":
            self.over.wait(10)
        page = f"<html><body><article><p>{WORDS * 5}</p><p>{WORDS}</p></article></body></html>"
        return self.status, "text/html", page.encode()


@dataclass(slots=True)
class Desk:
    """A page reader, the site that it reads, and the clock by which it leaves sites alone."""

    reader: PageReader
    site: Site
    url: str
    seconds: list[float]

    def read(self, path: str, text: str = "A truce is talked about.") -> str | None:
        whole = self.reader(an_article(url=f"{self.url}/{path}", text=text))
        return whole.full_text if whole else None


@pytest.fixture
def desk() -> Iterator[Desk]:
    site, seconds = Site(), [0.0]
    server = LocalServer(site.answer)
    with asyncio.Runner() as runner:
        loop = Loop(runner)
        outbound = loop.enter(open_outbound([ip_network("127.0.0.0/8")], "trucewatch-test"))
        sandbox = Sandbox(1, 1_000_000_000)
        reader = PageReader(loop, outbound, sandbox, HASTY, lambda: seconds[-1])
        yield Desk(reader, site, f"http://127.0.0.1:{server.start()}", seconds)
        site.over.set()
        loop.run(sandbox.close())
        loop.close()
    server.stop()


def test_a_page_gives_the_full_text(desk: Desk) -> None:
    assert WORDS.strip() in str(desk.read("story"))


def test_a_page_with_less_than_the_feed_gave_is_a_teaser(desk: Desk) -> None:
    assert desk.read("story", WORDS * 20) is None


def test_a_page_that_is_not_there_leaves_the_feeds_own_text(desk: Desk) -> None:
    desk.site.status = 404
    assert desk.read("story") is None


def test_an_article_without_an_address_has_no_page(desk: Desk) -> None:
    assert desk.reader(an_article(url=None)) is None


def test_a_page_that_may_come_later_is_asked_for_again(desk: Desk) -> None:
    desk.site.status = 503
    with pytest.raises(PageAwayError, match="answered 503"):
        desk.read("story")
    desk.site.status = 200
    desk.seconds.append(20)
    assert desk.read("story")


def test_a_site_whose_page_hangs_is_left_alone_for_a_while_and_others_are_not(desk: Desk) -> None:
    with pytest.raises(PageAwayError, match=r"within 0\.3 s"):
        desk.read("hanging")
    with pytest.raises(PageAwayError, match=r"within 0\.3 s"):
        desk.read("story")
    assert desk.site.asked == ["/hanging"]
    desk.url = desk.url.replace("127.0.0.1", "localhost")
    assert desk.read("story")
