"""Runs of words in one parsed paragraph: cut out of a tree, trimmed of punctuation, laid over quotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from spacy.tokens import Doc, Token

    from workers.reading.subjects import Range


def subtree(token: Token) -> set[int]:
    """Give the places of all words under `token`, itself included."""
    return {word.i for word in token.subtree}


def runs(doc: Doc, words: Collection[int]) -> tuple[Range, ...]:
    """Part places into runs of neighbours, trimmed; runs parted by punctuation only are one."""
    found: list[Range] = []
    for place in sorted(words):
        if found and not _parts(doc, found[-1][1] + 1, place):
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    trimmed = (trim(doc, run) for run in found)
    return tuple(run for run in trimmed if run is not None)


def _parts(doc: Doc, start: int, end: int) -> bool:
    """Tell whether a word stands between two places."""
    return any(not (doc[place].is_punct or doc[place].is_space) for place in range(start, end))


def trim(doc: Doc, run: Range) -> Range | None:
    """Take punctuation off both ends, except what belongs to the words; None when nothing is left."""
    first, last = run
    while first <= last and _is_edge(doc[first]):
        first += 1
    while last >= first and _is_edge(doc[last]):
        last -= 1
    return (first, last) if first <= last else None


def _is_edge(token: Token) -> bool:
    return bool((token.is_punct or token.is_space) and token.text not in {"$", "%", "(", ")", "[", "]", "#", "@"})


def hull(ranges: Iterable[Range]) -> Range:
    """Give the smallest run that covers all."""
    listed = list(ranges)
    return min(first for first, _ in listed), max(last for _, last in listed)
