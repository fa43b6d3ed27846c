"""One text, parsed once: its paragraphs, their dependency trees and its quotations, all in the text's own offsets."""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from collections.abc import Collection
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.reading.quotes import Quote, find_quotes
from workers.reading.text import Paragraph, ParagraphKind, paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spacy.language import Language
    from spacy.tokens import Doc, Span, Token

    from workers.reading.speech import SpeechLexicon

# A place, perhaps a date, an agency in brackets, a dash. The place is in capitals, or the agency is a known one.
_DATELINE = re.compile(
    r"\s*(?P<place>[A-Z][\w .'/-]{1,40}?)(?:,\s*[A-Z][a-z]{2,8}\.?\s+\d{1,2})?\s*"
    r"(?:\((?P<agency>[^()\n]{2,30})\)\s*[-–—]{1,2}|[–—]|\s--?)\s+"
)
_LOWER_WORD = re.compile(r"(?<![\w'])[a-z]{2,}(?!\w)")
_LONG_WORD = re.compile(r"[A-Za-z]{3,}(?![\w])")
_MAX_HEADLINE_CHARS = 200
_MIN_HEADLINE_WORDS = 4
_CAPITALISED_SHARE = 0.8
BATCH_PARAGRAPHS = 256  # 64 is a tenth slower, 1,000 no faster (84 news articles, small model, one core)

# What the parser was not trained on, changed one character for one, so that offsets hold.
_FOR_PARSER = str.maketrans(
    dict.fromkeys("\n\r\t\x0b\x0c\x00\x85\u00a0\u2007\u200b\u200e\u200f\u2028\u2029\u202f\ufeff", " ")
    | dict.fromkeys("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", " ")
    | {"―": "—", "‒": "–", "＂": '"', "«": '"', "»": '"', "„": "“", "‟": "“", "〝": "“", "〞": "”", "’": "'", "‘": "'"}
)


@dataclass(frozen=True, slots=True)
class ParsedParagraph:
    """A paragraph with its parse. A token's place in the text is `start + token.idx`."""

    paragraph: Paragraph
    doc: Doc
    quotes: tuple[Quote, ...]

    @property
    def start(self) -> int:
        """Where the paragraph starts in the text."""
        return self.paragraph.start

    def span_of(self, first: Token, last: Token) -> tuple[int, int]:
        """Say where the words from `first` to `last` stand in the text."""
        return self.start + first.idx, self.start + last.idx + len(last.text)


@dataclass(frozen=True, slots=True)
class ParsedText:
    """A text, its paragraphs in order (furniture is not parsed: its doc is empty) and its quotations in order."""

    text: str
    paragraphs: tuple[ParsedParagraph, ...]
    quotes: tuple[Quote, ...]

    def sentences(self) -> Iterator[tuple[ParsedParagraph, Span, int, int]]:
        """Give every sentence with its paragraph and its start and end in the text."""
        for paragraph in self.paragraphs:
            for sentence in paragraph.doc.sents if len(paragraph.doc) else ():
                yield paragraph, sentence, paragraph.start + sentence.start_char, paragraph.start + sentence.end_char

    def words_between(self, start: int, end: int) -> Iterator[tuple[ParsedParagraph, Span]]:
        """Give the tokens that lie in `start`..`end` of the text, as one span per paragraph."""
        for paragraph in self.paragraphs:
            if paragraph.start < end and start < paragraph.paragraph.end:
                span = paragraph.doc.char_span(
                    max(0, start - paragraph.start),
                    min(len(paragraph.doc.text), end - paragraph.start),
                    alignment_mode="expand",
                )
                if span is not None and len(span):
                    yield paragraph, span


def parse_text(text: str, nlp: Language, speech: SpeechLexicon) -> ParsedText:
    """Parse every paragraph that is not furniture. Never raises for any text."""
    parts = paragraphs(text, speech.page)
    quotes = find_quotes(text, parts, scare_words=speech.scare_words)
    of_paragraph: list[list[Quote]] = [[] for _ in parts]
    for quote in quotes:
        of_paragraph[quote.paragraph].append(quote)
    words = [_for_parser(text, part, speech.page.datelines) for part in parts]
    docs = nlp.pipe(words, batch_size=BATCH_PARAGRAPHS)
    return ParsedText(
        text=text,
        paragraphs=tuple(
            ParsedParagraph(part, doc, tuple(mine)) for part, doc, mine in zip(parts, docs, of_paragraph, strict=True)
        ),
        quotes=quotes,
    )


def _headlines(parts: Sequence[Paragraph], words: Sequence[str]) -> list[int]:
    """Find the headlines written with a capital on nearly every word, which the parser takes for names."""
    return [
        index
        for index, part in enumerate(parts)
        if (index == 0 or part.kind is ParagraphKind.HEADING) and _is_capitalised(words[index])
    ]


def _is_capitalised(words: str) -> bool:
    long_words = _LONG_WORD.findall(words[:_MAX_HEADLINE_CHARS])
    capitals = sum(word[0].isupper() for word in long_words)
    return (
        len(words) <= _MAX_HEADLINE_CHARS
        and len(long_words) >= _MIN_HEADLINE_WORDS
        and capitals >= _CAPITALISED_SHARE * len(long_words)
    )


def _uncapitalised(words: str, common: frozenset[str]) -> str:
    """Write a headline's words small that the article itself writes small. Keeps the length."""
    return _LONG_WORD.sub(lambda word: word.group().lower() if word.group().lower() in common else word.group(), words)


def _for_parser(text: str, part: Paragraph, agencies: Collection[str]) -> str:
    """Write a paragraph as the parser knows English, at the same length: doubled marks become one and a space.

    A dateline in front of the first sentence ("MOSCOW (Reuters) - ") becomes spaces: the place says nothing, and the
    parser would make it a part of the subject.
    """
    if part.kind is ParagraphKind.FURNITURE:
        return ""
    words = text[part.start : part.end]
    dateline = _DATELINE.match(words)
    if dateline and (dateline["place"].isupper() or (dateline["agency"] or "").strip().lower() in agencies):
        words = " " * dateline.end() + words[dateline.end() :]
    for doubled, straight in (("''", '" '), ("``", '" '), ("’’", '" '), ("‘‘", '" ')):
        words = words.replace(doubled, straight)
    return words.translate(_FOR_PARSER).encode("utf-8", "replace").decode("utf-8")
