"""Tell copies and excerpts of the same words from independent reports.

Pure. Measures and thresholds: ANCHORS section 2: MinHash-64 with Jaccard >= .3 finds 99 % of light edits of wire copy,
3-gram containment >= .5 finds all lead-only excerpts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from random import Random

SHINGLE_WORDS = 3
SIGNATURE_SIZE = 64
COPY_JACCARD = 0.3
EXCERPT_CONTAINMENT = 0.5
LEAST_SHINGLES = 3  # shorter quotes are compared word for word: three shingles are five words
LEAST_WORDS = 4  # "we want peace" is said by everybody; equal words count from four on
MOST_WORDS = 4000  # a live blog's tail adds nothing to what its head says of sameness

_PRIME = (1 << 61) - 1
_WORD = re.compile(r"[^\W_]+")
# Fixed seed: signatures are stored and compared across processes and years.
_DRAWN = Random(20250314)
_PERMUTATIONS = tuple((_DRAWN.randrange(1, _PRIME), _DRAWN.randrange(_PRIME)) for _ in range(SIGNATURE_SIZE))


def words_of(text: str) -> tuple[str, ...]:
    """Break text into folded words: case, accents, punctuation and quote marks do not count."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(char for char in folded if not unicodedata.combining(char))
    return tuple(_WORD.findall(plain)[:MOST_WORDS])


def shingles_of(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """All runs of three words."""
    return frozenset(tuple(words[at : at + SHINGLE_WORDS]) for at in range(len(words) - SHINGLE_WORDS + 1))


def signature_of(text: str) -> tuple[int, ...]:
    """MinHash of the text's shingles, 64 numbers; empty when the text has fewer than three shingles."""
    shingles = shingles_of(words_of(text))
    if len(shingles) < LEAST_SHINGLES:
        return ()
    hashes = [_hashed(shingle) for shingle in shingles]
    return tuple(min((a * value + b) % _PRIME for value in hashes) for a, b in _PERMUTATIONS)


def is_copy(one: Sequence[int], other: Sequence[int]) -> bool:
    """Tell whether two articles are copies of one text; articles without a signature never are."""
    if not one or len(one) != len(other):
        return False
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one) >= COPY_JACCARD


def same_words(one: str, other: str) -> bool:
    """Tell whether two quotes are the same words, one an excerpt of the other, or lightly edited."""
    first, second = words_of(one), words_of(other)
    if min(len(first), len(second)) < LEAST_WORDS:
        return False
    smaller, larger = sorted((shingles_of(first), shingles_of(second)), key=len)
    if len(smaller) < LEAST_SHINGLES:
        return first == second
    return len(smaller & larger) / len(smaller) >= EXCERPT_CONTAINMENT


def components(members: Iterable[str], links: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """Give each member the smallest id of its connected component. Links to strangers count for nothing."""
    root = {member: member for member in members}

    def top(member: str) -> str:
        while root[member] != member:
            root[member] = root[root[member]]
            member = root[member]
        return member

    for member, others in links:
        for other in others:
            if member in root and other in root:
                low, high = sorted((top(member), top(other)))
                root[high] = low
    return {member: top(member) for member in root}


def _hashed(shingle: tuple[str, ...]) -> int:
    return int.from_bytes(blake2b(" ".join(shingle).encode(), digest_size=8).digest(), "big") % _PRIME
