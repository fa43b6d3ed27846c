from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.parse import MOST_ALL_CHARS, MOST_ENTRIES, MOST_TEXT_CHARS, ParsedFeed, parse_feed, parsed_of
from workers.domain.article import Entry
from workers.sandbox import Sandbox, SandboxError

SHARED = Path(__file__).parents[3] / "shared" / "feeds"
URL = "https://news.example/feeds/world.xml"


def parsed(body: str | bytes, url: str = URL, **headers: str) -> ParsedFeed:
    body = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = json.loads(json.dumps(parse_feed(url, body, named)))
    json.dumps(answer, ensure_ascii=False).encode()  # no half surrogate gets as far as the store
    return parsed_of(answer)


def rss(items: str, channel: str = "") -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>World</title>{channel}{items}</channel></rss>'


def test_an_rss_item_becomes_an_entry() -> None:
    feed = parsed(
        rss(
            "<item><guid isPermaLink='false'>n1</guid><link>https://news.example/a?b=1&amp;c=2#d</link>"
            "<title>Kyiv &amp; Moscow: &lt;b&gt;no truce&lt;/b&gt;</title>"
            "<description>&lt;p&gt;Putin said “no”.&lt;/p&gt;&lt;p&gt;Talks go on.&lt;/p&gt;</description>"
            "<pubDate>Fri, 13 Mar 2026 10:00:00 +0200</pubDate></item>",
            "<language>en-GB</language><ttl>30</ttl>",
        )
    )
    assert (feed.title, feed.language, feed.ttl_s, feed.problem, feed.left_out) == ("World", "en-gb", 1_800, None, 0)
    assert feed.entries == (
        Entry(
            guid="n1",
            url="https://news.example/a?b=1&c=2#d",
            title="Kyiv & Moscow: no truce",
            text="Putin said “no”.\nTalks go on.",
            published_at=datetime(2026, 3, 13, 8, tzinfo=UTC),
            updated_at=None,
            published_raw="Fri, 13 Mar 2026 10:00:00 +0200",
            language="en-gb",
        ),
    )


def test_an_atom_entry_keeps_both_dates_and_its_language() -> None:
    (entry,) = parsed(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="uk"><title>t</title><entry xml:lang="en"><id>urn:1</id>'
        '<link href="/a"/><title type="html">A &amp;amp; B</title><published>2026-03-13T10:00:00Z</published>'
        "<updated>2026-03-14T10:00:00Z</updated><summary>short</summary>"
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>The long</p><p>text</p></div></content>'
        "</entry></feed>"
    ).entries
    assert (entry.guid, entry.url, entry.title) == ("urn:1", "https://news.example/a", "A & B")
    assert (entry.published_at, entry.updated_at) == (
        datetime(2026, 3, 13, 10, tzinfo=UTC),
        datetime(2026, 3, 14, 10, tzinfo=UTC),
    )
    assert (entry.text, entry.language) == ("The long\ntext", "en")


def test_the_longest_text_of_an_item_is_taken() -> None:
    (entry,) = parsed(
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item><guid>1</guid>'
        "<description>short</description><content:encoded><![CDATA[<p>much longer text</p>]]></content:encoded>"
        "</item></channel></rss>"
    ).entries
    assert entry.text == "much longer text"


def test_an_rdf_feed_is_read() -> None:
    (entry,) = parsed(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><item rdf:about="https://a.example/1"><title>t</title>'
        "<link>https://a.example/1</link><dc:date>2026-03-13T10:00:00Z</dc:date></item></rdf:RDF>"
    ).entries
    assert (entry.url, entry.published_at) == ("https://a.example/1", None)
    assert entry.updated_at == datetime(2026, 3, 13, 10, tzinfo=UTC)


@pytest.mark.parametrize("raw", ["2026", "--03-13", "13 Mar", "10:30", "yesterday", ""])
def test_a_date_is_never_invented(raw: str) -> None:
    (entry,) = parsed(rss(f"<item><guid>1</guid><pubDate>{raw}</pubDate></item>")).entries
    assert (entry.published_at, entry.updated_at, entry.published_raw) == (None, None, raw or None)


def test_a_stray_ampersand_costs_nothing() -> None:
    feed = parsed(rss("<item><guid>1</guid><title>war & peace</title></item><item><guid>2</guid></item>"))
    assert [entry.title for entry in feed.entries] == ["war & peace", ""]


def test_a_document_that_is_cut_off_gives_what_there_is() -> None:
    body = rss("".join(f"<item><guid>{number}</guid><title>t</title></item>" for number in range(9)))
    assert len(parsed(body[:-100]).entries) >= 6


def test_entries_that_cannot_be_told_apart_are_left_out() -> None:
    feed = parsed(rss("<item><pubDate>Fri, 13 Mar 2026 10:00:00 GMT</pubDate></item><item><guid>1</guid></item>"))
    assert ([entry.guid for entry in feed.entries], feed.left_out) == (["1"], 1)


def test_an_entry_with_nothing_but_words_is_known_by_its_title() -> None:
    one, two = (
        parsed(rss(f"<item><title>The truce</title><description>{text}</description></item>")).entries[0]
        for text in ("as it was", "as it is now")
    )
    assert one.guid == two.guid
    assert one.url is None


def test_a_guid_is_taken_as_it_is_wherever_the_feed_was_found() -> None:
    item = rss("<item><guid>n-17</guid></item><item><guid>/a/b</guid></item>")
    assert [entry.guid for entry in parsed(item).entries] == ["n-17", "/a/b"]
    assert [entry.url for entry in parsed(item).entries] == [None, "https://news.example/a/b"]


def test_the_address_of_an_enclosure_is_not_that_of_the_entry() -> None:
    (entry,) = parsed(
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><link rel='enclosure'>https://a.example/mp3</link>"
        "<link rel='alternate' href='https://a.example/1'/></entry></feed>"
    ).entries
    assert entry.url == "https://a.example/1"


def test_the_language_of_the_answer_stands_in_for_one_that_the_feed_does_not_give() -> None:
    assert parsed(rss(""), content_language="en-GB").language == "en-gb"


SITEMAP = """<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc> https://news.example/1?a=1&amp;b=2 </loc><news:news><news:publication><news:name>The News</news:name>
<news:language>en</news:language></news:publication><news:publication_date>2026-03-13T10:00:00+02:00</news:publication_date>
<news:title>Truce &amp; talks</news:title></news:news></url>
<url><loc>https://news.example/2</loc><news:news><news:publication_date>2026-03-13</news:publication_date>
<news:title>Second</news:title></news:news></url><url><loc>https://news.example/about</loc></url></urlset>"""


def test_a_news_sitemap_is_a_feed() -> None:
    feed = parsed(SITEMAP)
    first, second = feed.entries
    assert (feed.title, feed.problem) == ("The News", None)
    assert (first.url, first.title, first.language) == ("https://news.example/1?a=1&b=2", "Truce & talks", "en")
    assert first.published_at == datetime(2026, 3, 13, 8, tzinfo=UTC)
    assert (second.published_at, second.published_raw) == (datetime(2026, 3, 13, tzinfo=UTC), "2026-03-13")


def test_what_is_too_much_is_cut() -> None:
    many = parsed(rss("".join(f"<item><guid>{number}</guid></item>" for number in range(MOST_ENTRIES + 5))))
    assert len(many.entries) == MOST_ENTRIES
    (entry,) = parsed(rss(f"<item><guid>1</guid><description>{'word ' * MOST_TEXT_CHARS}</description></item>")).entries
    assert len(entry.text) == MOST_TEXT_CHARS
    items = "".join(f"<item><guid>{n}</guid><description>{'x' * 90_000}</description></item>" for n in range(99))
    bounded = parsed(rss(items))
    assert sum(len(entry.text) for entry in bounded.entries) <= MOST_ALL_CHARS
    assert bounded.left_out == 99 - len(bounded.entries)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\x00\xff\x13garbage", "neither RSS, Atom nor JSON"),
        (b"plain words", "neither RSS, Atom nor JSON"),
        (b"<!DOCTYPE html><html><body>Just a moment</body></html>", "an HTML page, not a feed"),
        (b"<html><head><title>404</title></head></html>", "an HTML page, not a feed"),
        (b'<html><link rel=alternate type="application/rss+xml" href="/rss"></html>', "it names the feed /rss"),
        (b"<?xml version='1.0'?><urlset><url/></urlset>", "a sitemap without news"),
        (b"<sitemapindex><sitemap/></sitemapindex>", "XML of <sitemapindex>"),
        (b'{"a": 1}', "JSON, but no JSON Feed"),
        (b"[1, 2]", "JSON, but no JSON Feed"),
        (b"{broken", "no JSON"),
        (b'{"a":' * 100_000, "no JSON"),
    ],
)
def test_what_is_no_feed_is_told_in_words(body: bytes, words: str) -> None:
    feed = parsed(body)
    assert words in (feed.problem or "")
    assert feed.entries == ()
    assert (feed.problem or "").isprintable()


def test_a_feed_without_entries_is_a_feed() -> None:
    assert parsed(rss("")) == ParsedFeed(title="World")


@pytest.mark.parametrize(
    ("channel", "seconds"),
    [
        ("<ttl>60</ttl>", 3_600),
        ("<ttl>0</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("<ttl>99999999999</ttl>", 604_800),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 1_800),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", 86_400),
        ("<sy:updatePeriod>never</sy:updatePeriod>", None),
    ],
)
def test_how_long_a_feed_may_be_kept_is_read(channel: str, seconds: int | None) -> None:
    space = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    assert parsed(f'<rss version="2.0" {space}><channel>{channel}</channel></rss>').ttl_s == seconds


def test_when_a_feed_asks_not_to_be_polled_is_read() -> None:
    hours = "<skipHours><hour>0</hour><hour> 24 </hour><hour>7</hour></skipHours>"
    feed = parsed(rss("", hours + "<skipDays><day>Sunday</day><day>Someday</day></skipDays>"))
    assert (feed.skip_hours, feed.skip_days) == ({0, 7}, {6})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1251", "koi8-r"])
def test_encodings_are_read(encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>Мир</title></channel></rss>'
    assert parsed(body.encode(encoding)).title == "Мир"


def test_what_would_harm_a_terminal_or_the_store_is_taken_out() -> None:
    (entry,) = parsed(
        rss(
            "<item><guid>g\x1b[2J</guid>"
            "<title>a\x07b &#xD800; &#99999999; &#x110000; &#x202E;d &#128512;</title></item>"
        )
    ).entries
    assert entry.title.isprintable()
    assert entry.title.endswith("😀")
    assert (entry.guid or "").isprintable()


def test_a_file_or_address_in_the_body_is_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text(rss("<item><guid>secret</guid></item>"))
    assert parsed(str(secret)).problem
    entity = f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{secret}">]>'
    (entry,) = parsed(
        f"<?xml version='1.0'?>{entity}" + rss("<item><guid>1</guid><title>&x;</title></item>")[21:]
    ).entries
    assert "secret" not in entry.title


def test_a_json_feed_is_read() -> None:
    item: dict[str, Any] = {
        "id": 7,
        "url": "https://news.example/7",
        "title": "A & B",
        "content_html": "<p>One</p><p>Two</p>",
        "summary": "short",
        "date_published": "2026-03-13T10:00:00+01:00",
        "language": "en",
    }
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "T", "language": "de", "items": [item, 1, {}]}
    feed = parsed("\ufeff" + json.dumps(document))
    assert (feed.title, feed.language, feed.problem, feed.left_out) == ("T", "de", None, 1)
    assert feed.entries == (
        Entry(
            guid="7",
            url="https://news.example/7",
            title="A & B",
            text="One\nTwo",
            published_at=datetime(2026, 3, 13, 9, tzinfo=UTC),
            updated_at=None,
            published_raw="2026-03-13T10:00:00+01:00",
            language="en",
        ),
    )
    document["items"] = "none"
    assert parsed(json.dumps(document)).entries == ()


def real_feeds() -> Iterator[Any]:
    for path in sorted((SHARED / "news").glob("*")):
        yield pytest.param(path, id=path.name)


@pytest.mark.skipif(not SHARED.exists(), reason="the collection of real feeds is not here")
@pytest.mark.parametrize("path", list(real_feeds()))
def test_a_real_feed_gives_its_entries(path: Path) -> None:
    feed = parsed(path.read_bytes())
    assert feed.problem is None
    assert feed.entries
    assert all(entry.title or entry.text for entry in feed.entries)


@pytest.mark.skipif(not SHARED.exists(), reason="the collection of feeds is not here")
def test_two_thousand_odd_feeds_cost_no_exception() -> None:
    paths = [path for suite in ("feedparser", "miniflux") for path in (SHARED / "suites" / suite).rglob("*.*")]
    for path in paths:
        parsed(path.read_bytes(), f"http://127.0.0.1:8097/{path.name}")
    assert len(paths) > 2_000


BOMBS = {
    "laughs": b'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "'
    + b"ha" * 99
    + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 50) for n in range(9))
    + b"]><rss version='2.0'><channel><item><guid>1</guid><title>&j;</title></item></channel></rss>",
    "attributes": b"<rss version='2.0'><channel><item "
    + b" ".join(b"a%d='b'" % n for n in range(60_000))
    + b"/></channel></rss>",
    "depth": b"<rss version='2.0'><channel>" + b"<item>" * 100_000,
    "markup": rss("<item><guid>1</guid><description>" + "&lt;b&gt;" * 900_000 + "</description></item>").encode(),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_a_hostile_document_costs_only_itself(name: str) -> None:
    sandbox = Sandbox(1, 1_000_000_000)
    try:
        with suppress(SandboxError):
            parsed_of(await sandbox.run(parse_feed, URL, BOMBS[name], {}, timeout_s=1))
        good = await sandbox.run(parse_feed, URL, rss("<item><guid>1</guid></item>").encode(), {}, timeout_s=10)
        assert len(parsed_of(good).entries) == 1
    finally:
        await sandbox.close()
