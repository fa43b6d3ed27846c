"""Find the longest of very many words and phrases at each place of a text, by looking up instead of trying out.

A regular expression of a hundred thousand alternatives takes half a minute to compile and tries them one by one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

_HEAD = re.compile(r"(?<![\w-])(?:\w+|[^\w\s])")
_GOES_ON = re.compile(r"\w|-\w")


class SurfaceMatcher:
    """Knows surfaces that must stand as they are spelled (`exact`), and others whatever their case (`loose`)."""

    def __init__(self, exact: Iterable[str], loose: Iterable[str]) -> None:
        self._exact = frozenset(exact)
        self._loose = frozenset(_lowered(surface) for surface in loose)
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for low in (*map(_lowered, self._exact), *self._loose):
            head = _HEAD.match(low)
            if head is not None:
                lengths[head.group()].add(len(low))
        self._lengths = {head: tuple(sorted(found, reverse=True)) for head, found in lengths.items()}

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """The longest surface at each place, from left to right, none overlapping another, whole words only."""
        low, done = _lowered(text), 0
        for head in _HEAD.finditer(low):
            start = head.start()
            if start < done:
                continue
            for length in self._lengths.get(head.group(), ()):
                end = start + length
                if end <= len(low) and self._stands(text[start:end], low[start:end]) and not _GOES_ON.match(low, end):
                    yield start, end
                    done = end
                    break

    def _stands(self, words: str, low: str) -> bool:
        return low in self._loose or words in self._exact


def _lowered(text: str) -> str:
    """Lower case of the same length."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
