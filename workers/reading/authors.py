"""Texts in somebody's own words: "Statement by …", "Joint declaration of …", "Remarks by …" with its transcript.

In these the narration itself is spoken: "I" and "we" are the author, and so is every sentence that is nobody else's.
"""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.domain.statement import Kind
from workers.reading.coreference import Cast
from workers.reading.parsed import ParsedText
from workers.reading.passages import Passage
from workers.reading.speakers import Speaker, SpeakerReader
from workers.reading.text import ParagraphKind

_TITLE = re.compile(
    r"^(?:(?:a|the|full text of(?: the)?|text of(?: the)?|press|joint|official|written|media|opening|closing)[ :]+)*"
    r"(?:statement|remarks|declaration|communiqu[eé]|letter|message|address|speech|press conference|news conference)"
    r"\s+(?:by|from|of)\s+(?:the\s+)?(?:leaders of\s+)?"
    r"(?P<who>.+?)(?:\s+(?:on|before|following|after|at|regarding|about|in|calling|upon|concerning|marking|during)\s.*|\s*:.*)?$",
    re.IGNORECASE,
)
_ISSUED = re.compile(
    r"^(?P<who>[\w .,'’-]{2,80}?)(?:['’]s?)?\s+(?:(?:press|joint|official|written|media)\s+)?"
    r"(?:statement|declaration|communiqu[eé]|message|letter)\s+(?:on|about|regarding|concerning)\s",
    re.IGNORECASE,
)
_WE = re.compile(r"\b(?:we|our|us)\b", re.IGNORECASE)
_TURN = re.compile(r"(?:Q\b[.:]?\s)|(?:[A-Z][A-Z.'’ -]{2,40}(?: \([^()]{2,40}\))?:\s)")
_QUOTED = re.compile(r"“[^”]*(?:”|$)|\"[^\"]*(?:\"|$)")
NARRATION_CHARS = 20_000
_QUESTION = re.compile(r"Q\b")


def author_of(title: str, text: str, reader: SpeakerReader) -> tuple[Speaker, ...]:
    """Whose words a text with this title is; empty for a news story.

    "The rebels' communiqué on a truce" is a headline as well: then the text must speak as "we" outside of quotations.
    """
    found = _TITLE.match(title.strip())
    if found is None and _WE.search(_QUOTED.sub(" ", text[:NARRATION_CHARS])):
        found = _ISSUED.match(title.strip())
    return reader.read(found.group("who")) if found is not None else ()


@dataclass(frozen=True, slots=True)
class OwnWords:
    """Finds what the author of a text says in it outside of every attribution."""

    parsed: ParsedText
    cast: Cast
    author: tuple[Speaker, ...]

    def passages(self, taken: Sequence[Passage]) -> list[Passage]:
        """One passage a sentence of the author's narration, where no passage of `taken` is."""
        return [
            Passage(start, end, ((start, end),), Kind.DIRECT, self.author, None, "own words", "own words")
            for start, end in self._spoken()
            if not any(p.start < end and start < p.end for p in taken)
        ]

    def _spoken(self) -> Iterator[tuple[int, int]]:
        """The sentences in the author's turn; in a text without turns that is all of it."""
        turns = [self._turn(p.paragraph.start) for p in self.parsed.paragraphs]
        speaking = not any(turn is not None for turn in turns)
        for paragraph, turn in zip(self.parsed.paragraphs, turns, strict=True):
            if turn is not None:
                speaking = turn
            if speaking and paragraph.paragraph.kind is ParagraphKind.BODY and len(paragraph.doc):
                for sentence in paragraph.doc.sents:
                    start, end = paragraph.start + sentence.start_char, paragraph.start + sentence.end_char
                    if not self.cast.is_quoted((start + end) // 2):
                        yield start, end

    def _turn(self, start: int) -> bool | None:
        """Tell whether a paragraph opens the author's turn or another's; None when it opens none."""
        opening = _TURN.match(self.parsed.text, start)
        if opening is None:
            return None
        if _QUESTION.match(opening.group()):
            return False
        named = self.cast.resolve(opening.group().strip(" :").title(), start)
        return bool(named) and named[0].principal_id == self.author[0].principal_id
