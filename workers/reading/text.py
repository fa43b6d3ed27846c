"""Part an article's text into paragraphs, telling its own words from the page's furniture.

Never raises and changes no offset: every paragraph names characters of the text it was given. A paragraph is bounded in
size, so that a text of one endless line costs no more than one of many.
"""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.reading.speech import PageWords

MAX_PARAGRAPH_CHARS = 6_000  # ten times a long newspaper paragraph; the parser's memory grows with it
HARD_WRAP_MIN_CHARS = 45  # a shorter line that ends without a full stop is a heading, not a wrapped line
HEADING_MAX_WORDS = 14
CAPTION_MAX_WORDS = 70
BYLINE_MAX_WORDS = 12
DATELINE_MAX_WORDS = 9

_LINE = re.compile(r"[^\n\r\u2028\u2029\x0b\x0c\x85]+")
_TITLE_PART = re.compile(r"\s*[:|]\s+|\s+[|–—-]\s+")
_TERMINAL = re.compile(r"[.!?…:;][\"'”’»)\]]*$")
_SENTENCE_GAP = re.compile(r"[.!?…][\"'”’»)\]]*\s+|\s+")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_CLOCK = r"\d{1,2}[:.]\d\d(?::\d\d)?\s?(?:[ap]\.?m\.?)?(?:\s\(?[a-z]{1,4}\)?)?"
_DATE = rf"(?:\d{{1,2}} {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{1,2}}(?:, \d{{4}})?|today|yesterday)"
_TIME_LINE = re.compile(
    rf"(?:\d{{4}}-\d\d-\d\d[t ]\d\d:\d\d\S*(?:\s?[+-]\d\d:?\d\d)?|(?:{_DATE},?\s(?:at\s)?)?{_CLOCK}(?:,?\s{_DATE})?)"
)
_EDGE = " \t\u00a0\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"


class ParagraphKind(StrEnum):
    """What a paragraph is on its page."""

    BODY = "body"
    HEADING = "heading"
    DATELINE = "dateline"
    BYLINE = "byline"
    CAPTION = "caption"
    FURNITURE = "furniture"
    POST = "post"  # the time above a live blog's post


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A stretch of the text, `text[start:end]`, with no white space at its edges. Never empty."""

    start: int
    end: int
    kind: ParagraphKind


def paragraphs(text: str, page: PageWords) -> tuple[Paragraph, ...]:
    """Part `text` at its line breaks, in order; wrapped lines are joined, endless ones split."""
    found: list[Paragraph] = []
    for start, end in _joined(text, list(_lines(text))):
        kind = _kind(text[start:end], page)
        found.extend(Paragraph(a, b, kind) for a, b in _bounded(text, start, end))
    return tuple(found)


def is_opinion(title: str, page: PageWords) -> bool:
    """Tell a column, an editorial or a review of the press by the label that its title begins or ends with."""
    first, *rest = (part.strip(" .").lower() for part in _TITLE_PART.split(title))
    return bool(rest) and (first in page.opinion_labels or rest[-1] in page.opinion_labels)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    for match in _LINE.finditer(text):
        start, end = match.span()
        while start < end and (text[start] in _EDGE or text[start].isspace()):
            start += 1
        while start < end and (text[end - 1] in _EDGE or text[end - 1].isspace()):
            end -= 1
        if start < end:
            yield start, end


def _joined(text: str, lines: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join lines that were broken inside a sentence (texts wrapped at a fixed width)."""
    index = 0
    while index < len(lines):
        start, end = lines[index]
        while index + 1 < len(lines) and _wrapped(text, lines[index], lines[index + 1]):
            index += 1
            end = lines[index][1]
        yield start, end
        index += 1


def _wrapped(text: str, line: tuple[int, int], after: tuple[int, int]) -> bool:
    gap = text[line[1] : after[0]]
    return (
        line[1] - line[0] >= HARD_WRAP_MIN_CHARS
        and gap.count("\n") == 1
        and text[after[0]].islower()
        and not _TERMINAL.search(text[max(line[0], line[1] - 8) : line[1]])
    )


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > MAX_PARAGRAPH_CHARS:
        cut = _cut(text, start)
        yield start, cut
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end


def _cut(text: str, start: int) -> int:
    """Find the last end of a sentence, else of a word, within the bound; else cut at the bound."""
    window = text[start + MAX_PARAGRAPH_CHARS // 2 : start + MAX_PARAGRAPH_CHARS]
    sentence = word = None
    for match in _SENTENCE_GAP.finditer(window):
        gap = match.group()
        if gap[0].isspace():
            word = match.start()
        else:
            sentence = match.start() + len(gap.rstrip())
    cut = sentence if sentence is not None else word
    return start + MAX_PARAGRAPH_CHARS if cut is None else start + MAX_PARAGRAPH_CHARS // 2 + cut


def _kind(words: str, page: PageWords) -> ParagraphKind:
    low = words[:MAX_PARAGRAPH_CHARS].lower()
    count, ends = len(low.split()), _TERMINAL.search(words) is not None
    signs = {
        ParagraphKind.POST: _TIME_LINE.fullmatch(low) is not None,
        ParagraphKind.FURNITURE: low.rstrip(":. ") in page.furniture_lines or low.startswith(page.furniture_starts),
        ParagraphKind.CAPTION: count <= CAPTION_MAX_WORDS and _is_caption(low, page),
        ParagraphKind.BYLINE: count <= BYLINE_MAX_WORDS and low.startswith(page.byline_starts) and not ends,
        ParagraphKind.DATELINE: count <= DATELINE_MAX_WORDS and _is_dateline(low, page),
        ParagraphKind.HEADING: count <= HEADING_MAX_WORDS and not ends,
    }
    return next((kind for kind, holds in signs.items() if holds), ParagraphKind.BODY)


def _is_caption(low: str, page: PageWords) -> bool:
    return low.startswith(page.caption_starts) or low.rstrip(" .)]").endswith(page.caption_credits)


def _is_dateline(low: str, page: PageWords) -> bool:
    """Tell "KYIV, March 3 (Reuters) -" standing alone."""
    inner = re.search(r"\(([^()]{2,30})\)\W*$", low)
    return inner is not None and inner.group(1).strip() in page.datelines
