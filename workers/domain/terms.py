"""Tell a new condition from one that was stated before in other words. Pure.

Conditions are cut out of sentences, and every report words them anew ("withdraws its troops", "a complete withdrawal"):
they are compared by the beginnings of their longer words, and what shares some with the terms that stand is not new.
"""

from __future__ import annotations

from collections.abc import Iterable

from workers.domain.sameness import words_of

LEAST_LETTERS = 5  # shorter words stand in every condition
STEM_LETTERS = 5  # "withdraws" and "withdrawal" begin alike
MOST_SHARED = 0.34  # a third of its words may stand in earlier terms: the other side's name stands in most


def adds_terms(said: Iterable[str], standing: Iterable[str]) -> bool:
    """Tell whether a condition is among those `said` that none of the `standing` ones is like.

    Never where one of the two is empty: a report that leaves the terms out takes none back.
    """
    known = [stems_of(term) for term in standing]
    everything = frozenset[str]().union(*known)
    return bool(everything) and any(_is_new(stems_of(term), everything) for term in said)


def stems_of(term: str) -> frozenset[str]:
    """The beginnings of the longer words of a condition."""
    return frozenset(word[:STEM_LETTERS] for word in words_of(term) if len(word) >= LEAST_LETTERS)


def _is_new(stems: frozenset[str], known: frozenset[str]) -> bool:
    return len(stems) > 1 and len(stems & known) <= MOST_SHARED * len(stems)
