from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.entries import (
    MOST_REVISIONS,
    Known,
    UrlRules,
    article_id,
    article_of,
    articles_of,
    canonical_url,
    content_hash,
    new_articles,
)
from workers.domain.article import Article, Entry, Feed, Tier

NOW = datetime(2026, 3, 13, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EARLIER = NOW - timedelta(days=1)
BASE = "https://news.example/feeds/world.xml"
RULES = UrlRules.of(tomllib.loads((Path(__file__).parents[2] / "config" / "urls.toml").read_text()))
FEED = Feed("f1", BASE, "The News", Tier.MAJOR, added_at=EARLIER)
WIRE = Feed("f2", "https://wire.example/rss", "The Wire", Tier.WIRE)
BLOG = Feed("f3", "https://blog.example/rss", "A Blog", Tier.OTHER)


def an_entry(**named: Any) -> Entry:
    parts: dict[str, Any] = {
        "guid": "n1",
        "url": "https://news.example/a",
        "title": "A title",
        "text": "A text.",
        "published_at": EARLIER,
        "updated_at": None,
    }
    return Entry(**(parts | named))


def an_article(feed: Feed = FEED, **named: Any) -> Article:
    return article_of(an_entry(**named), feed, RULES, NOW)


def known_of(article: Article, words: str | None, **named: Any) -> dict[str, Known]:
    known = Known(words, article.revision, article.fetched_at, article.feed_id, article.tier)
    return {article.article_id: replace(known, **named)}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://News.Example:443/a?b=1#c", "https://news.example/a?b=1"),
        ("http://news.example:80", "http://news.example/"),
        ("http://news.example:8080/a", "http://news.example:8080/a"),
        ("/a", "https://news.example/a"),
        ("../a b", "https://news.example/a%20b"),
        ("//other.example./a", "https://other.example/a"),
        ("https://u:p@news.example/a", "https://news.example/a"),
        ("https://news.example/a?utm_source=x&id=7&UTM_Medium=y&fbclid=z", "https://news.example/a?id=7"),
        ("https://news.example/a?at_medium=RSS&at_campaign=rss", "https://news.example/a"),
        ("https://news.example/a?q=%D0%BC%E8r&ref=home", "https://news.example/a?q=%D0%BC%E8r"),
        ("https://news.example/a?refinery=1", "https://news.example/a?refinery=1"),
        ("https://news.example/é?ü=ö", "https://news.example/%C3%A9?%C3%BC=%C3%B6"),
        ('https://news.example/"><script>', "https://news.example/%22%3E%3Cscript%3E"),
        ("https://[2606:4700::1111]/a", "https://[2606:4700::1111]/a"),
        (" https://news.example/a\n", "https://news.example/a"),
        ("javascript:alert(1)", None),
        ("ftp://news.example/a", None),
        ("mailto:a@b.example", None),
        ("https://[::1", None),
        ("https://a.example:port/", None),
        ("data:text/html,x", None),
    ],
)
def test_an_address_has_one_spelling(url: str, expected: str | None) -> None:
    assert canonical_url(url, BASE, RULES) == expected


@given(st.text(max_size=60))
def test_cleaning_an_address_twice_changes_nothing_more(url: str) -> None:
    once = canonical_url(url, BASE, RULES)
    assert once is None or canonical_url(once, BASE, RULES) == once


def test_an_article_is_known_by_its_address_whichever_feed_brings_it_and_however_it_is_spelled() -> None:
    spellings = (
        "https://news.example/a?b=1&c=2",
        "http://www.news.example/a/?c=2&b=1&utm_source=rss#x",
        "https://NEWS.example/a?b=1&c=2",
    )
    ids = {
        an_article(feed, url=url, guid=str(number)).article_id
        for number, url in enumerate(spellings)
        for feed in (FEED, WIRE)
    }
    assert len(ids) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://m.news.example/world/truce",
        "https://amp.news.example/world/truce",
        "https://mobile.news.example/world/truce/",
        "https://news.example/world/truce/amp",
        "https://news.example/world/truce/amp/",
        "https://news.example/world/truce.amp",
        "https://news.example/world/truce?amp",
        "https://news.example/world/truce?outputType=amp&utm_source=x",
        "https://www.google.com/amp/s/news.example/world/truce",
        "https://news-example.cdn.ampproject.org/c/s/news.example/world/truce?amp=1",
    ],
)
def test_pages_for_telephones_are_the_same_article(url: str) -> None:
    assert an_article(url=url).article_id == an_article(url="https://www.news.example/world/truce").article_id


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/world/truce-amp",
        "https://news.example/world/camp",
        "https://m.example/world/truce",
        "https://www.google.com/amp/s/nothing",
        "https://notgoogle.com/amp/s/news.example/world/truce",
        "https://news.example/world/truce?amplifier=1",
    ],
)
def test_what_only_looks_like_a_page_for_telephones_is_an_article_of_its_own(url: str) -> None:
    assert an_article(url=url).article_id != an_article(url="https://news.example/world/truce").article_id
    assert canonical_url(url, BASE, RULES) == url


def test_a_cached_page_is_asked_for_where_it_comes_from() -> None:
    cached = "https://news-example.cdn.ampproject.org/c/s/news.example/world/truce?id=7&amp=1"
    assert canonical_url(cached, BASE, RULES) == "https://news.example/world/truce?id=7"


def test_a_live_blog_is_one_article_with_posts() -> None:
    page = "https://news.example/live/truce"
    posts = [
        an_entry(
            guid=f"p{n}", url=f"{page}#post-{n}", title=f"Post {n}", text=f"Words {n}.", published_at=NOW - n * HOUR
        )
        for n in range(3)
    ]
    other = an_entry(guid="o", url="https://news.example/b#comments")
    found = list(articles_of([*posts, other], FEED, RULES, NOW).values())
    (blog, words), (single, _) = found
    assert (blog.url, blog.posts, blog.published_at) == (page, 3, NOW - 2 * HOUR)
    assert blog.text.splitlines() == ["Post 0", "Words 0.", "Post 1", "Words 1.", "Post 2", "Words 2."]
    assert (single.url, single.posts) == ("https://news.example/b", 0)
    more = articles_of([an_entry(guid="p9", url=f"{page}#post-9", text="More."), *posts], FEED, RULES, NOW)
    (revised,) = new_articles(more, FEED, known_of(blog, words, revision=MOST_REVISIONS + 5))
    assert (revised.revision, revised.posts) == (MOST_REVISIONS + 6, 4)


def test_a_date_far_ahead_gives_way_to_that_of_the_last_change() -> None:
    assert an_article(published_at=NOW + timedelta(days=30), updated_at=EARLIER).published_at == EARLIER
    assert an_article(published_at=NOW + timedelta(hours=3), updated_at=EARLIER).published_at == NOW


def test_an_article_without_an_address_of_its_own_is_known_by_its_guid_within_the_feed() -> None:
    assert an_article(url=None).article_id != an_article(url=None, guid="n2").article_id
    assert an_article(url=None).article_id != an_article(WIRE, url=None).article_id
    assert an_article(url="https://news.example/").article_id == an_article(url=None).article_id
    assert an_article(url=None, guid="https://news.example/a").article_id == an_article().article_id
    assert article_id(None, None, "f1") is None


def test_the_title_and_text_do_not_tell_articles_apart_but_revisions() -> None:
    assert an_article(title="Another").article_id == an_article().article_id
    assert content_hash(an_entry(title="Another")) != content_hash(an_entry())
    assert content_hash(an_entry(text="A \n text.", published_at=NOW)) == content_hash(an_entry())


def test_an_article_carries_what_the_feed_gave() -> None:
    article = an_article(language="en")
    assert article.url == "https://news.example/a"
    assert (article.publisher, article.tier, article.feed_id, article.feed_added_at) == (
        "The News",
        Tier.MAJOR,
        "f1",
        EARLIER,
    )
    assert (article.published_at, article.fetched_at, article.revision, article.language) == (EARLIER, NOW, 1, "en")


@pytest.mark.parametrize(
    ("published", "updated", "expected"),
    [
        (EARLIER, NOW, EARLIER),
        (None, EARLIER, EARLIER),
        (None, None, None),
        (NOW + timedelta(days=400), None, NOW),
        (NOW + timedelta(seconds=1), None, NOW),
        (datetime(1970, 1, 1, tzinfo=UTC), None, None),
        (datetime(1970, 1, 1, tzinfo=UTC), EARLIER, EARLIER),
        (datetime(1989, 12, 31, tzinfo=UTC), None, None),
    ],
)
def test_a_date_is_never_in_the_future_nor_before_the_web(
    published: datetime | None, updated: datetime | None, expected: datetime | None
) -> None:
    assert an_article(published_at=published, updated_at=updated).published_at == expected


def test_an_article_that_is_twice_in_a_document_is_taken_once_the_first_time() -> None:
    entries = [an_entry(title="new"), an_entry(guid="n2", title="old"), an_entry(url="https://news.example/b")]
    found = articles_of(entries, FEED, RULES, NOW)
    assert [article.title for article, _ in found.values()] == ["new", "A title"]


def test_entries_that_all_give_one_address_are_known_by_their_guids() -> None:
    entries = [an_entry(guid=f"n{number}", title=str(number)) for number in range(5)]
    found = articles_of(entries, FEED, RULES, NOW)
    assert [article.title for article, _ in found.values()] == ["0", "1", "2", "3", "4"]
    assert {article.url for article, _ in found.values()} == {"https://news.example/a"}


def test_one_guid_on_every_entry_hides_none_of_them() -> None:
    entries = [an_entry(guid="same", url=f"https://news.example/{number}") for number in range(5)]
    assert len(articles_of(entries, FEED, RULES, NOW)) == 5


def test_what_is_not_known_is_new_and_what_is_unchanged_is_not() -> None:
    found = articles_of([an_entry()], FEED, RULES, NOW)
    ((article, words),) = found.values()
    assert new_articles(found, FEED, {}) == [article]
    assert new_articles(found, FEED, known_of(article, words)) == []


def test_changed_words_are_a_new_revision_first_fetched_when_the_article_was() -> None:
    found = articles_of([an_entry(text="Other words.")], FEED, RULES, NOW)
    (revised,) = new_articles(found, FEED, known_of(an_article(), "before", revision=3, fetched_at=EARLIER))
    assert (revised.revision, revised.fetched_at, revised.text) == (4, EARLIER, "Other words.")


def test_an_entry_that_never_stops_changing_is_let_alone() -> None:
    found = articles_of([an_entry()], FEED, RULES, NOW)
    assert new_articles(found, FEED, known_of(an_article(), "before", revision=MOST_REVISIONS)) == []


@pytest.mark.parametrize("before", [None, "what it said before"])
def test_another_feed_revises_nothing(before: str | None) -> None:
    for other in (WIRE, BLOG, replace(FEED, feed_id="f9")):
        found = articles_of([an_entry(text="Putin never said so.")], other, RULES, NOW)
        assert new_articles(found, other, known_of(an_article(), before)) == []


def test_a_known_publisher_takes_an_article_over_from_an_unknown_one() -> None:
    blogged = an_article(BLOG, text="made up")
    found = articles_of([an_entry()], FEED, RULES, NOW)
    (taken,) = new_articles(found, FEED, known_of(blogged, None, fetched_at=EARLIER))
    assert (taken.feed_id, taken.revision, taken.text, taken.fetched_at) == ("f1", 2, "A text.", EARLIER)
    again = articles_of([an_entry(text="made up again")], BLOG, RULES, NOW)
    assert new_articles(again, BLOG, known_of(taken, "made up")) == []


def test_rules_that_are_none_are_refused() -> None:
    for data in ({}, {"tracking_parameters": "utm_*"}, {"tracking_parameters": [1]}):
        with pytest.raises(ValueError, match="tracking_parameters"):
            UrlRules.of(data)
    assert (
        canonical_url("https://a.example/?x=1", BASE, UrlRules.of({"tracking_parameters": []}))
        == "https://a.example/?x=1"
    )
