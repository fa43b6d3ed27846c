"""What a verb reports: its content, by the frames that the speech lexicon gives the verb.

Such as "said that S", "S, she said", "vowed to V", "urged N to V", "called N a liar", "accused N of M", "rejects N",
"called for N".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.reading.spans import runs, subtree
from workers.reading.subjects import CLAUSE_SUBJECTS, PASSIVE_SUBJECTS, Range, holder_of, is_passive, noun_phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spacy.tokens import Doc, Token

    from workers.reading.speech import SpeechLexicon, VerbCues

_OBJECTS = frozenset({"dobj", "nsubjpass"})
_LEMMAS = {"hop": "hope"}  # the lemmatiser takes "hoped" for "hop"
_MEANWHILE = frozenset({"while", "whereas"})
_PREDICATES = frozenset({"oprd", "attr", "acomp"})


@dataclass(frozen=True, slots=True)
class Report:
    """A cue with its holder and its content, as places of words in one paragraph.

    `holder` is None when nobody is named. `spoken` is False for what is thought or wanted only. `rule` names the frame
    that decided.
    """

    cue: int
    lemma: str
    holder: Range | None
    content: tuple[Range, ...]
    rule: str
    spoken: bool


def verb_key(verb: Token) -> str:
    """Give the lemma, with the particle when there is one ("rule out")."""
    lemma = verb.lemma_.lower()
    lemma = _LEMMAS.get(lemma, lemma)
    for child in verb.rights:
        if child.dep_ == "prt":
            return f"{lemma} {child.lower_}"
    return lemma


def verb_reports(doc: Doc, speech: SpeechLexicon) -> Iterator[Report]:
    """Give what each verb of the lexicon reports, wherever a holder is named."""
    for verb in doc:
        if verb.pos_ not in {"VERB", "AUX"}:
            continue
        key = verb_key(verb)
        found = _content(verb, key, speech)
        if found is None:
            continue
        rule, words = found
        head = holder_of(verb, speech)
        if head is None or head.i in words:
            continue
        holder = noun_phrase(head)
        content = runs(doc, words - set(range(holder[0], holder[1] + 1)) - {verb.i})
        if content:
            yield Report(verb.i, key, holder, content, rule, key in speech.verbs.speech)


def _content(verb: Token, key: str, speech: SpeechLexicon) -> tuple[str, set[int]] | None:
    """Give the frame and the words of the content: the first frame that fits."""
    verbs = speech.verbs
    frames = (
        ("clause", _clause(verb, key, speech)),
        ("parenthesis", _parenthesis(verb, key, verbs)),
        ("order", _order(verb, key, verbs)),
        ("infinitive", _open_clause(verb, key, verbs)),
        ("naming", _naming(verb) if key in verbs.naming else None),
        ("accusation", _accusation(verb, key, verbs)),
        ("object", _object(verb) if key in verbs.object else None),
        ("preposition", _preposition(verb, key, verbs)),
    )
    return next(((rule, words) for rule, words in frames if words), None)


def _clause(verb: Token, key: str, speech: SpeechLexicon) -> set[int] | None:
    """Read "said that S", "S, said", and the small clauses of "wants him gone", "deemed it unfit"."""
    verbs = speech.verbs
    takes_clause = key in verbs.clause
    if not (takes_clause or key in verbs.order or key in verbs.naming or key in verbs.object):
        return None
    behind = next((child for child in verb.rights if child.dep_ == "ccomp"), None) or _told_clause(verb, key, speech)
    if behind is not None:
        words = subtree(behind) - _beside(behind, speech)
        return _one_sentence(verb, words | _carried_on(verb, behind, speech) if takes_clause else words)
    if not takes_clause:
        return None
    clause = next((child for child in verb.lefts if child.dep_ == "ccomp"), None) or _unmarked_clause(verb)
    return _one_sentence(verb, subtree(clause)) if clause is not None else None


def _beside(clause: Token, speech: SpeechLexicon) -> set[int]:
    """Give the words behind a comma in which somebody else speaks: "N said that S, while M accused …"."""
    return {
        word
        for child in (one for part in subtree(clause) for one in clause.doc[part].rights)
        if child.dep_ == "advcl" and verb_key(child) in speech.verbs.speech and _is_parallel(child)
        for word in subtree(child)
    }


def _is_parallel(clause: Token) -> bool:
    """Tell a clause with "while" or "whereas" behind a comma and a subject of its own."""
    opening = clause.left_edge
    kinds = {part.dep_ for part in clause.lefts}
    return (
        opening.lower_ in _MEANWHILE
        and opening.i > 0
        and opening.nbor(-1).text == ","
        and bool(kinds & CLAUSE_SUBJECTS)
    )


def _told_clause(verb: Token, key: str, speech: SpeechLexicon) -> Token | None:
    """Find the reported clause that the parser hung on who is told: "told a briefing that the truce had failed".

    In a relative clause "that" would be its subject or object, and not only its mark.
    """
    if key not in speech.addressee_passive:
        return None
    told = [child for child in verb.rights if child.dep_ in {"dobj", "dative"}]
    for clause in (child for one in told for child in one.rights if child.dep_ in {"relcl", "acl"}):
        kinds = {part.dep_ for part in clause.lefts}
        if kinds & CLAUSE_SUBJECTS and any(part.dep_ == "mark" and part.lower_ == "that" for part in clause.lefts):
            return clause
    return None


def _unmarked_clause(verb: Token) -> Token | None:
    """Find the reported clause that the parser took for an adverbial one: it has a subject and no mark."""
    for child in verb.rights:
        if child.dep_ in {"advcl", "dep"} and child.pos_ in {"VERB", "AUX"}:
            kinds = {part.dep_ for part in child.lefts}
            if kinds & CLAUSE_SUBJECTS and "mark" not in kinds:
                return child
    return None


def _one_sentence(verb: Token, words: set[int]) -> set[int] | None:
    """Keep what stands in the cue's own part of a sentence that semicolons or a colon divide."""
    doc, first, last = verb.doc, min(words), max(words)
    for place in range(verb.i, last):
        if doc[place].text == ";":
            last = place - 1
            break
    for place in range(verb.i, first, -1):
        if doc[place].text in {";", ":"}:
            first = place + 1
            break
    return {place for place in words if first <= place <= last} or None


def _carried_on(verb: Token, content: Token, speech: SpeechLexicon) -> set[int]:
    """Give the words behind a reported clause that the parser hung on the cue though they are reported too.

    "He said they would stop if ...": a clause with such a mark. "He said the talks had failed, but the truce would
    hold": a main clause in the reported tenses.
    """
    more: set[int] = set()
    for child in verb.rights:
        if child.i < content.i:
            continue
        if child.dep_ == "advcl" and any(
            part.dep_ == "mark" and part.lower_ in speech.content_marks for part in child.lefts
        ):
            more |= subtree(child)
        if child.dep_ == "conj" and _is_reported_too(verb, content, child, speech):
            more |= subtree(child)
    return more


def _is_reported_too(verb: Token, content: Token, clause: Token, speech: SpeechLexicon) -> bool:
    """Tell a second reported clause from a second sentence: it has a subject, no cue, and the first one's tense.

    One that begins with a quotation mark is nobody else's either.
    """
    subject = next((child for child in clause.lefts if child.dep_ in {"nsubj", "nsubjpass", "expl"}), None)
    if subject is None or verb_key(clause) in speech.verbs.speech:
        return False
    if verb.i < subject.left_edge.i - 1 and subject.left_edge.nbor(-1).is_quote:  # 'but "they did not keep it"'
        return True
    if verb.tag_ in {"VBZ", "VBP"}:
        return _tense(clause) == _tense(content)
    return _tense(clause) == _BACKSHIFTED


_BACKSHIFTED = "backshifted"


def _tense(clause: Token) -> str:
    """Name a clause's tense: that of its first auxiliary, else its own; "would" and its like are the reported ones."""
    for child in clause.lefts:
        if child.dep_ in {"aux", "auxpass"} and child.tag_ != "TO":
            return _BACKSHIFTED if child.lower_ in {"would", "could", "might", "had"} else child.tag_
    return clause.tag_


def _order(verb: Token, key: str, verbs: VerbCues) -> set[int] | None:
    """Read "urged N to V", "called on N to V", "told to V"."""
    if key in verbs.order:
        return _with_object(verb, {"xcomp"}) or (_to_clause(verb) if key not in verbs.infinitive else None)
    for child in verb.rights:
        if child.dep_ == "prep" and f"{key} {child.lower_}" in verbs.order:
            return (subtree(child) - {child.i}) | (_to_clause(verb) or set())
    return None


def _naming(verb: Token) -> set[int] | None:
    """Read "called N a liar", also where the parser took the name for an apposition of N."""
    named = _with_object(verb, _PREDICATES)
    if named is not None:
        return named
    for child in verb.rights:
        if child.dep_ == "dobj" and any(part.dep_ in {"appos", "amod", "oprd"} for part in child.rights):
            return subtree(child)
    return None


def _to_clause(verb: Token) -> set[int] | None:
    for child in verb.rights:
        if child.dep_ == "xcomp" and any(word.tag_ == "TO" for word in child.lefts):
            return subtree(child)
    return None


def _parenthesis(verb: Token, key: str, verbs: VerbCues) -> set[int] | None:
    """Read "The plan, he said, would fail": the cue hangs on its own content."""
    if verb.dep_ != "parataxis" or key not in verbs.clause or verb.head.i == verb.i:
        return None
    return subtree(verb.head) - subtree(verb)


def _with_object(verb: Token, predicates: set[str] | frozenset[str]) -> set[int] | None:
    """Read "urged N to V", "called N a liar"."""
    named = [child for child in verb.children if child.dep_ in _OBJECTS]
    said = [child for child in verb.children if child.dep_ in predicates and child.i > verb.i]
    if not said or not (named or is_passive(verb)):
        return None
    return set().union(*(subtree(child) for child in (*named, *said)))


def _open_clause(verb: Token, key: str, verbs: VerbCues) -> set[int] | None:
    """Read "vowed to V"; "denied V-ing" for verbs that take a thing."""
    for child in verb.rights:
        if child.dep_ == "xcomp":
            to = any(word.tag_ == "TO" for word in child.lefts)
            if (to and key in verbs.infinitive) or (child.tag_ == "VBG" and key in verbs.object):
                return subtree(child)
    return None


def _accusation(verb: Token, key: str, verbs: VerbCues) -> set[int] | None:
    prepositions = verbs.accusation.get(key)
    if not prepositions:
        return None
    named = [child for child in verb.children if child.dep_ in _OBJECTS]
    blamed = [child for child in verb.rights if child.dep_ == "prep" and child.lower_ in prepositions]
    if not blamed or not (named or is_passive(verb)):
        return None
    return set().union(*(subtree(child) for child in (*named, *blamed)))


def _object(verb: Token) -> set[int] | None:
    """Read "rejects N"; in "the plan that he rejects" the noun that the clause is about."""
    for child in verb.children:
        if child.dep_ in _OBJECTS and child.tag_ in {"WDT", "WP"}:
            return subtree(verb.head) - subtree(verb) if verb.dep_ == "relcl" else None
        if child.dep_ in _OBJECTS:
            return subtree(child)
    if verb.dep_ in {"relcl", "acl"} and not any(child.dep_ in PASSIVE_SUBJECTS for child in verb.children):
        return subtree(verb.head) - subtree(verb)
    return None


def _preposition(verb: Token, key: str, verbs: VerbCues) -> set[int] | None:
    prepositions = verbs.preposition.get(key)
    if not prepositions:
        return None
    for child in verb.rights:
        if child.dep_ in {"prep", "agent"} and child.lower_ in prepositions:
            return subtree(child) - {child.i}
    return None
