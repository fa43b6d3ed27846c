"""OPML, the format in which feed readers exchange their lists (http://opml.org/spec2.opml). Pure.

The text may come from anyone: a document type is refused, so that no entity is ever expanded; nesting costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from workers.domain.article import Feed

# The attribute by which our own exports carry a feed's tier; other programs ignore it.
TIER = "tier"
_ADDRESS = re.compile(r"\w+:/|www\.", re.IGNORECASE)
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class OpmlError(ValueError):
    """A text is no OPML that we read; the message says why and at which line."""


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed of an OPML text. `title` is None when there is none, or only an address; `line` counts from 1."""

    url: str
    title: str | None
    tier: str | None
    line: int


def parse_opml(text: str) -> list[Outline]:
    """List the outlines that have an `xmlUrl`, at any depth, in order. Raises OpmlError."""
    outlines: list[Outline] = []
    roots: list[str] = []
    parser = expat.ParserCreate("utf-8")

    def begin(name: str, attributes: dict[str, str]) -> None:
        if not roots:
            roots.append(name)
        folded = {key.lower(): value.strip() for key, value in attributes.items()}
        if name.lower() == "outline" and folded.get("xmlurl"):
            outlines.append(_outline(folded, parser.CurrentLineNumber))

    def refuse(*_: object) -> None:
        raise OpmlError(f"line {parser.CurrentLineNumber}: a DOCTYPE is not allowed")

    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.removeprefix("\ufeff").encode("utf-8", "replace"), True)  # noqa: FBT003 its only spelling
    except expat.ExpatError as error:
        raise OpmlError(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error
    if roots[0].lower() != "opml":
        raise OpmlError(f"line 1: the root is <{roots[0][:40]}>, not <opml>")
    return outlines


def format_opml(feeds: Iterable[Feed], title: str) -> str:
    """Write feeds as OPML 2.0 that `parse_opml` reads back, tiers included."""
    lines = [_line(feed) for feed in feeds]
    head = f"  <head><title>{escape(_NOT_IN_XML.sub('', title))}</title></head>"
    top = ['<?xml version="1.0" encoding="UTF-8"?>', '<opml version="2.0">', head, "  <body>"]
    return "\n".join([*top, *lines, "  </body>", "</opml>", ""])


def _line(feed: Feed) -> str:
    publisher, url = _attribute(feed.publisher), _attribute(feed.url)
    return f'    <outline type="rss" text={publisher} xmlUrl={url} {TIER}="{feed.tier}"/>'


def _outline(attributes: dict[str, str], line: int) -> Outline:
    names = (attributes.get("title"), attributes.get("text"))
    title = next((name for name in names if name and not _ADDRESS.match(name)), None)
    return Outline(url=attributes["xmlurl"], title=title, tier=attributes.get(TIER) or None, line=line)


def _attribute(value: str) -> str:
    return quoteattr(_NOT_IN_XML.sub("", value))
