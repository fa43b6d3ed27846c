"""Spell paragraphs as the parser knows English, at the same length, so that offsets hold."""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.reading.text import Paragraph, ParagraphKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# A place, perhaps a date, an agency in brackets, a dash. The place is in capitals, or the agency is a known one.
_DATELINE = re.compile(
    r"\s*(?P<place>[A-Z][\w .'/-]{1,40}?)(?:,\s*[A-Z][a-z]{2,8}\.?\s+\d{1,2})?\s*"
    r"(?:\((?P<agency>[^()\n]{2,30})\)\s*[-–—]{1,2}|[–—]|\s--?)\s+"
)
# The same with a country, which only an agency in brackets tells from an apposition, and behind a time stamp:
# "SANAA, Yemen | Tue May 31, 2011 4:45 pm EDT SANAA, Yemen (Reuters) - ".
_AGENCY_LINE = re.compile(
    r"(?P<stamp>[A-Z][\w .,'/-]{1,60}?\s\|\s[A-Z][a-z]{2} [A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d [ap]m [A-Z]+\s+)?"
    r"[A-Z][A-Z .'/-]{2,40}(?:,\s*[A-Z][\w .'-]{1,25})?\s\((?P<agency>[^()\n]{2,30})\)\s*[-–—]{1,2}\s+"
)
AGENCY_LINE_WITHIN_CHARS = 400  # a page's headings may stand in front of it
_LOWER_WORD = re.compile(r"(?<![\w'])[a-z]{2,}(?!\w)")
_LONG_WORD = re.compile(r"[A-Za-z]{3,}(?![\w])")
_MAX_HEADLINE_CHARS = 200
_MIN_HEADLINE_WORDS = 4
_CAPITALISED_SHARE = 0.8

# What the parser was not trained on, changed one character for one, so that offsets hold.
_FOR_PARSER = str.maketrans(
    dict.fromkeys("\n\r\t\x0b\x0c\x00\x85\u00a0\u2007\u200b\u200e\u200f\u2028\u2029\u202f\ufeff", " ")
    | dict.fromkeys("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", " ")
    | {"―": "—", "‒": "–", "＂": '"', "«": '"', "»": '"', "„": "“", "‟": "“", "〝": "“", "〞": "”", "’": "'", "‘": "'"}
)


def spelled_for_parser(text: str, parts: Sequence[Paragraph], agencies: Collection[str]) -> list[str]:
    """Spell every paragraph; furniture and bare times become empty. `agencies` are those of datelines, lower case."""
    words = [_spelled(text, part, agencies) for part in parts]
    headlines = [
        index
        for index, part in enumerate(parts)
        if (index == 0 or part.kind is ParagraphKind.HEADING) and _is_capitalised(words[index])
    ]
    if headlines:
        common = frozenset(word for paragraph in words for word in _LOWER_WORD.findall(paragraph))
        for index in headlines:
            words[index] = _uncapitalised(words[index], common)
    return words


def _is_capitalised(words: str) -> bool:
    long_words = _LONG_WORD.findall(words[:_MAX_HEADLINE_CHARS])
    capitals = sum(word[0].isupper() for word in long_words)
    return (
        len(words) <= _MAX_HEADLINE_CHARS
        and len(long_words) >= _MIN_HEADLINE_WORDS
        and capitals >= _CAPITALISED_SHARE * len(long_words)
    )


def _uncapitalised(words: str, common: frozenset[str]) -> str:
    """Write small what the article itself writes small: a capital on every word makes the parser see names."""
    return _LONG_WORD.sub(lambda word: word.group().lower() if word.group().lower() in common else word.group(), words)


def _without_dateline(words: str, agencies: Collection[str]) -> str:
    """Blank a dateline; what stands in front of it ends as a sentence of its own."""
    dateline = _DATELINE.match(words)
    if dateline and (dateline["place"].isupper() or (dateline["agency"] or "").strip().lower() in agencies):
        return " " * dateline.end() + words[dateline.end() :]
    line = _AGENCY_LINE.search(words, 0, AGENCY_LINE_WITHIN_CHARS)
    if line and line["agency"].strip().lower() in agencies and (line["stamp"] or line.start() == 0):
        stop = "." if line.start() else " "
        return words[: line.start()] + stop + " " * (len(line.group()) - 1) + words[line.end() :]
    return words


def _spelled(text: str, part: Paragraph, agencies: Collection[str]) -> str:
    """Write a paragraph as the parser knows English, at the same length: doubled marks become one and a space.

    A dateline in front of the first sentence ("MOSCOW (Reuters) - ") becomes spaces: the place says nothing, and the
    parser would make it a part of the subject.
    """
    if part.kind in {ParagraphKind.FURNITURE, ParagraphKind.POST}:
        return ""
    words = text[part.start : part.end]
    words = _without_dateline(words, agencies)
    for doubled, straight in (("''", '" '), ("``", '" '), ("’’", '" '), ("‘‘", '" ')):
        words = words.replace(doubled, straight)
    return words.translate(_FOR_PARSER).encode("utf-8", "replace").decode("utf-8")
