"""Tell copies and excerpts of the same words from independent reports.

Pure. Articles are compared by signatures: MinHash of all words finds light edits of wire copy, MinHash of the first
words finds excerpts that print the lead only. Quotes are compared word for word: by the share
of the shorter one's runs of three words that stand in the other, by the words in order for edits, and, for reports that
word the rest anew, by what stands between quote marks. `python -m tests.bench.sameness` measures it on real texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from random import Random

SHINGLE_WORDS = 3
SIGNATURE_SIZE = 64  # of all words; with .3 of them equal 99 % of light edits are found
LEAD_SIZE = 32  # of the first words
LEAD_WORDS = 60  # the shortest excerpt that wires' customers print is two paragraphs
COPY_JACCARD = 0.3
LEAD_JACCARD = 0.5
EXCERPT_CONTAINMENT = 0.5
SURE_SHINGLES = 20  # shorter quotes share formulas ("President X said on Monday that"): they must share more
MORE_FOR_EACH = 0.012
OTHERWISE_READ = 0.8  # what is read as another position is the same only if nearly all words are
LEAST_SHINGLES = 3  # shorter quotes are compared word for word: three shingles are five words
LEAST_EDITED = 9  # words of a quote of which one may be another: of shorter ones, one word makes it another quote
LIKE_LENGTH = 0.75  # an edit takes little out; what takes out more is an excerpt, which is told by its runs
EDITED_IN_ORDER = 0.8
SHORT_WORDS = 16  # a sentence of names, a day and a formula: what it is about is said in two or three words
WORDS_FOR_AN_EDIT = 12  # an editor exchanges about one word in so many
LEAST_QUOTED = 6  # words between quote marks: shorter ones are said by many, and again and again
LEAST_WORDS = 4  # "we want peace" is said by everybody; equal words count from four on
MOST_WORDS = 4000  # a live blog's tail adds nothing to what its head says of sameness

_PRIME = (1 << 61) - 1
_WORD = re.compile(r"[^\W_]+")
# Typographic, plain, and the two apostrophes that stand for quote marks in a tenth of texts; never a single one.
_BETWEEN_MARKS = re.compile(
    r"[\"\u201c\u201d\u201e\u00ab]([^\"\u201c\u201d\u201e\u00ab\u00bb]+)[\"\u201c\u201d\u00bb]|''(.+?)''"
)
# Fixed seed: signatures are stored and compared across processes and years.
_DRAWN = Random(20250314)
_PERMUTATIONS = tuple((_DRAWN.randrange(1, _PRIME), _DRAWN.randrange(_PRIME)) for _ in range(SIGNATURE_SIZE))
_KEPT = 0xFF  # of each minimum: two are equal by chance once in 256, and a signature is small enough to store twice


def words_of(text: str) -> tuple[str, ...]:
    """Break text into folded words: case, accents, punctuation and quote marks do not count."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(char for char in folded if not unicodedata.combining(char))
    return tuple(_WORD.findall(plain)[:MOST_WORDS])


def shingles_of(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """All runs of three words."""
    return frozenset(tuple(words[at : at + SHINGLE_WORDS]) for at in range(len(words) - SHINGLE_WORDS + 1))


def signature_of(text: str) -> str:
    """MinHash of the text's shingles, 64 bytes as hex digits, then 32 of its lead's; empty for under 3 shingles."""
    words = words_of(text)
    shingles = shingles_of(words)
    if len(shingles) < LEAST_SHINGLES:
        return ""
    return (_minima(shingles, SIGNATURE_SIZE) + _minima(shingles_of(words[:LEAD_WORDS]), LEAD_SIZE)).hex()


def is_copy(one: str, other: str) -> bool:
    """Tell whether two articles are copies of one text; articles without a signature never are."""
    if not one or len(one) != len(other):
        return False
    equal = [a == b for a, b in zip(bytes.fromhex(one), bytes.fromhex(other), strict=True)]
    whole, lead = equal[:SIGNATURE_SIZE], equal[SIGNATURE_SIZE:]
    return sum(whole) >= COPY_JACCARD * len(whole) or (bool(lead) and sum(lead) >= LEAD_JACCARD * len(lead))


def same_words(one: str, other: str, *, read_alike: bool = True) -> bool:
    """Tell whether two quotes are the same words: one an excerpt of the other, lightly edited, or reported anew.

    Reports that word everything else anew still have what stands between quote marks. `read_alike` tells whether both
    were read as the same position.
    """
    first, second = words_of(one), words_of(other)
    if min(len(first), len(second)) < LEAST_WORDS:
        return False
    if not _is_about_another(first, second) and _is_nearly(first, second, read_alike=read_alike):
        return True
    spoken = [words for words in (_quoted(one), _quoted(other)) if len(words) >= LEAST_QUOTED]
    return len(spoken) > 1 and _contains(*spoken, read_alike=read_alike)


def _is_nearly(first: Sequence[str], second: Sequence[str], *, read_alike: bool) -> bool:
    return _contains(first, second, read_alike=read_alike) or (read_alike and _is_edited(first, second))


def _is_about_another(first: Sequence[str], second: Sequence[str]) -> bool:
    """Tell whether more of a short sentence is exchanged than an editor exchanges, or a number is.

    "Vane on Monday rejected the 30-day ceasefire" and "... the harbour truce" share nearly all their words, and are
    two refusals. Where only one of them says more, it is the longer excerpt of the same.
    """
    shorter, longer = sorted((first, second), key=len)
    own, others = (list((Counter(a) - Counter(b)).elements()) for a, b in ((shorter, longer), (longer, shorter)))
    if len(shorter) >= SHORT_WORDS or not own or not others:
        return False
    if any(word.isdecimal() for word in own) and any(word.isdecimal() for word in others):
        return True
    exchanged = max(len(own), len(others)) if len(shorter) >= LIKE_LENGTH * len(longer) else len(own)
    return exchanged > -(-len(shorter) // WORDS_FOR_AN_EDIT)


def _contains(first: Sequence[str], second: Sequence[str], *, read_alike: bool) -> bool:
    """Tell whether the runs of three words of the shorter one stand in the other."""
    smaller, larger = sorted((shingles_of(first), shingles_of(second)), key=len)
    if len(smaller) < LEAST_SHINGLES:
        return first == second
    least = EXCERPT_CONTAINMENT + MORE_FOR_EACH * max(0, SURE_SHINGLES - len(smaller))
    return len(smaller & larger) / len(smaller) >= (least if read_alike else max(least, OTHERWISE_READ))


def _is_edited(first: Sequence[str], second: Sequence[str]) -> bool:
    """Tell whether nearly all words are the same, in order: an edit every few words breaks most runs of three."""
    shorter, longer = sorted((first, second), key=len)
    if len(shorter) < LEAST_EDITED or len(shorter) < LIKE_LENGTH * len(longer):
        return False
    least = EDITED_IN_ORDER * len(longer)
    return sum((Counter(shorter) & Counter(longer)).values()) >= least and _in_order(shorter, longer) >= least


def _in_order(first: Sequence[str], second: Sequence[str]) -> int:
    """How many words of one stand in the other in the same order."""
    row = [0] * (len(second) + 1)
    for word in first:
        above = 0
        for place, beside in enumerate(second, start=1):
            above, row[place] = row[place], above + 1 if word == beside else max(row[place], row[place - 1])
    return row[-1]


def _quoted(text: str) -> tuple[str, ...]:
    """The words between quote marks, all of them together."""
    return words_of(" ".join(part for found in _BETWEEN_MARKS.findall(text) for part in found))


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


def _minima(shingles: Iterable[tuple[str, ...]], size: int) -> bytes:
    hashes = [_hashed(shingle) for shingle in shingles]
    return bytes(min((a * value + b) % _PRIME for value in hashes) & _KEPT for a, b in _PERMUTATIONS[:size])


def _hashed(shingle: tuple[str, ...]) -> int:
    return int.from_bytes(blake2b(" ".join(shingle).encode(), digest_size=8).digest(), "big") % _PRIME
