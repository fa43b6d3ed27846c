"""What a verb reports: its content, by the frames that the speech lexicon gives the verb.

Such as "said that S", "S, she said", "vowed to V", "urged N to V", "called N a liar", "accused N of M", "rejects N",
"called for N".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.reading.spans import runs, subtree
from workers.reading.subjects import PASSIVE_SUBJECTS, Range, holder_of, is_passive, noun_phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spacy.tokens import Doc, Token

    from workers.reading.speech import SpeechLexicon, VerbCues

_OBJECTS = frozenset({"dobj", "nsubjpass"})
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
        found = _content(verb, key, speech.verbs)
        if found is None:
            continue
        rule, words = found
        head = holder_of(verb)
        if head is None or head.i in words:
            continue
        holder = noun_phrase(head)
        content = runs(doc, words - set(range(holder[0], holder[1] + 1)) - {verb.i})
        if content:
            yield Report(verb.i, key, holder, content, rule, key in speech.verbs.speech)


def _content(verb: Token, key: str, verbs: VerbCues) -> tuple[str, set[int]] | None:
    """Give the frame and the words of the content: the first frame that fits."""
    frames = (
        ("clause", _clause(verb, key, verbs)),
        ("parenthesis", _parenthesis(verb, key, verbs)),
        ("order", _with_object(verb, {"xcomp"}) if key in verbs.order else None),
        ("infinitive", _open_clause(verb, key, verbs)),
        ("naming", _with_object(verb, _PREDICATES) if key in verbs.naming else None),
        ("accusation", _accusation(verb, key, verbs)),
        ("object", _object(verb) if key in verbs.object else None),
        ("preposition", _preposition(verb, key, verbs)),
    )
    return next(((rule, words) for rule, words in frames if words), None)


def _clause(verb: Token, key: str, verbs: VerbCues) -> set[int] | None:
    """Read "said that S", "S, said", and the small clauses of "wants him gone", "deemed it unfit"."""
    takes_clause = key in verbs.clause
    if not (takes_clause or key in verbs.order or key in verbs.naming or key in verbs.object):
        return None
    for child in verb.children:
        if child.dep_ == "ccomp" and (takes_clause or child.i > verb.i):
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
        if child.dep_ in _OBJECTS:
            if child.tag_ in {"WDT", "WP"} and verb.dep_ == "relcl":
                return subtree(verb.head) - subtree(verb)
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
