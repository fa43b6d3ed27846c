"""The cues of a passage, each with whose doing it is and whether it is negated or only supposed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workers.reading.lexicon import Lexicon, Match, shape
from workers.reading.parsed import ParsedText

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

NEGATION_REACH_CHARS = 28  # three or four words between "not" and what it negates
CLIMB = frozenset({
    "conj", "xcomp", "acomp", "attr", "dobj", "pobj", "prep", "pcomp", "aux", "auxpass", "advmod", "amod", "compound",
    "prt", "agent", "oprd", "dative", "nmod", "neg", "quantmod", "npadvmod", "nummod", "poss", "case", "det", "intj",
})  # fmt: skip
FIRST_PERSON = frozenset({"i", "we", "us", "me", "our", "my", "ours", "mine", "ourselves", "myself"})
THIRD_PERSON = frozenset({"he", "she", "it", "they", "him", "her", "them", "his", "its", "their"})
SECOND_PERSON = frozenset({"you", "your"})
MOST_CLIMBS = 8
SUPPOSING = frozenset({"if", "unless", "until", "once", "when", "provided"})


class Owner(StrEnum):
    """Whose doing a cue is, as seen by the speaker."""

    SELF = "self"
    OTHER = "other"
    TOPIC = "topic"  # the truce, the talks, the deal
    NONE = "none"


class Aim(StrEnum):
    """What a cue is about, when that follows it closely."""

    PLAN = "plan"  # the truce, the talks, the deal as a whole
    TERMS = "terms"  # withdrawal, hostages, territory: a part of it
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One cue at `start`..`end` of the text. `supposed`: inside an if-clause or the like."""

    family: str
    start: int
    end: int
    text: str
    owner: Owner
    negated: bool
    supposed: bool
    aim: Aim = Aim.NONE

    @property
    def key(self) -> str:
        """Family, negation and owner in short: "reject:self", "not-accept:other"."""
        return f"{'not-' if self.negated else ''}{self.family}:{self.owner}"


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """Who speaks: the parties that count as oneself, and where every actor is named (start, end, party id)."""

    selves: frozenset[str]
    named: Sequence[tuple[int, int, str]]

    def party_at(self, start: int, end: int) -> str | None:
        """The party named anywhere in start..end, the last one when several are."""
        found = [party for a, b, party in self.named if a < end and start < b]
        return found[-1] if found else None


OUSTER_REACH_CHARS = 40  # "the departure of" and a name
VERBAL = frozenset({"support", "mediate", "propose", "urge", "accept", "refuse", "neutral", "attend"})
AIM_WORDS = 7  # what is refused or wanted follows its verb this closely
AIMS = {
    "truce": Aim.PLAN,
    "end_war": Aim.PLAN,
    "peace": Aim.PLAN,
    "talks": Aim.PLAN,
    "deal": Aim.PLAN,
    "terms": Aim.TERMS,
}
_CLAUSE_BREAK = re.compile(r"[,;:.?!\"]|\b(?:but|since|that|because|which|who|although|while|as|if|when|until|and)\b")


def evidence_of(parsed: ParsedText, start: int, end: int, view: Viewpoint, lexicon: Lexicon) -> list[Evidence]:
    """All evidence in `start`..`end` of the text, in order."""
    found: list[Evidence] = []
    for paragraph, span in parsed.words_between(start, end):
        quotes = [(q.start, q.end) for q in paragraph.quotes]
        for sentence in _sentences(span):
            offset = paragraph.start + sentence.start_char
            shaped = shape(sentence.text)
            negators = list(lexicon.scopes["negation"].finditer(shaped))
            granted = [_to_comma(hit.end(), shaped) for hit in lexicon.scopes["concessive"].finditer(shaped)]
            topics = lexicon.find_topics(shaped)
            for match in lexicon.find_cues(shaped):
                tokens = sentence.doc.char_span(
                    sentence.start_char + match.start, sentence.start_char + match.end, alignment_mode="expand"
                )
                if tokens is None or _is_homograph(tokens, match):
                    continue
                place = offset + match.start
                if match.family == "ouster" and view.party_at(place, place + OUSTER_REACH_CHARS) is None:
                    continue
                found.append(
                    Evidence(
                        family="goal" if match.family == "ouster" else match.family,
                        start=place,
                        end=offset + match.end,
                        text=match.text,
                        owner=_owner(
                            tokens.root, paragraph.start, view, lexicon, quoted=any(a <= place < b for a, b in quotes)
                        ),
                        negated=_negated(match, tokens, negators, shaped),
                        supposed=_supposed(tokens.root) or any(a <= match.start < b for a, b in granted),
                        aim=_aim(match, topics, shaped),
                    )
                )
    return found


def _is_homograph(tokens: Span, match: Match) -> bool:
    """A verb's word in another trade: "back" the adverb, "host" the noun before a name."""
    return len(tokens) == 1 and tokens[0].pos_ in ("ADV", "ADP", "PROPN", "DET") and match.family in VERBAL


def _to_comma(start: int, shaped: str) -> tuple[int, int]:
    """What is granted or only the occasion ("despite efforts to …") reaches to the next comma."""
    stop = shaped.find(",", start)
    return start, stop if stop >= 0 else len(shaped)


def _aim(match: Match, topics: Sequence[Match], shaped: str) -> Aim:
    for topic in topics:
        if topic.end <= match.start:
            continue
        if topic.start > match.end and shaped.count(" ", match.end, topic.start) > AIM_WORDS:
            break
        if topic.family in AIMS:
            return AIMS[topic.family]
    return Aim.NONE


def _sentences(span: Span) -> list[Span]:
    """The sentences of a span, cut to it."""
    doc = span.doc
    return [
        doc[max(s.start, span.start) : min(s.end, span.end)]
        for s in doc.sents
        if s.start < span.end and span.start < s.end
    ]


def _owner(root: Token, offset: int, view: Viewpoint, lexicon: Lexicon, *, quoted: bool) -> Owner:
    subject = doer_of(root)
    if subject is None:
        return Owner.NONE
    return _of_pronoun(subject.lower_, quoted=quoted) or _of_phrase(subject, offset, view, lexicon)


def _of_pronoun(low: str, *, quoted: bool) -> Owner | None:
    if low in FIRST_PERSON:
        return Owner.SELF
    if low in SECOND_PERSON:
        return Owner.OTHER
    if low == "it" and quoted:  # mostly the matter at hand: "it is out of the question"
        return Owner.TOPIC
    if low in THIRD_PERSON:
        return Owner.OTHER if quoted else Owner.SELF
    return None


def _of_phrase(subject: Token, offset: int, view: Viewpoint, lexicon: Lexicon) -> Owner:
    phrase = _phrase(subject)
    party = view.party_at(offset + phrase[0].idx, offset + phrase[-1].idx + len(phrase[-1]))
    if party is not None:
        return Owner.SELF if party in view.selves else Owner.OTHER
    shaped = shape(phrase.text)
    if any(lexicon.topics[name].search(shaped) for name in ("truce", "peace", "deal", "talks", "end_war")):
        return Owner.TOPIC
    return Owner.NONE


def doer_of(token: Token) -> Token | None:
    """The subject of a cue: of its own clause, else of the clause that it hangs on.

    Where one makes another do it ("urged them to accept", "accused them of refusing"), the other does it.
    """
    for _ in range(MOST_CLIMBS):
        own = _own_subject(token)
        if own is not None:
            return own
        if token.dep_ in ("relcl", "acl"):
            return token.head
        if token.dep_ in ("nsubj", "nsubjpass") and token.pos_ in ("NOUN", "PROPN"):
            return None
        made_to = _made_to(token)
        if made_to is not None:
            return made_to
        if token.dep_ not in CLIMB and token.dep_ not in ("advcl", "ccomp"):
            return None
        token = token.head
    return None


def _own_subject(token: Token) -> Token | None:
    agents = [c for a in token.children if a.dep_ == "agent" for c in a.children if c.dep_ == "pobj"]
    if agents:
        return agents[0]
    for child in token.children:
        if child.dep_ in ("nsubj", "nsubjpass", "expl", "csubj"):
            return _antecedent(child)
        if child.dep_ == "poss" and token.pos_ in ("NOUN", "PROPN"):
            return child
        # "the refusal of Hamas", "an announcement by the government"
        if child.dep_ == "prep" and child.lower_ in ("of", "by") and token.pos_ == "NOUN" and child.i > token.i:
            named = [c for c in child.children if c.dep_ == "pobj" and c.pos_ == "PROPN"]
            if named:
                return named[0]
    return None


def _made_to(token: Token) -> Token | None:
    """The object of "urge … to", "call on … to", "accuse … of"."""
    head = token.head
    if token.dep_ == "xcomp" and any(c.dep_ == "aux" and c.lower_ == "to" for c in token.children):
        objects = [c for c in head.children if c.dep_ == "dobj" and c.i < token.i]
        objects += [
            c
            for p in head.children
            if p.dep_ == "prep" and p.lower_ in ("on", "upon", "for") and p.i < token.i
            for c in p.children
            if c.dep_ == "pobj"
        ]
        return objects[-1] if objects else None
    if token.dep_ == "pcomp" and head.lower_ in ("of", "for", "from"):
        objects = [c for c in head.head.children if c.dep_ == "dobj" and c.i < token.i]
        return objects[-1] if objects else None
    return None


def _antecedent(subject: Token) -> Token:
    """Read "which" and "who" as what their clause hangs on."""
    if subject.tag_ in ("WDT", "WP") and subject.head.dep_ == "relcl":
        return subject.head.head
    return subject


def _phrase(subject: Token) -> Span:
    """The subject with what belongs to its name and what it is joined with, without relative clauses."""
    kept = [t for t in subject.subtree if t.i <= subject.i or t.dep_ in ("compound", "flat", "conj", "cc", "nmod")]
    return subject.doc[min(t.i for t in kept) : max(t.i for t in kept) + 1]


def _negated(match: Match, tokens: Span, negators: Sequence[re.Match[str]], shaped: str) -> bool:
    """A negator just before the cue in the same clause, or hanging on its verb."""
    for negator in negators:
        if match.start <= negator.start() < match.end:
            return False  # the cue has its own "not"
        gap = shaped[negator.end() : match.start]
        if negator.end() <= match.start and len(gap) <= NEGATION_REACH_CHARS and not _CLAUSE_BREAK.search(gap):
            return True
    inside = range(tokens.start, tokens.end)
    return any(child.dep_ == "neg" and child.i not in inside for child in tokens.root.children)


def _supposed(token: Token) -> bool:
    """Inside a clause opened by "if", "unless", "until" and their like, or one that only tells the circumstances."""
    for _ in range(MOST_CLIMBS):
        if token.dep_ == "advcl" and (_opens(token, SUPPOSING) or _is_circumstance(token)):
            return True
        if token.head is token:
            return False
        token = token.head
    return False


def _opens(clause: Token, words: frozenset[str]) -> bool:
    return any(child.dep_ in ("mark", "advmod") and child.lower_ in words for child in clause.children)


def _is_circumstance(clause: Token) -> bool:
    """Tell "…, as their forces go on attacking": what goes on meanwhile, in a clause with a subject of its own."""
    return _opens(clause, frozenset({"as"})) and any(c.dep_ in ("nsubj", "nsubjpass") for c in clause.children)
