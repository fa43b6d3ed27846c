"""Who utters each quotation of a paragraph: the cue beside it, in front of it, or the one that it goes on from."""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workers.reading.complements import verb_key
from workers.reading.subjects import CLAUSE_SUBJECTS, Range, holder_of, noun_phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spacy.tokens import Token

    from workers.reading.complements import Report
    from workers.reading.parsed import ParsedParagraph
    from workers.reading.quotes import Quote
    from workers.reading.speech import SpeechLexicon

_TERMINAL = frozenset({".", "?", "!", "…", ";"})
_DASHES = frozenset({"—", "–", "―", "--", "-", "~"})
_ENDS_SENTENCE = re.compile(r"[.…]\s*$")
_BETWEEN_CUE_AND_CONTENT = frozenset({"advmod", "npadvmod", "dative", "punct", "prt", "neg", "aux"})
_MARKS = 2  # the opening and the closing one
_MAX_CREDIT_WORDS = 12  # "— Name Surname, Town"


@dataclass(frozen=True, slots=True)
class Voice:
    """The cue and holder of one quotation, as places of words.

    `cue` is None for a credit after a dash. `around` is the clause that the quotation is only a part of, if it is.
    """

    cue: int | None
    lemma: str
    holder: Range | None
    rule: str
    around: Range | None = None


class Room:
    """One paragraph while its quotations are given voices: which words stand in which quotation."""

    def __init__(self, paragraph: ParsedParagraph, speech: SpeechLexicon) -> None:
        self.paragraph = paragraph
        self.speech = speech
        self.doc = paragraph.doc
        self.places = [self._place(quote) for quote in paragraph.quotes]
        self.quotes = [
            quote for index, quote in enumerate(paragraph.quotes) if not quote.is_scare or self._is_said(index)
        ]
        self.inside = [-1] * len(self.doc)
        for index, (first, last) in enumerate(self.places):
            for place in range(first, last + 1):
                self.inside[place] = index

    def _place(self, quote: Quote) -> Range:
        """Give the first and last word in the quotation, marks included; an empty run when there is none."""
        start, end = quote.start - self.paragraph.start, quote.end - self.paragraph.start
        span = self.doc.char_span(start, end, alignment_mode="expand")
        return (span.start, span.end - 1) if span is not None and len(span) else (0, -1)

    def _is_said(self, index: int) -> bool:
        """Tell a short utterance, a clause or right behind its cue (he said "no"), from a scare quote."""
        first, last = self.places[index]
        if any(word.dep_ in CLAUSE_SUBJECTS and first <= word.head.i <= last for word in self.doc[first : last + 1]):
            return True
        cue = self.doc[first - 1] if first else None
        verbs = self.speech.verbs
        return (
            cue is not None
            and cue.pos_ == "VERB"
            and cue.lemma_ in verbs.introduces_quotation
            and cue.lemma_ not in verbs.naming
        )

    def place(self, quote: Quote) -> Range:
        """Give the run of a quotation of this paragraph."""
        return self.places[self.paragraph.quotes.index(quote)]

    def begins_sentence(self, quote: Quote) -> bool:
        """Tell whether the quotation stands at the start of the paragraph, or after a full stop."""
        before = _segment_before(self, self.place(quote)[0])
        return not before or _is_terminal(self, before[-1])

    def starts_high(self, quote: Quote) -> bool:
        """Tell whether the quoted words begin with a capital."""
        at = quote.inner_start - self.paragraph.start
        return self.doc.text[at : at + 2].strip()[:1].isupper()

    def follows_colon(self, quote: Quote) -> bool:
        """Tell whether a colon stands right in front of the quotation."""
        first = self.place(quote)[0]
        return first > 0 and self.doc[first - 1].text == ":"

    def quoted(self, place: int) -> bool:
        """Tell whether a word stands inside a quotation."""
        return self.inside[place] >= 0

    def quotes_holder(self, report: Report) -> bool:
        """Tell whether the parser took a word that is spoken in a quotation for who speaks."""
        if report.holder is None or (at := self.inside[report.holder[1]]) < 0:
            return False
        first, last = self.places[at]
        return not self.paragraph.quotes[at].is_scare or last - first > report.holder[1] - report.holder[0] + _MARKS


def voice_of(room: Room, quote: Quote, reports: Sequence[Report]) -> Voice | None:
    """Find the voice of one quotation, or None when nothing beside it utters it."""
    first, last = room.place(quote)
    if last < first:
        return None
    before, after = _segment_before(room, first), _segment_after(room, last)
    starts = not before or _is_terminal(room, before[-1])
    held = _held_in(reports, first, last)
    announced = _voice_in(room, before, leads=True) if room.follows_colon(quote) else None
    if announced is not None and announced.cue is not None and announced.lemma != ":" and _is_pronoun(room, held):
        return announced
    partial = not starts and room.doc[before[-1]].pos_ not in {"PUNCT", "VERB", "SPACE"}
    tagged = _tagged(room, quote, after)
    if tagged is not None:
        return tagged
    if held is not None and (partial or held.rule in {"clause", "parenthesis"}):
        nearer = _right_before(room, [place for place in before if place > held.cue]) if not partial else None
        return nearer or Voice(held.cue, held.lemma, held.holder, held.rule)
    follows = None if _ENDS_SENTENCE.search(_inner(room, quote)) and not _is_credit(room, after) else after
    beside = (follows, before) if starts else (before, follows)
    for segment in beside:
        found = _voice_in(room, segment, leads=segment is before) if segment else None
        if found is not None:
            return _within_clause(room, found, before, (first, last)) if segment is before else found
    return Voice(held.cue, held.lemma, held.holder, held.rule) if held is not None else None


def _tagged(room: Room, quote: Quote, after: list[int]) -> Voice | None:
    """Find the cue of a whole sentence whose comma hands it over: "…," the union wrote."""
    if not _inner(room, quote).rstrip().endswith(",") or not room.starts_high(quote):
        return None
    if not after or room.doc[after[0]].pos_ in {"CCONJ", "SCONJ"}:
        return None
    return _voice_in(room, after, leads=False)


def _right_before(room: Room, segment: list[int]) -> Voice | None:
    """Find the cue of a clause that ends with a comma at the quotation: "with footage of N saying on Monday, …"."""
    return _voice_in(room, segment, leads=True) if segment and room.doc[segment[-1]].text == "," else None


def _is_pronoun(room: Room, held: Report | None) -> bool:
    """Tell whether a report's holder is a pronoun, so that a named announcer says more."""
    return held is not None and held.holder is not None and room.doc[held.holder[1]].pos_ == "PRON"


def _inner(room: Room, quote: Quote) -> str:
    start = room.paragraph.start
    return room.doc.text[quote.inner_start - start : quote.inner_end - start]


def _held_in(reports: Sequence[Report], first: int, last: int) -> Report | None:
    """Give the report whose content the quotation belongs to."""
    found = [
        report
        for report in reports
        if not first <= report.cue <= last and any(a <= last and first <= b for a, b in report.content)
    ]
    return min(found, key=lambda report: abs(report.cue - first), default=None)


def _segment_before(room: Room, first: int) -> list[int]:
    """Give the unquoted words in front of a quotation, back to the sentence before."""
    segment: list[int] = []
    for place in range(first - 1, -1, -1):
        if not segment and "\n" in room.doc[place].text:  # a quotation that begins a line
            break
        if room.quoted(place):
            quote = room.paragraph.quotes[room.inside[place]]
            if not quote.is_scare:
                break
        if _is_terminal(room, place) and segment:
            break
        segment.append(place)
        if _is_terminal(room, place):
            break
    return segment[::-1]


def _segment_after(room: Room, last: int) -> list[int]:
    """Give the unquoted words behind a quotation, up to the end of the sentence or the next quotation."""
    segment: list[int] = []
    for place in range(last + 1, len(room.doc)):
        if room.quoted(place) and not room.paragraph.quotes[room.inside[place]].is_scare:
            break
        if _is_terminal(room, place):
            break
        segment.append(place)
    return segment


def _is_terminal(room: Room, place: int) -> bool:
    return room.doc[place].text in _TERMINAL and not room.quoted(place)


def _is_credit(room: Room, segment: list[int]) -> bool:
    return bool(segment) and room.doc[segment[0]].text in _DASHES


def _voice_in(room: Room, segment: list[int], *, leads: bool) -> Voice | None:
    """Find the cue in the words beside a quotation: the nearest verb that introduces one."""
    verbs = room.speech.verbs.introduces_quotation
    for place in segment[::-1] if leads else segment:
        verb = room.doc[place]
        if verb.pos_ in {"VERB", "AUX"} and not room.quoted(place) and verb_key(verb) in verbs:
            holder = _holder_beside(room, verb, segment)
            if holder is not None:
                return Voice(place, verb_key(verb), holder, "quotation")
    if not leads and _is_credit(room, segment):
        return _credit(room, segment)
    if leads and segment and room.doc[segment[-1]].text == ":":
        return _before_colon(room, segment)
    return None


def _within_clause(room: Room, voice: Voice, before: list[int], quotation: Range) -> Voice:
    """Widen a quotation that is only a part of what its cue reports: "said the answers were "not enough" for them"."""
    first, last = quotation
    cue = voice.cue
    if cue is None or voice.lemma not in room.speech.verbs.clause or room.doc[before[-1]].is_punct:
        return voice
    lead = [place for place in before if place > cue and (voice.holder is None or place > voice.holder[1])]
    lead = [place for place in lead if room.doc[place].dep_ not in _BETWEEN_CUE_AND_CONTENT]
    if lead and room.doc[lead[0]].dep_ not in {"mark", "prep", "dobj", "pobj", "dative"}:
        first = lead[0]
    if room.doc[last].is_punct and not room.doc[last - 1].is_punct:
        for place in range(last + 1, len(room.doc)):
            if room.doc[place].text in {",", *_TERMINAL} and not room.quoted(place):
                break
            last = place
    return replace(voice, around=(first, last)) if (first, last) != quotation else voice


def _holder_beside(room: Room, verb: Token, segment: list[int]) -> Range | None:
    """Give the holder by the tree, else the noun behind or in front of the verb: "said N", "N said"."""
    head = holder_of(verb, room.speech)
    if head is not None and not room.quoted(head.i):
        return noun_phrase(head)
    words = [place for place in segment if not room.doc[place].is_punct and place != verb.i]
    front, behind = [place for place in words if place < verb.i], [place for place in words if place > verb.i]
    return _names(room, front) or _names(room, behind)


def _names(room: Room, places: list[int]) -> Range | None:
    """Take the first noun among the words as the holder, where the parser gave the verb no subject."""
    for place in places:
        word = room.doc[place]
        if word.pos_ in {"PROPN", "NOUN", "PRON"} and word.dep_ not in {"npadvmod", "pobj", "compound", "poss"}:
            return noun_phrase(word)
    return None


def _credit(room: Room, segment: list[int]) -> Voice | None:
    """Read "…" — Name Surname."""
    words = [place for place in segment[1:] if not room.doc[place].is_space]
    if not words or len(words) > _MAX_CREDIT_WORDS or room.doc[words[0]].pos_ not in {"PROPN", "NOUN", "ADJ"}:
        return None
    return Voice(None, room.doc[segment[0]].text, (words[0], words[-1]), "credit")


def _before_colon(room: Room, segment: list[int]) -> Voice | None:
    """Read "The minister was blunt: …": the subject of the clause in front of the colon."""
    root = next((room.doc[place] for place in segment[::-1] if room.doc[place].pos_ in {"VERB", "AUX"}), None)
    head = holder_of(root, room.speech) if root is not None else None
    if root is None:
        words = [place for place in segment[:-1] if not room.doc[place].is_space]
        return Voice(segment[-1], ":", (words[0], words[-1]), "colon") if words else None
    if head is None or room.quoted(head.i):
        return None
    return Voice(segment[-1], ":", noun_phrase(head), "colon")


def utterances(room: Room, reports: Sequence[Report]) -> list[tuple[Quote, Voice | None]]:
    """Give every quotation of the paragraph that is an utterance, with its voice, in order."""
    return [(quote, voice_of(room, quote, reports)) for quote in room.quotes]


def announcement(room: Room) -> Voice | None:
    """Give the voice of a paragraph that ends with a colon: what it announces stands in the next."""
    segment = _segment_before(room, len(room.doc))
    if not segment or room.doc[segment[-1]].text != ":":
        return None
    return _voice_in(room, segment, leads=True)
