"""The commands that look after feeds, as they are typed, on a real store and with a real site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
from typer.testing import CliRunner, Result

from service.cli import app
from service.demo_servers import LocalServer
from service.discovery import feeds_named
from tests.archives import CATALOGUE
from tests.builders import NOON
from workers.domain.feedlist import parse_feeds_toml
from workers.storage.articles import Articles
from workers.storage.feeds import FeedStore

DATE = "<pubDate>Fri, 14 Mar 2025 10:00:00 GMT</pubDate>"
ITEM = f"<item><title>{{0}}</title><link>https://news.example/{{0}}</link>{DATE}</item>"
FEED = f"<rss version='2.0'><channel><title>World</title><ttl>30</ttl>{ITEM.format('one')}</channel></rss>"
HOME = """<html><head><link rel="alternate" type="application/rss+xml" href="/world.xml">
<link rel="alternate" type="application/atom+xml" href="/comments.xml"></head>
<body><a href="/about">About</a></body></html>"""


@dataclass(slots=True)
class Site:
    """A site by path."""

    pages: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, _method: str, path: str, _headers: object, _body: bytes) -> tuple[int, str, bytes]:
        self.asked.append(path)
        return self.pages.get(path, (404, "text/html", b"nothing here"))


@dataclass(slots=True)
class Desk:
    """The commands, a site, and the folder of their files."""

    site: Site
    url: str
    folder: Path
    env: dict[str, str]

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ("feeds", *arguments), env=self.env | {"COLUMNS": "200"})

    def polled(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("list", "--json").stdout)
        return [view["feed"] for view in found]


@pytest.fixture
def desk(valkey: redis.Redis, store_url: str, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
    site = Site(
        {
            "/": (200, "text/html", HOME.encode()),
            "/world.xml": (200, "application/xml", FEED.encode()),
            "/comments.xml": (200, "application/xml", FEED.encode()),
        }
    )
    server = LocalServer(site.answer)
    url = f"http://127.0.0.1:{server.start()}"
    env = {
        "TRUCEWATCH_REDIS_URL": store_url,
        "TRUCEWATCH_CATALOGUE": str(tmp_path / "catalogue.toml"),
        "TRUCEWATCH_ALLOW_PRIVATE": "127.0.0.0/8",
    }
    yield Desk(site, url, tmp_path, env)
    server.stop()


def test_a_feed_is_tried_without_a_trace(desk: Desk) -> None:
    found = desk.run("test", f"{desk.url}/world.xml")
    assert (found.exit_code, desk.polled()) == (0, [])
    assert "World" in found.stdout
    assert "1 entries" in found.stdout
    assert "https://news.example/one" in found.stdout
    (trial,) = json.loads(desk.run("test", f"{desk.url}/world.xml", "--json").stdout)
    assert (trial["problem"], trial["feed"]["ttl_s"]) == (None, 1_800)


def test_of_a_site_the_feeds_that_it_names_are_found(desk: Desk) -> None:
    found = desk.run("add", desk.url, "--publisher", "The Harbour Post", "--tier", "other")
    assert found.exit_code == 0, found.output
    assert f"named by the site too: {desk.url}/comments.xml" in found.stdout
    (feed,) = desk.polled()
    assert (feed["url"], feed["publisher"], feed["tier"], feed["origin"]) == (
        f"{desk.url}/world.xml",
        "The Harbour Post",
        "other",
        "store",
    )


def test_a_site_that_names_no_feed_is_asked_where_feeds_usually_are(desk: Desk) -> None:
    desk.site.pages = {
        "/": (200, "text/html", b"<html><body>Hello</body></html>"),
        "/rss.xml": (200, "text/xml", FEED.encode()),
    }
    assert desk.run("add", desk.url).exit_code == 0
    assert [feed["url"] for feed in desk.polled()] == [f"{desk.url}/rss.xml"]
    assert desk.site.asked == ["/", "/feed/", "/rss.xml"]


def test_what_is_no_feed_is_not_added_and_says_why(desk: Desk) -> None:
    found = desk.run("add", f"{desk.url}/missing")
    assert (found.exit_code, desk.polled()) == (1, [])
    assert "answered 404" in found.stderr
    assert desk.run("test", f"{desk.url}/missing").exit_code == 1
    assert desk.run("add", f"{desk.url}/missing", "--untried").exit_code == 0
    assert len(desk.polled()) == 1


@pytest.mark.parametrize("url", ["ftp://a.example/", "http://user:word@a.example/", "https://"])
def test_an_address_that_is_none_is_named(desk: Desk, url: str) -> None:
    found = desk.run("add", url, "--untried")
    assert found.exit_code == 2
    assert "error: feed:" in found.stderr


def test_a_feed_that_was_removed_stays_out_until_it_is_added_again(desk: Desk) -> None:
    desk.run("add", f"{desk.url}/world.xml")
    shown = desk.run("show", f"{desk.url}/world.xml")
    assert shown.exit_code == 0
    assert "not polled yet" in shown.stdout
    assert desk.run("remove", f"{desk.url}/world.xml").exit_code == 0
    assert desk.polled() == []
    again = desk.run("remove", f"{desk.url}/world.xml")
    assert (again.exit_code, "is not polled" in again.stderr) == (2, True)
    desk.run("add", f"{desk.url}/world.xml")
    assert len(desk.polled()) == 1


def test_feeds_come_and_go_as_opml(desk: Desk) -> None:
    file = desk.folder / "feeds.opml"
    outlines = "".join(f'<outline text="P{n}" xmlUrl="https://p{n}.example/rss" tier="wire"/>' for n in range(3))
    file.write_text(f"<opml version='2.0'><body><outline text='News'>{outlines}</outline></body></opml>", "utf-8")
    assert desk.run("import", str(file)).stdout == "added 3 feeds; 0 were polled already\n"
    assert desk.run("import", str(file)).stdout == "added 0 feeds; 3 were polled already\n"
    before = desk.polled()
    out = desk.folder / "out.opml"
    assert desk.run("export", "-o", str(out)).exit_code == 0
    for feed in before:
        desk.run("remove", feed["feed_id"])
    assert desk.run("import", str(out)).exit_code == 0
    keys = ("url", "publisher", "tier")
    assert [[feed[key] for key in keys] for feed in desk.polled()] == [[feed[key] for key in keys] for feed in before]
    assert desk.run("export").stdout == out.read_text("utf-8")


def test_a_file_with_faults_adds_nothing_and_names_them_all(desk: Desk) -> None:
    file = desk.folder / "feeds.opml"
    file.write_text(
        "<opml><body><outline xmlUrl='ftp://a'/><outline xmlUrl='https://b.example/'/>"
        "\n<outline xmlUrl='x'/></body></opml>"
    )
    found = desk.run("import", str(file))
    assert (found.exit_code, found.stderr.count("error:"), desk.polled()) == (2, 2, [])
    assert "cannot be read" in desk.run("import", str(desk.folder / "none.opml")).stderr


def test_health_is_a_table_for_people(desk: Desk) -> None:
    desk.run("add", f"{desk.url}/world.xml", "--publisher", "The Harbour Post")
    table = desk.run("list").stdout
    assert "The Harbour Post" in table
    for column in ("State", "Last success", "Polled every", "New a day"):
        assert column in table
    assert json.loads(desk.run("show", "the harbour post", "--json").stdout)["view"]["words"] == "not polled yet"


def test_a_page_names_feeds_in_its_head_and_by_its_links() -> None:
    page = """<html><head><base href="https://news.example/en/"><link rel="alternate stylesheet" href="x.css">
    <link rel="ALTERNATE" type="application/rss+xml; charset=utf-8" href="rss/all"><link rel=feed href="/json">
    <link rel=alternate type="application/rss+xml" href="/comments/feed"></head>
    <body><a href="world/rss.xml#top">RSS</a> <a href="/feedback">Write</a> <a href="javascript:rss.xml">x</a>
    <a href="https://[::1/rss">x</a></body></html>"""
    assert feeds_named(page.encode(), "https://news.example/") == [
        "https://news.example/en/rss/all",
        "https://news.example/json",
        "https://news.example/en/world/rss.xml",
        "https://news.example/comments/feed",
    ]
    for nothing in (b"", b"\x00\xff", b"<!-- -->", b"plain"):
        assert feeds_named(nothing, "https://news.example/") == []


def test_the_default_list_and_the_added_feeds_are_polled_together(desk: Desk, valkey: redis.Redis) -> None:
    from_settings = parse_feeds_toml(
        {"version": 1, "feed": [{"url": "https://a.example/rss", "publisher": "A", "tier": "wire"}]}
    )
    desk.run("add", f"{desk.url}/world.xml")
    feeds = FeedStore(valkey, Articles(valkey))
    assert {feed.origin for feed in feeds.register(from_settings, NOON)} == {"default", "store"}
    desk.run("remove", "A")
    assert [feed.origin for feed in feeds.register(from_settings, NOON)] == ["store"]
