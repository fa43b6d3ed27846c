"""Acts and stances reported as fact, with no attribution: "Israel has agreed to send negotiators"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.domain.statement import Kind
from workers.reading.actors import Mention
from workers.reading.clauses import is_supposed, side_clause
from workers.reading.coreference import Cast
from workers.reading.evidence import doer_of
from workers.reading.lexicon import Lexicon, Match, shape
from workers.reading.parsed import ParsedText
from workers.reading.passages import Passage
from workers.reading.subjects import noun_phrase

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

ACT_FAMILIES = frozenset({
    "accept", "attend", "declare", "demand", "end", "fight_on", "hope", "mediate", "oppose", "propose", "ready",
    "refuse", "retreat", "stop", "support", "talk", "urge",
})  # fmt: skip
# Who only goes between the sides commits to nothing by travelling or meeting.
PARTIES_ONLY = frozenset({"attend"})
ABOUT = ("truce", "end_war", "peace", "talks", "deal")


@dataclass(frozen=True, slots=True)
class ActFinder:
    """Finds the acts in one article.

    `parties` are the ids of those who fight in its conflicts; `claimed` is where somebody speaks: no fact is told.
    """

    parsed: ParsedText
    cast: Cast
    mentions: Sequence[Mention]
    lexicon: Lexicon
    parties: frozenset[str]
    claimed: Sequence[tuple[int, int]] = ()

    def acts(self, taken: Sequence[Passage]) -> list[Passage]:
        """The acts of actors, one an actor and sentence, where no passage of `taken` is."""
        found: list[Passage] = []
        for paragraph, sentence, start, end in self.parsed.sentences():
            named = any(start <= m.start < end and not self.cast.is_quoted(m.start) for m in self.mentions)
            if named and self._is_about_truce(sentence):
                here = [p for p in taken if p.start < end and start < p.end]
                found.extend(self._of_sentence(sentence, paragraph.start, here))
        return found

    def _is_about_truce(self, sentence: Span) -> bool:
        shaped = shape(sentence.text)
        return any(self.lexicon.topics[name].search(shaped) for name in ABOUT)

    def _of_sentence(self, sentence: Span, offset: int, taken: Sequence[Passage]) -> list[Passage]:
        found: dict[str, Passage] = {}
        for match, verb in self._verbs(sentence, offset, taken):
            act = self._act(match, verb, sentence, offset)
            if act is not None:
                found.setdefault(act.speakers[0].name, act)
        return list(found.values())

    def _verbs(self, sentence: Span, offset: int, taken: Sequence[Passage]) -> Iterator[tuple[Match, Token]]:
        """The cues of acts that stand as fact: told by a verb, in narration, not only supposed."""
        for match in self.lexicon.find_cues(shape(sentence.text)):
            place = offset + sentence.start_char + match.start
            if match.family not in ACT_FAMILIES or self.cast.is_quoted(place):
                continue
            if any(p.start <= place < p.end for p in taken) or any(a <= place < b for a, b in self.claimed):
                continue
            start = sentence.start_char + match.start
            tokens = sentence.doc.char_span(start, sentence.start_char + match.end, alignment_mode="expand")
            if tokens is not None and _is_told(tokens) and not is_supposed(tokens.root):
                yield match, tokens.root

    def _act(self, match: Match, verb: Token, sentence: Span, offset: int) -> Passage | None:
        doer = doer_of(verb)
        if doer is None:
            return None
        first, last = noun_phrase(doer)
        phrase = sentence.doc[first : last + 1]
        start, end = offset + phrase.start_char, offset + phrase.end_char
        if not any(m.start < end and start < m.end for m in self.mentions):
            return None
        speakers = self.cast.resolve(phrase.text, start, end)
        if not speakers or (match.family in PARTIES_ONLY and not any(s.principal_id in self.parties for s in speakers)):
            return None
        whole = (offset + sentence.start_char, offset + sentence.end_char)
        span = side_clause(verb, offset) or whole
        return Passage(*span, (span,), Kind.ACTION, speakers, phrase.text, match.text, "act", is_act=True)


def _is_told(tokens: Span) -> bool:
    """Tell a cue that is predicated from one that is only named ("his diplomatic push follows …")."""
    return any(token.pos_ in {"VERB", "AUX"} for token in tokens) or tokens.root.dep_ in {
        "ROOT",
        "dobj",
        "attr",
        "acomp",
        "pobj",
    }
