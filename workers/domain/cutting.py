"""Cut texts where a character ends, as people see characters. Pure.

What a person takes for one character may be many code points: a letter with its marks, a flag, a family of emoji. The
rules are those of grapheme clusters (Unicode Standard Annex 29), as far as `unicodedata` can tell them.
"""

from __future__ import annotations

import unicodedata

CUT = "…"
_JOINER = "\u200d"
_VIRAMA = 9  # the combining class of what ties two letters of an Indic script together
_MODIFIERS = range(0x1F3FB, 0x1F400)  # skin tones
_TAGS = range(0xE0020, 0xE0080)  # of the flags of Scotland, Texas, …
_REGIONAL = range(0x1F1E6, 0x1F200)  # letters that are a flag in pairs
_HANGUL_TAIL = range(0x1160, 0x1200)  # vowels and ends of a syllable that is written in parts


def cut_text(text: str, most: int) -> str:
    """Shorten a text to at most `most` code points, the last an ellipsis, never in the middle of a character."""
    if len(text) <= most:
        return text
    end = most - len(CUT)
    while end > 0 and _joined(text, end):
        end -= 1
    return text[: max(end, 0)].rstrip() + CUT


def _joined(text: str, at: int) -> bool:
    """Tell whether a cut in front of this place would go through a character."""
    before, after = text[at - 1], text[at]
    if unicodedata.category(after)[0] == "M" or _JOINER in {before, after}:
        return True
    if ord(after) in _MODIFIERS or ord(after) in _TAGS or ord(after) in _HANGUL_TAIL:
        return True
    if unicodedata.combining(before) == _VIRAMA and unicodedata.category(after) == "Lo":
        return True
    return ord(after) in _REGIONAL and _regional_before(text, at) % 2 == 1


def _regional_before(text: str, at: int) -> int:
    """How many letters of flags end in front of this place."""
    start = at
    while start > 0 and ord(text[start - 1]) in _REGIONAL:
        start -= 1
    return at - start
