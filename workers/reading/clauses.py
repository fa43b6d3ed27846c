"""The clause that a cue stands in: whether it is only supposed, and how far it reaches inside another's sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.reading.parsed import ParsedText

if TYPE_CHECKING:
    from spacy.tokens import Token

UNREALISED = frozenset({"if", "unless", "until", "once", "whether", "provided"})  # "when Kyiv agreed" is told as done
POSSIBLE = frozenset({"may", "might", "could", "should", "must", "ought"})
FORETOLD = frozenset({"expect", "likely", "unlikely", "need", "have", "certain", "bound", "poised", "suppose"})
FINITE = frozenset({"VBD", "VBZ", "VBP"})
FALLEN_INTO = frozenset({"advcl", "relcl", "pcomp"})  # clauses that tell something on the side
SAME_CLAUSE = frozenset({"aux", "auxpass", "conj", "xcomp", "prep", "pobj", "dobj", "acomp", "attr", "prt", "amod"})
MOST_CLIMBS = 6

Span = tuple[int, int]


def token_at(parsed: ParsedText, place: int) -> tuple[Token, int] | None:
    """Give the token at a place of the text, and where its paragraph starts."""
    for paragraph, span in parsed.words_between(place, place + 1):
        return span[0], paragraph.start
    return None


def is_supposed(token: Token) -> bool:
    """Tell whether a cue has not happened: it stands in a clause of "if" and its like, or is foretold or called for."""
    head = _clause_head(token)
    conditional = head.dep_ in FALLEN_INTO and any(
        child.dep_ in {"mark", "advmod"} and child.lower_ in UNREALISED for child in head.children
    )
    return conditional or _is_unreal(token)


def _is_unreal(token: Token) -> bool:
    """Tell "may accept", "is expected to accept", "needs to accept" from what was done; "could not agree" was."""
    for _ in range(MOST_CLIMBS):
        auxiliaries = {child.lower_ for child in token.children if child.dep_ == "aux"}
        if auxiliaries & POSSIBLE and not any(child.dep_ == "neg" for child in token.children):
            return True
        if token.dep_ == "xcomp" and token.head.lemma_.lower() in FORETOLD and not _had_to(token.head):
            return True
        if (
            (token.dep_ == "conj" and _is_finite(token))
            or token.dep_ not in {"conj", "xcomp", "dobj"}
            or token.head is token
        ):
            return False
        token = token.head
    return False


def _is_finite(verb: Token) -> bool:
    """Tell a verb that needs no other: "was expected to agree but *refused*", "but *has* refused"."""
    auxiliaries = (child for child in verb.children if child.dep_ in {"aux", "auxpass"})
    return verb.tag_ in FINITE or any(one.tag_ in FINITE for one in auxiliaries)


def _had_to(verb: Token) -> bool:
    """Tell "had to accept", which was done, from "has to accept"."""
    return verb.lower_ == "had"


def side_clause(token: Token, offset: int) -> Span | None:
    """Give the span of a clause with a subject of its own inside another's sentence ("…, after Kyiv agreed to it").

    None when the cue belongs to the sentence's main clause: then the whole sentence is the passage.
    """
    head = _clause_head(token)
    subjects = [child for child in head.children if child.dep_ in {"nsubj", "nsubjpass"}]
    if head.dep_ not in FALLEN_INTO or not subjects:
        return None
    first = min(subjects[0].left_edge.i, head.i)
    last = head.right_edge
    while last.is_punct and last.i > head.i:
        last = last.nbor(-1)
    return offset + head.doc[first].idx, offset + last.idx + len(last.text)


def _clause_head(token: Token) -> Token:
    for _ in range(MOST_CLIMBS):
        if token.dep_ not in SAME_CLAUSE or token.head is token:
            break
        token = token.head
    return token
