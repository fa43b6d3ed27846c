"""The wording of a passage as features: its words and pairs of neighbours, stemmed lightly.

Cues know what they know; the wording carries the rest ("there was no more truce to speak of"). Only wordings of the
project's own training sentences have weights, so that the model holds nobody's text.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise

PREFIX = "word "
WEIGHT = 4.0  # of 1 to 8, with whole conflicts left out
LONGEST_CHARS = 1_500  # a longer passage says what it says at its start
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[?]")
_ENDINGS = ("ing", "ed", "es", "s")
_LEAST_STEM = 4
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'"})


def wordings_of(text: str) -> dict[str, float]:
    """Name the words and pairs of a passage, each with the same value; longer passages share it out."""
    words = [_stem(word) for word in _WORD.findall(text[:LONGEST_CHARS].translate(_QUOTES).lower())]
    names = {*words, *(f"{one} {other}" for one, other in pairwise(words))}
    value = WEIGHT / math.sqrt(len(names)) if names else 0.0
    return {PREFIX + name: value for name in names}


def _stem(word: str) -> str:
    """Cut the commonest endings; two forms that still differ are two words."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            return word[: -len(ending)]
    return word
