from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.servers import Behaviour, a_site, close_early, ok, redirect
from workers.extraction import MOST_NODES, extract_page
from workers.fulltext import FullText, NoFullText, fetch_full_text
from workers.outbound import Outbound, open_outbound
from workers.sandbox import Sandbox

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
