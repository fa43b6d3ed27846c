"""Find the feeds that a site names: those in its page's head, links that look like feeds. Runs in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from lxml import html
from lxml.etree import ParserError, XMLSyntaxError

MOST_FOUND = 12
MOST_URL_CHARS = 2_000
_FEED_TYPES = frozenset(
    {
        *("application/rss+xml", "application/atom+xml", "application/feed+json", "application/json"),
        *("application/rdf+xml", "text/xml", "application/xml"),
    }
)
_LIKE_FEED = re.compile(r"(?:^|[/._-])(?:rss|feeds?|atom|rdf)(?:[/._-]|$)|\.(?:rss|atom|rdf)$", re.IGNORECASE)
_OF_COMMENTS = re.compile(r"comment", re.IGNORECASE)


def feeds_named(page: bytes, url: str) -> list[str]:
    """The addresses that a page names as feeds, declared ones first, those of comments last; each once."""
    try:
        tree = html.fromstring(page)
    except (ParserError, XMLSyntaxError, ValueError):
        return []
    base = next((str(href) for href in tree.xpath("//base/@href")), "")
    found = [*_declared(tree), *_linked(tree)]
    addresses = [_address(urljoin(url, base), href) for href in found]
    unique = list(dict.fromkeys(address for address in addresses if address))
    unique.sort(key=lambda address: bool(_OF_COMMENTS.search(address)))
    return unique[:MOST_FOUND]


def _declared(tree: html.HtmlElement) -> Iterator[str]:
    for link in tree.xpath("//link[@href]"):
        kinds = str(link.get("rel", "")).lower().split()
        kind = str(link.get("type", "")).partition(";")[0].strip().lower()
        if "feed" in kinds or ("alternate" in kinds and kind in _FEED_TYPES):
            yield str(link.get("href"))


def _linked(tree: html.HtmlElement) -> Iterator[str]:
    for link in tree.xpath("//a[@href]"):
        href = str(link.get("href"))
        if _LIKE_FEED.search(href.partition("?")[0].partition("#")[0]):
            yield href


def _address(base: str, href: str) -> str | None:
    try:
        address = urljoin(base, href.strip()).partition("#")[0]
        parts = urlsplit(address)
    except ValueError:
        return None
    sound = parts.scheme in {"http", "https"} and parts.hostname and len(address) <= MOST_URL_CHARS
    return address if sound and address.isprintable() and " " not in address else None
