"""The terms under which a ceasefire is backed, as they stand in the text."""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from collections.abc import Sequence

from workers.reading.evidence import Evidence
from workers.reading.lexicon import Lexicon, shape

CONDITION_FAMILIES = frozenset({"only_if", "if_clause", "terms", "demand", "must", "goal", "hold"})
LONGEST_CHARS = 300
LEAST_CHARS = 8
MOST_CONDITIONS = 8
_STOP = re.compile(r"[.!?](?=[\s\"'”’)]|$)|[;\n]")
_EDGES = " \t\n,;:.\"“”'’–—-"


def conditions_of(text: str, start: int, end: int, evidence: Sequence[Evidence], lexicon: Lexicon) -> tuple[str, ...]:
    """The conditions in `start`..`end` of the text, in order, each a stretch of the text.

    The cue is left out unless the clause would mean the opposite without it ("unless …").
    """
    shaped = shape(text[start:end])
    cues = [e for e in evidence if e.family in CONDITION_FAMILIES and not e.negated]
    found: list[tuple[int, int]] = []
    for hit in lexicon.scopes["condition_open"].finditer(shaped):
        if found and hit.start() < found[-1][1]:
            continue
        if not any(start + hit.start() < e.end and e.start < start + hit.end() + 40 for e in cues):
            continue
        keep = hit.start() if hit.group() in _KEPT else hit.end()
        stop = _end(shaped, hit.end(), lexicon)
        if stop - keep >= LEAST_CHARS:
            found.append((keep, stop))
    if not found and cues:
        found.append(_rest_of_sentence(shaped, cues[0].start - start))
    stripped = [text[start + a : start + b].strip(_EDGES) for a, b in found[:MOST_CONDITIONS]]
    return tuple(dict.fromkeys(c for c in stripped if len(c) >= LEAST_CHARS))


_KEPT = ("unless", "until", "that did not include")


def _end(shaped: str, place: int, lexicon: Lexicon) -> int:
    """Where the clause that begins at `place` ends."""
    stop = _STOP.search(shaped, place)
    end = stop.start() if stop else len(shaped)
    closing = lexicon.scopes["condition_close"].search(shaped, place + LEAST_CHARS, end)
    return min(closing.start() if closing else end, place + LONGEST_CHARS)


def _rest_of_sentence(shaped: str, place: int) -> tuple[int, int]:
    begin = max((hit.end() for hit in _STOP.finditer(shaped, 0, max(place, 0))), default=0)
    stop = _STOP.search(shaped, place)
    return begin, min(stop.start() if stop else len(shaped), begin + LONGEST_CHARS)
