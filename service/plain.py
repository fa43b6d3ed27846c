"""The plain text of markup: paragraphs parted by newlines, nothing that is not read aloud. Pure."""

from __future__ import annotations

import re
from html import unescape

from lxml import etree

MOST_MARKUP_CHARS = 1_000_000  # of one entry; the longest of 31 real feeds has 48,315
_MARKUP = re.compile(r"<[A-Za-z!/?]|&#?\w+;")
_TAG = re.compile(r"<[A-Za-z!/?]")
_BLOCKS = frozenset({
    *("address", "article", "aside", "blockquote", "body", "br", "center", "dd", "details", "div", "dl", "dt"),
    *("fieldset", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav"),
    *("ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"),
})  # fmt: skip
_CELLS = frozenset({"td", "th"})
_SILENT = frozenset({
    *("audio", "button", "canvas", "figcaption", "head", "iframe", "noscript", "object", "script", "select", "style"),
    *("svg", "template", "textarea", "video"),
})  # fmt: skip
_ENDS = tuple(".!?:;…\"'”’»)]")  # noqa: RUF001 - quote marks are meant
_UNWANTED = re.compile(
    "["
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls, but for white space
    r"\xad\u200b\u2060\ufeff"  # soft hyphens and zero widths, which cut words apart
    r"\u200e\u200f\u202a-\u202e\u2066-\u2069"  # directions of writing
    "]+"
)


def plain_text(markup: str) -> str:
    """The text of a piece of HTML, or of text that may hold some; empty when there is none."""
    if not _TAG.search(markup):
        text = unescape(markup) if "&" in markup else markup
        return tidy(_unwrapped(text))
    return tidy("".join(_pieces(markup[:MOST_MARKUP_CHARS])))


def plain_line(markup: str) -> str:
    """The text of a title: one line."""
    text = plain_text(markup) if _MARKUP.search(markup) else tidy(markup)
    return " ".join(text.split())


def tidy(text: str) -> str:
    """Paragraphs without empty ones, doubled spaces, characters that cannot be seen, or half surrogates."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    lines = (" ".join(line.split()) for line in _UNWANTED.sub("", text).splitlines())
    return "\n".join(line for line in lines if line)


def _unwrapped(text: str) -> str:
    """Text without markup, its lines joined where they were only wrapped: a paragraph ends with a sentence."""
    joined: list[str] = []
    for line in (line.strip() for line in text.splitlines()):
        if line and joined and joined[-1] and not joined[-1].endswith(_ENDS):
            joined[-1] += f" {line}"
        else:
            joined.append(line)
    return "\n".join(joined)


def _pieces(markup: str) -> list[str]:
    """The pieces of text of an HTML fragment, with a newline where a block begins or ends."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = etree.fromstring(markup.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:  # nothing but comments, for one
        return []
    pieces: list[str] = []
    if root is None:
        return pieces
    silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        if event == "start":
            silent += tag in _SILENT
            words = element.text
        else:
            silent -= tag in _SILENT
            words = element.tail
        if tag in _BLOCKS:
            pieces.append("\n")
        elif tag in _CELLS:
            pieces.append(" ")
        if words and not silent:
            pieces.append(" ".join(f"|{words}|".split())[1:-1])
    return pieces
