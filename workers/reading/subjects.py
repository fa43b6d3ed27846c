"""Whose words, thoughts or wishes a cue reports: the holder, found in the dependency tree.

A verb inherits its subject through co-ordination, adverbial, open and relative clauses; a passive's holder is its
agent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Token

    from workers.reading.speech import SpeechLexicon

Range = tuple[int, int]  # first and last token of a run, both inclusive

SUBJECTS = frozenset({"nsubj", "csubj"})
PASSIVE_SUBJECTS = frozenset({"nsubjpass", "csubjpass"})
CLAUSE_SUBJECTS = SUBJECTS | PASSIVE_SUBJECTS
_INHERITING = frozenset({"conj", "xcomp", "advcl", "pcomp", "parataxis", "dep"})
_MAX_STEPS = 6  # a longer chain of clauses is a mistake of the parser
_LOOSE = frozenset({"relcl", "acl", "cc", "punct", "parataxis", "ccomp", "advcl", "preconj"})
_RELATIVE = frozenset({"WDT", "WP"})


def is_passive(verb: Token) -> bool:
    """Tell whether the verb's subject is who it is done to, not who does it."""
    return any(child.dep_ in PASSIVE_SUBJECTS or child.dep_ == "auxpass" for child in verb.children)


def own_subject(verb: Token) -> Token | None:
    """Give the verb's active subject, or the agent of a passive; None when it has none itself."""
    for child in verb.children:
        # No comma parts a bare subject from its participle: "a talk with X, stating ..." is not X's stating.
        if child.dep_ in SUBJECTS and not (_set_off(verb) and child.i == verb.i - 2):
            return _antecedent(child, verb)
    for child in verb.children:
        if child.dep_ == "agent":
            return next((named for named in child.children if named.dep_ == "pobj"), None)
    return None


def _antecedent(subject: Token, verb: Token) -> Token:
    """Read "who", "which", "that" as the noun that the relative clause is about."""
    if verb.dep_ == "relcl" and subject.tag_ in _RELATIVE:
        return verb.head
    return subject


def holder_of(verb: Token, speech: SpeechLexicon) -> Token | None:
    """Give the head word of whoever says or thinks what `verb` reports, or None."""
    head = _subject_through(verb, speech)
    return author_of(head, speech) if head is not None else None


def _subject_through(verb: Token, speech: SpeechLexicon) -> Token | None:
    at = verb
    for _ in range(_MAX_STEPS):
        subject = own_subject(at)
        if subject is not None:
            return subject
        if is_passive(at):
            return _quoted_as(at, verb)
        clause = _free_adjunct_of(at) if at.dep_ in {"acl", "pcomp"} else None
        if clause is not None:
            at = clause
            continue
        if at.dep_ == "acl" and at.tag_ == "VBG":
            return at.head
        controller = _controller(at, speech)
        if at.dep_ not in _INHERITING or controller is not None:
            return controller
        at = _clause_above(at)
        if at.pos_ not in {"VERB", "AUX"}:
            break
    return None


def _set_off(verb: Token) -> bool:
    """Tell a participle behind a comma."""
    return verb.tag_ == "VBG" and verb.i > 0 and verb.nbor(-1).text == ","


def _free_adjunct_of(participle: Token) -> Token | None:
    """Give the clause whose subject does what a participle behind a comma says: "X met Y, stating …" is X's stating."""
    if not _set_off(participle):
        return None
    at = participle.head
    for _ in range(_MAX_STEPS):
        if at.dep_ in CLAUSE_SUBJECTS:
            return None
        if at.pos_ in {"VERB", "AUX"} or at.head is at:
            break
        at = at.head
    return at if at.pos_ in {"VERB", "AUX"} else None


def _controller(clause: Token, speech: SpeechLexicon) -> Token | None:
    """Give the object whose doing an open clause is: "pressed *the minister* to say", "footage of *her* saying"."""
    if clause.dep_ != "xcomp":
        return None
    before = clause.nbor(-1) if clause.i else clause
    if clause.tag_ == "VBG" and before.dep_ in {"dobj", "pobj"} and before.i > clause.head.i:
        return before
    if clause.head.lemma_ not in speech.verbs.order:
        return None
    return next((child for child in clause.head.children if child.dep_ == "dobj" and child.i < clause.i), None)


def author_of(head: Token, speech: SpeechLexicon) -> Token:
    """Give who wrote or gave a text, when named: its possessor, "by N", or the subject of "issued a statement"."""
    if head.lemma_.lower() not in speech.text_nouns or head.pos_ == "PROPN":
        return head
    for child in head.children:
        if child.dep_ == "poss":
            return child
        if child.dep_ in {"prep", "agent"} and child.lower_ in {"by", "from"}:
            return next((named for named in child.children if named.dep_ == "pobj"), head)
    verb = head.head.head if head.dep_ == "pobj" and head.head.dep_ == "prep" else head.head
    if head.dep_ in {"dobj", "pobj"} and verb.pos_ == "VERB":
        return own_subject(verb) or head
    return head


def _clause_above(verb: Token) -> Token:
    """Climb to the verb whose subject `verb` shares, past prepositions ("by saying")."""
    head = verb.head
    while head.dep_ == "prep" and head.head != head:
        head = head.head
    return head


def _quoted_as(passive: Token, verb: Token) -> Token | None:
    """Take the passive subject for "was quoted as saying", "is expected to say"; not for who is spoken to."""
    if passive == verb:
        return None
    return next((child for child in passive.children if child.dep_ in PASSIVE_SUBJECTS), None)


def noun_phrase(head: Token) -> Range:
    """Give the run of words that names the holder: title, apposition, "of" phrase, but no relative clause."""
    first, last = head.left_edge.i, head.i
    for child in head.lefts:
        if child.dep_ in _LOOSE and child.dep_ != "punct":
            first = max(first, child.right_edge.i + 1)
    doc = head.doc
    while first < head.i and (doc[first].is_punct or doc[first].is_space) and doc[first].text not in {"(", "["}:
        first += 1
    for child in head.rights:
        if child.dep_ in _LOOSE and child.dep_ not in {"punct", "cc"}:
            break
        if child.dep_ not in {"punct", "cc"}:
            last = max(last, _phrase_end(child))
    return min(first, head.i), last


def _phrase_end(child: Token) -> int:
    """End an apposition or a co-ordinated name before its own relative clause."""
    if child.dep_ in {"appos", "conj"}:
        return noun_phrase(child)[1]
    return int(child.right_edge.i)
