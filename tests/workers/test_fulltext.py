from __future__ import annotations

import gzip
import json
import tomllib
from collections import Counter
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.servers import Behaviour, a_site, close_early, ok, redirect
from workers.extraction import MOST_NODES, extract_page
from workers.fulltext import FullText, NoFullText, PageRules, canonical_of, fetch_full_text
from workers.outbound import Outbound, open_outbound
from workers.sandbox import Sandbox

RULES = PageRules.of(tomllib.loads((Path(__file__).parents[2] / "config" / "pages.toml").read_text("utf-8")))
PAGES = Path(__file__).parents[3] / "shared" / "pages"
WORDS = "The minister said on Friday that talks on a truce would go on next week, whatever the other side did. "
PAGE = f"""<!DOCTYPE html><html lang="en-GB"><head><title>Talks go on</title><link rel="canonical" href="/story">
<meta property="og:title" content="Talks &amp; truce"></head><body><nav><a href="/">Home</a></nav>
<article><h1>Talks</h1><p>{WORDS * 2}</p><p>“No,” he said.\x1b[31m {WORDS}</p></article>
<footer>All rights reserved</footer></body></html>"""


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    async with open_outbound([ip_network("127.0.0.1/32")], "trucewatch-test") as opened:
        yield opened


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    opened = Sandbox(1, 1_000_000_000)
    yield opened
    await opened.close()


async def missed(outbound: Outbound, sandbox: Sandbox, page: Behaviour, least_chars: int = 200) -> NoFullText:
    async with a_site({"/": page}) as site:
        found = await fetch_full_text(outbound, sandbox, f"{site.url}/", least_chars=least_chars)
    assert isinstance(found, NoFullText)
    return found


async def test_a_page_gives_its_text_title_address_and_language(outbound: Outbound, sandbox: Sandbox) -> None:
    page = ok(PAGE.encode(), content_type="text/html; charset=utf-8")
    async with a_site({"/a": redirect("/b"), "/b": page}) as site:
        found = await fetch_full_text(outbound, sandbox, f"{site.url}/a")
    assert isinstance(found, FullText)
    assert (found.title, found.canonical_url, found.language) == ("Talks & truce", f"{site.url}/story", "en-gb")
    paragraphs = found.text.split("\n")
    assert [line for line in paragraphs if line.startswith("“No,” he said.")]
    assert "Home" not in found.text
    assert all(line.isprintable() for line in paragraphs)


@pytest.mark.parametrize(
    ("page", "words", "permanent"),
    [
        (ok(b"gone", 404), "answered 404", True),
        (ok(b"later", 503), "answered 503", False),
        (ok(b"%PDF", content_type="application/pdf"), "'application/pdf', not HTML", True),
        (ok(b"", content_type="text/html"), "too little text: 0 of 200", True),
        (ok(b"<html><body><p>Accept cookies</p></body></html>"), "too little text", True),
        (ok(b"\x00\xff\xfe" * 99, content_type="text/html"), "too little text", True),
        (ok(b"<html>" + b"<p>x</p>" * (MOST_NODES + 1)), "elements", True),
        (redirect("http://10.0.0.1/"), "not public", True),
        (redirect("/"), "more than 5 redirects", False),
        (close_early(), "breaks off", False),
    ],
)
async def test_a_page_without_a_text_is_a_reason(
    outbound: Outbound, sandbox: Sandbox, page: Behaviour, words: str, *, permanent: bool
) -> None:
    found = await missed(outbound, sandbox, page)
    assert words in found.reason
    assert found.permanent is permanent


async def test_a_page_with_less_text_than_the_feed_gave_is_none(outbound: Outbound, sandbox: Sandbox) -> None:
    assert "of 9000 characters" in (await missed(outbound, sandbox, ok(PAGE.encode()), least_chars=9_000)).reason


LEAD = "".join(
    f"<p>The minister of district {number} said on Friday that a truce was near, and that more was to be known.</p>"
    for number in range(4)
)
REST = "".join(
    f"<p>In its {number}th year the war has cost the people of the valley all that they had.</p>"
    for number in range(30)
)
FREE = '<script type="application/ld+json">{{"@type": "NewsArticle", "isAccessibleForFree": {}}}</script>'
PLEA = "<h1>We value your privacy</h1><p>We and our partners store and/or access information on a device.</p>" * 3


@pytest.mark.parametrize(
    ("page", "is_excerpt"),
    [
        (f"{LEAD}<p>Subscribe to continue reading. Already a subscriber? Log in</p>", True),
        (FREE.format("false") + LEAD, True),
        (FREE.format('"False"') + LEAD, True),
        (FREE.format("true") + LEAD, False),
        (FREE.format("false") + LEAD + REST, False),
        (f"{LEAD}<footer>We use cookies. Accept cookies</footer>", False),
        ("<script type='application/ld+json'>{broken</script>" + LEAD, False),
    ],
)
async def test_what_a_paywall_leaves_to_be_read_is_an_excerpt(
    outbound: Outbound, sandbox: Sandbox, page: str, *, is_excerpt: bool
) -> None:
    body = f"<html><body><article><h1>Truce</h1>{page}</article></body></html>"
    async with a_site({"/": ok(body.encode(), content_type="text/html")}) as site:
        found = await fetch_full_text(outbound, sandbox, f"{site.url}/", rules=RULES)
    assert isinstance(found, FullText)
    assert found.is_excerpt is is_excerpt


@pytest.mark.parametrize("page", [PLEA, "<div>Before you continue</div>", f"<script>x</script>{PLEA}"])
async def test_a_plea_for_consent_is_never_read_as_an_article(outbound: Outbound, sandbox: Sandbox, page: str) -> None:
    async with a_site({"/": ok(f"<html><body>{page}</body></html>".encode())}) as site:
        found = await fetch_full_text(outbound, sandbox, f"{site.url}/", rules=RULES)
    assert isinstance(found, NoFullText)
    assert (found.kind, found.permanent) == ("consent", True)


async def test_a_reader_who_is_sent_to_a_host_for_consent_gets_no_text(outbound: Outbound, sandbox: Sandbox) -> None:
    async with a_site({"/b": ok(PAGE.encode())}) as site:
        site.pages["/a"] = redirect("/b")
        rules = PageRules({}, ("127.",))
        found = await fetch_full_text(outbound, sandbox, f"{site.url}/a", rules=rules)
    assert isinstance(found, NoFullText)
    assert found.kind == "consent"


def test_rules_that_are_none_are_refused() -> None:
    for data in ({}, {"paywall": {"words": "x"}}, {"paywall": {"words": [1]}, "consent": {"words": [], "hosts": []}}):
        with pytest.raises(ValueError, match="must be a list of words"):
            PageRules.of(data)


def test_a_live_blog_is_one_text_of_its_posts() -> None:
    posts = [
        {"@type": "BlogPosting", "headline": f"Post {number}", "articleBody": f"Words of post {number}. {WORDS}"}
        for number in range(5)
    ]
    posts[0]["datePublished"], posts[1]["datePublished"] = "2025-03-14T10:15:30Z", "this morning"
    data = {"@graph": [{"@type": "LiveBlogPosting", "liveBlogUpdate": [*posts, "none", {"headline": "only"}]}]}
    page = f"<html><script type='application/ld+json'>{json.dumps(data)}</script><body><p>Live</p></body></html>"
    text = extract_page(page.encode(), "https://news.example/live")["text"]
    assert [line for line in text.split("\n") if line.startswith("Post")] == [f"Post {number}" for number in range(5)]
    assert text.count("talks on a truce") == 5
    assert text.startswith("2025-03-14T10:15+00:00\nPost 0\n")
    assert "morning" not in text


@pytest.mark.parametrize(
    ("canonical", "expected"),
    [
        ("https://news.example/world/truce#top", "https://news.example/world/truce"),
        ("https://www.news.example/a", "https://www.news.example/a"),
        ("https://other.example/a", "https://amp.news.example/a?amp=1"),
        ("https://news.example/", "https://amp.news.example/a?amp=1"),
        (None, "https://amp.news.example/a?amp=1"),
    ],
)
def test_the_address_that_a_page_gives_as_its_own_is_taken_when_it_is_of_its_site(
    canonical: str | None, expected: str
) -> None:
    url = "https://amp.news.example/a?amp=1"
    assert canonical_of(FullText("words", url, canonical_url=canonical), url) == expected


async def test_a_page_that_keeps_the_parser_busy_is_a_reason(outbound: Outbound) -> None:
    sandbox = Sandbox(1, 100_000_000)  # too little for trafilatura to be loaded in
    try:
        assert "cannot be read" in (await missed(outbound, sandbox, ok(PAGE.encode()))).reason
    finally:
        await sandbox.close()


def test_what_a_page_says_of_itself_is_bounded_and_clean() -> None:
    head = f"<html lang='{'x' * 99}'><title>{'t&#7;' * 9_000}</title>"
    page = head + "<link rel=canonical href='javascript:x'><p>&#xD800;a"
    found = extract_page(page.encode(), "https://news.example/a")
    assert (len(found["language"]), len(found["title"]), found["canonical_url"]) == (20, 1_000, "")
    json.dumps(found, ensure_ascii=False).encode()


@pytest.mark.skipif(not PAGES.exists(), reason="the collection of annotated pages is not here")
def test_the_text_of_real_pages_is_found() -> None:
    truth = json.loads((PAGES / "ground-truth.json").read_text())
    scores = []
    for name, known in list(truth.items())[::6]:
        page = gzip.decompress((PAGES / "html" / f"{name}.html.gz").read_bytes())
        scores.append(overlap(known["articleBody"], extract_page(page, known["url"])["text"]))
    assert sum(scores) / len(scores) > 0.92


def overlap(expected: str, found: str) -> float:
    """The F1 of the words of two texts, in fours."""
    one, two = (
        Counter(zip(*(text.lower().split()[start:] for start in range(4)), strict=False)) for text in (expected, found)
    )
    common = sum((one & two).values())
    return 2 * common / (sum(one.values()) + sum(two.values())) if common else 0.0
