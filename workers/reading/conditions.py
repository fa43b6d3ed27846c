"""The terms under which a ceasefire is backed, as they stand in the text.

Each is the stretch that its cue governs: the clause behind "unless", what is demanded, the whole clause of a "must", a
question that is asked before an answer is given ("How will supervision be organised?").
"""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from workers.reading.clauses import token_at
from workers.reading.evidence import FIRST_PERSON, Evidence
from workers.reading.lexicon import Lexicon, shape
from workers.reading.parsed import ParsedText

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

STRONG = frozenset({"only_if", "terms", "demand", "goal"})
WEAK = frozenset({"must", "if_clause", "hold"})
CLAUSE_WIDE = frozenset({"must", "hold"})  # the subject belongs to it: "the army must withdraw"
LONGEST_CHARS = 400
LEAST_CHARS = 8
MOST_CONDITIONS = 8
MOST_CLIMBS = 4
_EDGES = " \t\n,;:.?!\"“”'’–—-…"
_OPENING = re.compile(r"^(?:(?:that|but|and)\s+)+", re.IGNORECASE)  # joins the clause on; no part of what it says
_GOES_ON = re.compile(r",? (?:and|as well as) (?:an?|the|its|their|all) [^.;:!?,“”\"]+")
_FULL_STOP = re.compile(r"[.!?](?=[\s\"”’])")
_QUESTION = re.compile(r"\b(?:how|who|what|where|when|which|whether|will|would)\b")

# "X laid out conditions for a truce. Among them were A, B and C.": the next sentence says which.
_LIST = re.compile(
    r"\s+(?:Among (?:them|these|those)|They|These|Those|The (?:conditions|terms|demands))"
    r"\s+(?:were|are|include|included)\s+(?P<terms>[^\n.!?]+)"
)
_NAMING = re.compile(r"\b(?:condition|term|demand)s?\b", re.IGNORECASE)

Range = tuple[int, int]


def conditions_of(
    parsed: ParsedText, start: int, end: int, evidence: Sequence[Evidence], lexicon: Lexicon
) -> tuple[str, ...]:
    """The conditions in `start`..`end` of the text, in its order, none inside another; at most MOST_CONDITIONS."""
    found = [*_questions(parsed, start, end), *_listed(parsed.text, start, end)]
    for families in (STRONG, WEAK):
        for cue in evidence:
            if cue.family in families and not cue.negated and (families is STRONG or not found or cue.family == "must"):
                stretch = _stretch(parsed, cue, start, end, lexicon)
                if stretch is not None and stretch[1] - stretch[0] >= LEAST_CHARS:
                    found.append(stretch)
    if not found and any(cue.family in STRONG for cue in evidence):
        found = [_sentence(parsed, next(cue for cue in evidence if cue.family in STRONG), start, end)]
    texts = (_OPENING.sub("", parsed.text[a:b].strip(_EDGES)) for a, b in _outermost(found))
    return tuple(dict.fromkeys(text for text in texts if len(text) >= LEAST_CHARS))[:MOST_CONDITIONS]


def end_of_terms(text: str, end: int, evidence: Sequence[Evidence]) -> int:
    """Where a passage that only names its terms ends, with the sentence that lists them; `end` where none does."""
    listed = _LIST.match(text, end) if any(_NAMING.search(cue.text) for cue in evidence) else None
    return min(listed.end() + 1, len(text)) if listed else end


def _listed(text: str, start: int, end: int) -> Iterator[Range]:
    """The terms that a sentence of the passage lists."""
    yield from (found.span("terms") for found in _LIST.finditer(text, start, end))


def _sentence(parsed: ParsedText, cue: Evidence, start: int, end: int) -> Range:
    """The whole sentence of a cue that governs nothing of its own ("These terms are non-negotiable")."""
    inside = [(a, b) for _, _, a, b in parsed.sentences() if a <= cue.start < b]
    a, b = inside[0] if inside else (start, end)
    return max(a, start), min(b, end, max(a, start) + LONGEST_CHARS)


def _outermost(found: Sequence[Range]) -> list[Range]:
    kept: list[Range] = []
    for a, b in sorted(found, key=lambda r: r[0] - r[1]):
        if all(b <= start or end <= a for start, end in kept):
            kept.append((a, b))
    return sorted(kept)


def _questions(parsed: ParsedText, start: int, end: int) -> Iterator[Range]:
    """Questions that the speaker raises in the own words: they are to be answered first."""
    quotes = [(q.start, q.end) for q in parsed.quotes if q.end - q.start > LEAST_CHARS]
    for _, sentence, a, b in parsed.sentences():
        if start <= a and b <= end and sentence.text.rstrip(" \"”'’").endswith("?"):
            quoted = any(q <= a + LEAST_CHARS < q_end for q, q_end in quotes)
            if quoted and _QUESTION.search(sentence.text.lower()):
                yield a, b


def _stretch(parsed: ParsedText, cue: Evidence, start: int, end: int, lexicon: Lexicon) -> Range | None:
    """What a cue governs, cut where the sentence, its quotation or the passage ends."""
    found = token_at(parsed, cue.start)
    if found is None:
        return None
    token, offset = found
    if (cue.family == "must" and _of_oneself(token)) or (_is_noun_of_terms(cue) and _names_only(token)):
        return None
    first, last = _governed(token, cue, offset)
    bounds = [end, offset + token.sent.end_char]
    bounds += [q.end for q in parsed.quotes if q.start <= cue.start < q.end and not q.is_scare]
    a, b = max(start, first), min(last, *bounds)
    b = min(_out_of_quote(parsed, b, end), first + LONGEST_CHARS)
    closing = lexicon.scopes["condition_close"].search(shape(parsed.text[a:b]), min(b - a, cue.end - a + LEAST_CHARS))
    return a, a + closing.start() if closing else b


def _out_of_quote(parsed: ParsedText, place: int, end: int) -> int:
    """Where a stretch that breaks off inside a quotation ends: with the quotation, or the sentence in it.

    Words that the reporter put into it ("a withdrawal [of troops] from the strip") break the parser's clause.
    """
    inside = (quote for quote in parsed.quotes if not quote.is_scare and quote.start < place < quote.end)
    for quote in inside:
        last = min(quote.end, end)
        stop = _FULL_STOP.search(parsed.text, place - 1, last)
        if stop:
            return stop.start()
        more = _GOES_ON.match(parsed.text, last, end)  # "… from the strip” and an exchange": a list goes on
        return more.end() if more else last
    return place


def _governed(token: Token, cue: Evidence, offset: int) -> Range:
    words = (
        token.doc.char_span(cue.start - offset, cue.end - offset, alignment_mode="expand")
        or token.doc[token.i : token.i + 1]
    )
    if cue.family in CLAUSE_WIDE or _is_modal(words) or _says_of_it(words[0]):
        clause = _clause_of(words.root)
        return offset + clause.left_edge.idx, _end(clause, offset)
    if words[0].dep_ in {"mark", "advmod"}:
        return cue.start, _end(words[0].head, offset)
    if words[0].tag_ in {"WDT", "VBG"}:  # "that did not include …", "freezing the line …": the cue says a part of it
        return cue.start, max(_end(word, offset) for word in words)
    behind = [child for word in words for child in word.rights if child.i >= words.end and child.dep_ != "punct"]
    if behind:
        begin = offset + min(child.left_edge.idx for child in behind)
        if words[0].pos_ in {"ADP", "SCONJ"}:
            begin = cue.start
        elif any(word.tag_ == "TO" for word in words[1:]):  # "wants the army to withdraw": who is to do it as well
            begin = offset + words[1].idx
        return begin, max(_end(child, offset) for child in behind)
    return offset + words.root.sent.start_char, offset + words.root.sent.end_char


def _is_noun_of_terms(cue: Evidence) -> bool:
    return cue.family == "terms" or (cue.family == "only_if" and _NAMING.search(cue.text) is not None)


def _names_only(token: Token) -> bool:
    """Tell "conditions for a truce", "guarantees for their safety": what they are for, and not what they are."""
    noun = next((child for child in token.rights if child.dep_ == "dobj"), token)
    following = next((child for child in noun.rights if child.dep_ != "punct"), None)
    return noun.pos_ == "NOUN" and following is not None and following.lower_ == "for"


def _of_oneself(token: Token) -> bool:
    """Tell "we must talk": what the speaker means to do binds nobody else."""
    return any(child.lower_ in FIRST_PERSON for child in _clause_of(token).children if child.dep_ == "nsubj")


def _is_modal(words: Span) -> bool:
    return any(word.tag_ == "MD" for word in words)


def _says_of_it(word: Token) -> bool:
    """Tell "the plan be based on …", "the offer is tied to …": what it is said of belongs to the term."""
    return word.tag_ == "VBN" and any(child.dep_ == "nsubjpass" for child in word.children)


def _clause_of(token: Token) -> Token:
    for _ in range(MOST_CLIMBS):
        if any(child.dep_ in {"nsubj", "nsubjpass"} for child in token.children) or token.head is token:
            break
        token = token.head
    return token


def _end(token: Token, offset: int) -> int:
    last = token.right_edge
    return offset + last.idx + len(last.text)
