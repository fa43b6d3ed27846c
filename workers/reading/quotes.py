"""Find quotations: one walk over each paragraph, over every mark that the press uses.

Never raises. Curly, straight and doubled single marks, guillemets either way, nested ones, quotations that run on over
paragraphs (each re-opens), and ones that are never closed. An apostrophe is never a mark: single marks count only as a
pair with a word inside and no letter outside.
"""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.reading.text import Paragraph

# “, „, ‟, straight, wide, low; doubled single marks as teleprinters and TeX write them.
_MARK = re.compile(r"''|``|’’|‘‘|,,(?=\w)|[“”„‟«»\"＂〝〞]")
_OPENING = frozenset({"“", "„", "‟", "``", "‘‘", ",,", "〝"})
_CLOSING = frozenset({"”", "’’", "〞"})
_LOW = frozenset({"„", ",,"})  # closed by what opens elsewhere
_GUILLEMETS = frozenset({"«", "»"})
_STRAIGHT = frozenset({'"', "＂"})
_BLOCK_MIN_MARKS = 3  # the lone one and a pair
_AFTER_SPACE_LIKE = "([{—–-/"
_BEFORE_SPACE_LIKE = ".,;:!?…)]}—–-/"
_SINGLE_OPEN = re.compile(r"(?<![\w'’‘])[‘'](?=[^\W\d_]|\d\d\d)")
_SINGLE_CLOSE = re.compile(r"(?<=[\w.,!?…%)])[’'](?![\w'’])")
_SINGLE_CLOSE_PUNCTUATED = ".,!?…"
_EXCLAIMS = re.compile(r"[!?…—–]\s*$")
_SENTENCE_BEFORE = re.compile(r"(?:^|[.!?…;][\"'”’»)\]]*)\s*$")
_LEAD_BEFORE = re.compile(r"[,:]\s*$")


@dataclass(frozen=True, slots=True)
class Quote:
    """Quoted words: `start`/`end` with the marks, `inner_start`/`inner_end` without. All within one paragraph.

    `closed` is False when the closing mark is missing. `continues` is True when it goes on from the paragraph before.
    `single` is True for single marks. `is_scare` marks a word or two held at arm's length, not an utterance.
    """

    start: int
    end: int
    inner_start: int
    inner_end: int
    paragraph: int
    closed: bool = True
    continues: bool = False
    single: bool = False
    is_scare: bool = False


def find_quotes(text: str, paragraphs: Sequence[Paragraph], *, scare_words: int) -> tuple[Quote, ...]:
    """Find the quotations of `text`, in order, none inside another. `scare_words`: the most words of a scare quote."""
    found: list[Quote] = []
    running = False
    for index, paragraph in enumerate(paragraphs):
        walk = _Walk(text, paragraph, index, scare_words, running=running)
        doubles = list(walk.doubles())
        running = bool(doubles) and not doubles[-1].closed
        found.extend(walk.with_singles(doubles))
    return tuple(found)


class _Walk:
    """One paragraph's marks. `running` tells that the paragraph before left a quotation open."""

    def __init__(self, text: str, paragraph: Paragraph, index: int, scare_words: int, *, running: bool) -> None:
        self.text = text
        self.paragraph = paragraph
        self.index = index
        self.scare_words = scare_words
        self.running = running

    def doubles(self) -> Iterator[Quote]:
        """Walk the double marks with a depth: what opens inside nests if every opening has its closing."""
        marks = [
            (mark, self._turn(mark)) for mark in _MARK.finditer(self.text, self.paragraph.start, self.paragraph.end)
        ]
        if _is_block_mark(marks, self.paragraph.start):
            marks = marks[1:]
        nests = sum(turn > 0 for _, turn in marks) <= sum(turn < 0 for _, turn in marks)
        opened: re.Match[str] | None = None
        depth = 0
        for mark, turn in marks:
            if opened is None:
                opened, depth = (mark, 1) if turn >= 0 else (None, 0)
                continue
            depth += _turn_inside(opened.group(), mark.group(), turn, nests=nests)
            if depth <= 0:
                yield self._quote(opened, mark)
                opened = None
        if opened is not None and opened.end() < self.paragraph.end:
            yield self._quote(opened, None)

    def _turn(self, mark: re.Match[str]) -> int:
        """Say whether a mark opens (1), closes (-1) or may do either (0), by form or by neighbours."""
        before = self.text[mark.start() - 1] if mark.start() > self.paragraph.start else " "
        after = self.text[mark.end()] if mark.end() < self.paragraph.end else " "
        word_after = not after.isspace() and after not in _BEFORE_SPACE_LIKE
        if (before.isspace() or before in _AFTER_SPACE_LIKE) and word_after:
            return 1
        if mark.group() in _OPENING:
            return 1
        if mark.group() in _CLOSING:
            return -1
        return -1 if not before.isspace() and not word_after else 0

    def _quote(self, opened: re.Match[str], closing: re.Match[str] | None) -> Quote:
        inner_end = closing.start() if closing else self.paragraph.end
        return Quote(
            start=opened.start(),
            end=closing.end() if closing else self.paragraph.end,
            inner_start=opened.end(),
            inner_end=inner_end,
            paragraph=self.index,
            closed=closing is not None,
            continues=self.running and opened.start() == self.paragraph.start,
            is_scare=self._is_scare(opened.start(), opened.end(), inner_end),
        )

    def _is_scare(self, opened: int, start: int, end: int) -> bool:
        """Tell a few words within a clause from an utterance, which exclaims, begins a sentence or follows a pause.

        A comma or full stop at the end says nothing: American printers put it inside the marks.
        """
        inner = self.text[start:end]
        if len(inner.split()) > self.scare_words or _EXCLAIMS.search(inner):
            return False
        before = self.text[max(self.paragraph.start, opened - 8) : opened]
        if opened <= self.paragraph.start + 1 or _SENTENCE_BEFORE.search(before):
            return inner[-1:].isalnum()
        return not (_LEAD_BEFORE.search(before) and inner[:1].isupper())

    def with_singles(self, doubles: list[Quote]) -> Iterator[Quote]:
        """Give the double-marked quotations and, between them, the single-marked ones."""
        at = self.paragraph.start
        for quote in doubles:
            yield from self._singles(at, quote.start)
            yield quote
            at = quote.end
        yield from self._singles(at, self.paragraph.end)

    def _singles(self, start: int, end: int) -> Iterator[Quote]:
        at = start
        while opened := _SINGLE_OPEN.search(self.text, at, end):
            after = _SINGLE_OPEN.search(self.text, opened.end(), end)
            closing = self._single_close(opened.end(), after.start() if after else end)
            at = opened.end() if closing is None else closing + 1
            if closing is not None:
                yield Quote(
                    opened.start(),
                    closing + 1,
                    opened.end(),
                    closing,
                    self.index,
                    single=True,
                    is_scare=self._is_scare(opened.start(), opened.end(), closing),
                )

    def _single_close(self, start: int, end: int) -> int | None:
        """Choose the closing mark: after punctuation, else not after an s (workers' rights), else the last."""
        places = [match.start() for match in _SINGLE_CLOSE.finditer(self.text, start, end)]
        for place in places:
            if self.text[place - 1] in _SINGLE_CLOSE_PUNCTUATED:
                return place
        for place in places:
            if self.text[place - 1] != "s":
                return place
        return places[-1] if places else None


def _is_block_mark(marks: list[tuple[re.Match[str], int]], start: int) -> bool:
    """Tell the lone straight mark that a page puts before every paragraph of a block quotation: others are curly."""
    if len(marks) < _BLOCK_MIN_MARKS or marks[0][0].start() != start or marks[0][0].group() not in _STRAIGHT:
        return False
    return all(mark.group() not in _STRAIGHT for mark, _ in marks[1:])


def _turn_inside(opened: str, mark: str, turn: int, *, nests: bool) -> int:
    """Say what a mark does inside a quotation that `opened` began: one level deeper (1), nothing (0), one out (-1)."""
    if opened in _LOW:
        return 1 if mark in _LOW else -1
    if opened in _GUILLEMETS:
        return 0 if mark not in _GUILLEMETS else (-1 if mark != opened else int(nests))
    if mark in _GUILLEMETS:
        return 0
    if turn > 0:
        return int(nests)
    return -1
