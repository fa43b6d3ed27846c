"""What a noun, an adjective or a set phrase reports: "her claim that S", "is confident that S", "S, according to N"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.reading.complements import Report
from workers.reading.spans import runs, subtree
from workers.reading.subjects import PASSIVE_SUBJECTS, holder_of, noun_phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spacy.tokens import Doc, Token

    from workers.reading.speech import SpeechLexicon, WordCues


def nominal_reports(doc: Doc, speech: SpeechLexicon) -> Iterator[Report]:
    """Give what the nouns, adjectives and set phrases of the lexicon report."""
    for word in doc:
        if word.pos_ in {"NOUN", "PROPN"}:
            yield from _of_word(word, speech.nouns, _noun_holder(word, speech), "noun")
        elif word.dep_ == "acomp" or word.tag_ == "VBN":
            yield from _of_word(word, speech.adjectives, _adjective_holder(word, speech), "adjective")
        elif word.lower_ == "according":
            yield from _according(word)
        if word.pos_ == "VERB" and word.lemma_ in speech.as_verbs:
            yield from _as_said(word, speech)


def _of_word(word: Token, cues: WordCues, head: Token | None, rule: str) -> Iterator[Report]:
    if head is None:
        return
    words = _complement(word, cues)
    holder = noun_phrase(head)
    if not words or head.i in words:
        return
    content = runs(word.doc, words - set(range(holder[0], holder[1] + 1)))
    if content:
        yield Report(word.i, word.lemma_.lower(), holder, content, rule, spoken=False)


def _complement(word: Token, cues: WordCues) -> set[int] | None:
    lemma = word.lemma_.lower() if word.pos_ in {"NOUN", "PROPN"} else word.lower_
    for child in word.rights:
        infinitive = any(part.tag_ == "TO" for part in child.lefts)
        if child.dep_ in {"acl", "ccomp", "xcomp"}:
            marked = any(part.dep_ in {"mark", "complm"} for part in child.lefts) or child.dep_ == "ccomp"
            if (lemma in cues.infinitive and infinitive) or (lemma in cues.clause and marked and not infinitive):
                return subtree(child)
        if child.dep_ in {"prep", "agent"} and child.lower_ in cues.preposition.get(lemma, ()):
            return subtree(child) - {child.i}
    return None


def _noun_holder(noun: Token, speech: SpeechLexicon) -> Token | None:
    """Give the possessor, the agent ("by N"), or the subject of a light verb ("made the claim")."""
    for child in noun.children:
        if child.dep_ == "poss":
            return child
        if child.dep_ in {"prep", "agent"} and child.lower_ == "by":
            return next((named for named in child.children if named.dep_ == "pobj"), None)
    verb = noun.head
    if noun.dep_ == "dobj" and verb.lemma_ in speech.light_verbs:
        return holder_of(verb, speech)
    return None


def _adjective_holder(adjective: Token, speech: SpeechLexicon) -> Token | None:
    if adjective.dep_ == "acomp":
        return holder_of(adjective.head, speech)
    return next((child for child in adjective.children if child.dep_ in PASSIVE_SUBJECTS), None)


def _according(word: Token) -> Iterator[Report]:
    """Read "S, according to N": the content is the clause that it stands in, without itself."""
    to = next((child for child in word.rights if child.lower_ == "to"), None)
    named = next((child for child in to.children if child.dep_ == "pobj"), None) if to is not None else None
    if named is None or word.head == word:
        return
    clause = word.head
    while clause.pos_ not in {"VERB", "AUX"} and clause.head != clause:
        clause = clause.head
    content = runs(word.doc, subtree(clause) - subtree(word))
    if content:
        yield Report(word.i, "according to", noun_phrase(named), content, "according", spoken=True)


def _as_said(verb: Token, speech: SpeechLexicon) -> Iterator[Report]:
    """Read "As the minister put it, S"."""
    if verb.dep_ != "advcl" or not any(child.lower_ == "as" and child.dep_ == "mark" for child in verb.lefts):
        return
    head = holder_of(verb, speech)
    content = runs(verb.doc, subtree(verb.head) - subtree(verb))
    if head is not None and content:
        yield Report(verb.i, verb.lemma_.lower(), noun_phrase(head), content, "as", spoken=True)
