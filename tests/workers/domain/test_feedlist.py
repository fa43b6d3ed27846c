"""Lists of feeds in every form that an operator may write."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.domain.article import Feed, Tier
from workers.domain.feedlist import (
    FeedListError,
    fault_of_url,
    feed_id,
    parse_feeds_file,
    parse_feeds_setting,
    parse_feeds_toml,
)
from workers.domain.opml import format_opml, parse_opml

LISTS = Path(__file__).parents[4] / "shared" / "feeds"

WIRE = Feed(feed_id("https://wire.example/rss"), "https://wire.example/rss", "The Wire", Tier.WIRE)
OPML = """<?xml version="1.0" encoding="utf-8"?>
<opml version="2.0"><head><title>x</title></head><body>
  <outline text="News">
    <outline type="rss" text="The &amp; Post" xmlUrl="https://post.example/feed?a=1&amp;b=2"/>
    <outline type="rss" text="https://bare.example/rss" xmlUrl="https://bare.example/rss"/>
  </outline>
  <outline text="a folder only"/>
  <outline title="Gov" text="g" xmlURL="http://gov.example/" tier="official"/>
</body></opml>"""


def no_file(path: str) -> str:
    raise AssertionError(f"{path} is read")


def files(**texts: str) -> Callable[[str], str]:
    def read(path: str) -> str:
        try:
            return texts[path.replace(".", "_")]
        except KeyError:
            raise FileNotFoundError(2, "No such file or directory", path) from None

    return read


def problems_of(value: str, read_file: Callable[[str], str] = no_file) -> tuple[str, ...]:
    with pytest.raises(FeedListError) as caught:
        parse_feeds_setting(value, read_file)
    return caught.value.problems


def test_addresses_are_parted_by_any_white_space_and_count_once() -> None:
    value = " https://a.example/rss\n\thttps://b.example/rss https://A.example:443/rss "
    feeds = parse_feeds_setting(value, no_file)
    assert [feed.url for feed in feeds] == ["https://a.example/rss", "https://b.example/rss"]
    assert {(feed.tier, feed.origin) for feed in feeds} == {(Tier.MAJOR, "setting")}
    assert [feed.publisher for feed in feeds] == ["a.example", "b.example"]


def test_a_known_address_takes_its_publisher_and_tier() -> None:
    (feed,) = parse_feeds_setting("https://WIRE.example/rss", no_file, [WIRE])
    assert (feed.publisher, feed.tier, feed.feed_id) == ("The Wire", Tier.WIRE, WIRE.feed_id)


def test_another_feed_of_a_known_host_is_the_same_publishers() -> None:
    (feed,) = parse_feeds_setting("https://wire.example/sport", no_file, [WIRE])
    assert (feed.publisher, feed.tier) == ("The Wire", Tier.WIRE)


def test_a_host_that_several_publishers_share_lends_no_name() -> None:
    other = Feed("x", "https://wire.example/two", "Two", Tier.MAJOR)
    (feed,) = parse_feeds_setting("https://wire.example/three", no_file, [WIRE, other])
    assert (feed.publisher, feed.tier) == ("wire.example", Tier.MAJOR)


def test_json_may_mix_addresses_and_objects() -> None:
    value = '["https://a.example/rss", {"url": "https://b.example/rss", "publisher": "B", "tier": "other"}]'
    one, two = parse_feeds_setting(value, no_file)
    assert (one.publisher, one.tier) == ("a.example", Tier.MAJOR)
    assert (two.publisher, two.tier) == ("B", Tier.OTHER)


def test_a_path_may_lead_to_opml_with_folders_titles_and_tiers() -> None:
    post, bare, gov = parse_feeds_setting("my feeds.opml", lambda _: OPML)
    assert (post.url, post.publisher, post.tier) == ("https://post.example/feed?a=1&b=2", "The & Post", Tier.MAJOR)
    assert bare.publisher == "bare.example"
    assert (gov.publisher, gov.tier) == ("Gov", Tier.OFFICIAL)


def test_a_path_may_lead_to_toml() -> None:
    text = 'version = 1\n[[feed]]\nurl = "https://a.example/"\npublisher = "A"\ntier = "wire"\n'
    (feed,) = parse_feeds_setting("feeds.toml", files(feeds_toml=text))
    assert (feed.publisher, feed.tier, feed.origin) == ("A", Tier.WIRE, "setting")


def test_opml_that_is_written_is_read_back() -> None:
    feeds = parse_feeds_file(OPML, "x.opml")
    again = parse_feeds_file(format_opml(feeds, "Our <feeds>"), "y.opml")
    assert again == feeds


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "names no feed"),
        ("[]", "names no feed"),
        ("ftp://a.example/rss", "address 1: 'ftp://a.example/rss' must begin with http:// or https://"),
        ("https://a.example/ b.example/rss", "address 2: 'b.example/rss' must begin with http://"),
        ("https:///rss", "has no host"),
        ("https://a.example:0x/", "is no address"),
        ("https://[::1/", "is no address"),
        ("https://me:secret@a.example/rss", "must not carry a user name or password"),
        ('["https://a.example/rss", 7]', "entry 2: must be an address or an object, not 7"),
        ('["https://a.example/rss"', "is no JSON array"),
        ("[" * 100_000, "is no JSON array"),
        ('[{"publisher": "A"}]', "entry 1: url is missing"),
        ('[{"url": "https://a.example/", "tier": "best"}]', "allowed are official, wire, major, other"),
        ('[{"url": "https://a.example/", "rank": 1}]', "unknown key 'rank'; allowed are url, publisher"),
        ('[{"url": "https://a.example/", "publisher": "A\\u0007"}]', "no control characters"),
        ('[{"url": 5}]', "url must be a text, not 5"),
        ("gone.toml", "gone.toml: cannot be read (No such file or directory); expected addresses"),
    ],
)
def test_a_faulty_setting_is_named_with_what_is_allowed(value: str, expected: str) -> None:
    (problem,) = problems_of(value, files())
    assert expected in problem
    assert problem.startswith("TRUCEWATCH_FEEDS")


def test_every_faulty_address_is_named_at_once() -> None:
    assert len(problems_of("ftp://a https://b.example/ gopher://c")) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<!DOCTYPE opml [<!ENTITY a "b">]><opml/>', "line 1: a DOCTYPE is not allowed"),
        ('<?xml version="1.0"?>\n<!doctype x><opml/>', "line 2"),
        ("<opml><body>", "line 1: no element found"),
        ("<rss><channel/></rss>", "the root is <rss>, not <opml>"),
        ("<" + "opml>" + "<outline>" * 50_000, "no element found"),
        ("<opml><outline xmlUrl='javascript:x'/></opml>", "line 1: 'javascript:x' must begin with http://"),
        ("url = 'https://a.example/'", "version must be 1"),
        ("not a list", "is neither OPML nor TOML"),
        ("\x00", "is neither OPML nor TOML"),
        ("version = 1\nfeed = 3", "there must be [[feed]] tables"),
        ("version = 1\n[[feed]]\nurl = 'https://a.example/'", "feed 1: publisher is missing"),
    ],
)
def test_a_faulty_file_is_named_with_its_line(text: str, expected: str) -> None:
    with pytest.raises(FeedListError) as caught:
        parse_feeds_file(text, "list.opml")
    assert any(expected in problem and problem.startswith("list.opml") for problem in caught.value.problems)


def test_a_file_that_is_no_text_is_named() -> None:
    def read(_: str) -> str:
        return b"\xff".decode()

    (problem,) = problems_of("feeds.bin", read)
    assert "is no UTF-8 text" in problem


def test_toml_refuses_a_feed_that_is_listed_twice() -> None:
    entry = '[[feed]]\nurl = "https://a.example"\npublisher = "A"\ntier = "wire"\n'
    with pytest.raises(FeedListError, match=r"feed 2: 'https://a\.example' is listed already"):
        parse_feeds_toml(tomllib.loads("version = 1\n" + entry + entry))


def test_an_address_with_characters_to_escape_is_mended_as_browsers_do() -> None:
    (feed,) = parse_feeds_file("<opml><outline xmlUrl='https://a.example/x y?q=[a|b]'/></opml>", "x")
    assert feed.url == "https://a.example/x%20y?q=[a%7Cb]"


def test_a_feeds_id_forgets_what_makes_no_difference() -> None:
    same = {"HTTPS://a.example", "https://A.example/", "https://a.example:443/", "https://a.example/#x"}
    assert len({feed_id(url) for url in same}) == 1
    different = {"https://a.example/", "http://a.example/", "https://a.example:444/", "https://a.example/?a"}
    assert len({feed_id(url) for url in different}) == 4


@given(st.text())
def test_no_text_breaks_the_reading_of_a_setting(value: str) -> None:
    with suppress(FeedListError):
        assert parse_feeds_setting(value, files())


@given(st.text())
def test_no_address_breaks_its_examination(url: str) -> None:
    if fault_of_url(url) is None:
        assert len(feed_id(url)) == 12


@pytest.mark.skipif(not LISTS.is_dir(), reason="the collected feed lists are not here")
def test_lists_from_the_wild_are_read() -> None:
    text = (LISTS / "feedlists" / "kite_world_conflict.opml").read_text()
    assert len(parse_feeds_file(text, "kite")) > 1_000
    read = [
        parse_opml(file.read_text("utf-8"))
        for file in (LISTS / "suites" / "listparser-opml").rglob("*.opml")
        if b"DOCTYPE" not in file.read_bytes() and file.stem.startswith("well")
    ]
    assert all(isinstance(outlines, list) for outlines in read)
