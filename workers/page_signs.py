"""Tell what a page is by what it says of itself: an article, one behind a paywall, a plea for consent, a live blog.

Runs in the sandbox, on the parsed page. The words are data (`config/pages.toml`); what schema.org's marks in JSON-LD
say goes before them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml.html import HtmlElement

STUB_CHARS = 2_000  # who shows more than this of an article shows enough of it to be read as one
LEAST_CHARS = 200
PLEAS = 3  # so many phrases of a plea for consent in the main text: it is one
MOST_JSON_CHARS = 500_000
MOST_THINGS = 2_000  # of one page's JSON-LD that are looked at
MOST_POSTS = 500
MOST_LOOKED_AT_CHARS = 100_000
_LOCKED = ("locked", "paid", "premium")
_SHOWN_TEXT = "//body//text()[not(ancestor::script or ancestor::style or ancestor::noscript or ancestor::template)]"


@dataclass(frozen=True, slots=True)
class PageSigns:
    """What JSON-LD and meta elements say. `posts` are the texts of a live blog in the order of the page."""

    is_locked: bool = False
    posts: tuple[str, ...] = ()


def signs_of(tree: HtmlElement) -> PageSigns:
    """Read what a page says of itself."""
    things = list(_things(tree))
    free = [thing["isAccessibleForFree"] for thing in things if _is_article(thing) and "isAccessibleForFree" in thing]
    tiers = tree.xpath("//meta[@property='article:content_tier' or @name='article:content_tier']/@content")
    is_locked = any(str(one).lower() in {"false", "no", "0"} for one in free)
    return PageSigns(
        is_locked=is_locked or any(str(tier).strip().lower() in _LOCKED for tier in tiers),
        posts=tuple(_posts(things))[:MOST_POSTS],
    )


def kind_of(tree: HtmlElement, text: str, signs: PageSigns, words: Mapping[str, Sequence[str]]) -> str:
    """What a page with this much text of its own is: "article", "paywall" or "consent"."""
    if len(text) >= STUB_CHARS:
        return "article"
    shown = _shown(tree)
    if signs.is_locked or any(word in shown for word in words.get("paywall", ())):
        return "paywall"
    # A banner about cookies stands on most pages: only a page that has next to nothing else is one about consent.
    pleas = [word for word in words.get("consent", ()) if word in shown]
    asks = sum(word in text.lower() for word in pleas)
    is_plea = asks >= PLEAS or (pleas and len(text) < LEAST_CHARS) or (asks and len(text) < LEAST_CHARS * 2)
    return "consent" if is_plea else "article"


def _shown(tree: HtmlElement) -> str:
    texts = tree.xpath(_SHOWN_TEXT)
    chars, parts = 0, []
    for part in texts:
        parts.append(str(part))
        chars += len(part)
        if chars > MOST_LOOKED_AT_CHARS:
            break
    return " ".join(" ".join(parts).lower().split())


def _is_article(thing: Mapping[str, Any]) -> bool:
    return any(str(kind).endswith(("Article", "Posting", "Report", "WebPage")) for kind in _listed(thing.get("@type")))


def _posts(things: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The texts of the posts of a live blog: when it was written, the headline, the words."""
    for thing in things:
        if "LiveBlogPosting" not in _listed(thing.get("@type")):
            continue
        for post in _listed(thing.get("liveBlogUpdate")):
            if isinstance(post, dict):
                headline, body = (post.get(name) for name in ("headline", "articleBody"))
                words = [part.strip() for part in (headline, body) if isinstance(part, str) and part.strip()]
                if isinstance(body, str) and body.strip():
                    yield "\n".join([*_written_at(post), *dict.fromkeys(words)])


def _written_at(post: Mapping[str, Any]) -> Iterator[str]:
    """The time above a post, as the reader knows it: RFC 3339 on a line of its own; nothing for any other."""
    told = post.get("datePublished")
    try:
        yield datetime.fromisoformat(str(told).strip()).isoformat(timespec="minutes")
    except ValueError:
        return


def _things(tree: HtmlElement) -> Iterator[Mapping[str, Any]]:
    """The objects of the page's JSON-LD, the outer ones first."""
    count = 0
    for script in tree.xpath("//script[@type='application/ld+json']/text()"):
        if len(script) > MOST_JSON_CHARS:
            continue
        try:
            waiting = [json.loads(str(script), strict=False)]
        except (ValueError, RecursionError):
            continue
        while waiting and count < MOST_THINGS:
            one = waiting.pop(0)
            count += 1
            if isinstance(one, list):
                waiting += one[:MOST_THINGS]
            elif isinstance(one, dict):
                yield one
                waiting += _listed(one.get("@graph"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
