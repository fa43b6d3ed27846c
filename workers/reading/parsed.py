"""One text, parsed once: its paragraphs, their dependency trees and its quotations, all in the text's own offsets."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.reading.quotes import Quote, find_quotes
from workers.reading.spelling import spelled_for_parser
from workers.reading.text import Paragraph, paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spacy.language import Language
    from spacy.tokens import Doc, Span, Token

    from workers.reading.speech import SpeechLexicon

BATCH_PARAGRAPHS = 256  # 64 is a tenth slower, 1,000 no faster (84 news articles, small model, one core)


@dataclass(frozen=True, slots=True)
class ParsedParagraph:
    """A paragraph with its parse. A token's place in the text is `start + token.idx`."""

    paragraph: Paragraph
    doc: Doc
    quotes: tuple[Quote, ...]
    token_starts: tuple[int, ...]  # in characters of the doc

    def words_between(self, start: int, end: int) -> Span:
        """Give the tokens that `start`..`end` of the paragraph's characters touches; none for a gap between two."""
        first = max(0, bisect_right(self.token_starts, start) - 1)
        if first < len(self.doc) and self.token_starts[first] + len(self.doc[first]) <= start:
            first += 1
        return self.doc[first : max(first, bisect_left(self.token_starts, end))]

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
                span = paragraph.words_between(max(0, start - paragraph.start), end - paragraph.start)
                if len(span):
                    yield paragraph, span


def parse_text(text: str, nlp: Language, speech: SpeechLexicon) -> ParsedText:
    """Parse every paragraph that is not furniture. Never raises for any text."""
    parts = paragraphs(text, speech.page)
    quotes = find_quotes(text, parts, scare_words=speech.scare_words)
    of_paragraph: list[list[Quote]] = [[] for _ in parts]
    for quote in quotes:
        of_paragraph[quote.paragraph].append(quote)
    words = spelled_for_parser(text, parts, speech.page.datelines)
    docs = nlp.pipe(words, batch_size=BATCH_PARAGRAPHS)
    return ParsedText(
        text=text,
        paragraphs=tuple(
            ParsedParagraph(part, doc, tuple(mine), tuple(token.idx for token in doc))
            for part, doc, mine in zip(parts, docs, of_paragraph, strict=True)
        ),
        quotes=quotes,
    )
