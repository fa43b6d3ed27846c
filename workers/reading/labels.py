"""Speakers set off from their words: "NAME: words" in transcripts, "Name: words" and "Words: Name" in headlines."""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.reading.text import ParagraphKind

if TYPE_CHECKING:
    from workers.reading.parsed import ParsedParagraph
    from workers.reading.speech import SpeechLexicon

_MAX_HEADLINE_CHARS = 200
_TRANSCRIPT = re.compile(r"[\"“”]?((?:[A-Z][A-Z.'’-]+)(?: (?:[A-Z][A-Z.'’-]*)){0,4})(?: \([^()]{2,40}\))?: +(?=\S)")
_BEFORE = re.compile(r"([A-Z][\w.'’-]*(?: (?:[A-Z]|(?:of|the|de|al|bin|van|von) )[\w.'’-]*){0,3}): +(?=\S)")
_BEHIND = re.compile(r"(?:: +| [-–—] +)([A-Z][\w.'’-]*(?: (?:[A-Z]|(?:de|al|bin|van|von) )[\w.'’-]*){0,3})\.?$")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Label:
    """A speaker set off from the words, all as (start, end) in the text; `mark` is where the colon or dash stands."""

    speaker: Span
    words: Span
    mark: int


def label_of(paragraph: ParsedParagraph, text: str, speech: SpeechLexicon, *, is_first: bool) -> Label | None:
    """Find the label of a paragraph. Headlines are headings and the first paragraph; transcripts stand anywhere."""
    part = paragraph.paragraph
    found = _TRANSCRIPT.match(text, part.start, part.end)
    if found is not None:
        return None if _is_topic(found.group(1), speech) else _label(found.span(1), (found.end(), part.end))
    is_headline = part.kind is ParagraphKind.HEADING or is_first
    if not is_headline or part.end - part.start > _MAX_HEADLINE_CHARS:
        return None
    return _in_headline(paragraph, text, speech)


def _in_headline(paragraph: ParsedParagraph, text: str, speech: SpeechLexicon) -> Label | None:
    part = paragraph.paragraph
    before = _BEFORE.match(text, part.start, part.end)
    if before is not None and _names(paragraph, before.span(1), speech):
        return _label(before.span(1), (before.end(), part.end))
    behind = _BEHIND.search(text, part.start, part.end)
    if behind is not None and behind.start() > part.start and _names(paragraph, behind.span(1), speech):
        return Label(behind.span(1), (part.start, behind.start()), behind.start())
    return None


def _label(speaker: Span, words: Span) -> Label:
    return Label(speaker, words, speaker[1])


def _names(paragraph: ParsedParagraph, span: Span, speech: SpeechLexicon) -> bool:
    """Tell a speaker from a topic ("Ukraine war: ..."): all words are names, or one is a text such as a poll."""
    start = paragraph.start
    words = paragraph.doc.char_span(span[0] - start, span[1] - start, alignment_mode="expand")
    if words is None or not len(words) or _is_topic(words.text, speech):
        return False
    last = words[-1]
    return last.lower_ in speech.text_nouns or last.pos_ == "PROPN"


def _is_topic(words: str, speech: SpeechLexicon) -> bool:
    return any(word in speech.topic_labels for word in re.findall(r"\w+", words.lower()))
