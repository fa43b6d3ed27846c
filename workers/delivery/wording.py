"""Words of alerts made fit for people's screens: harmless, and cut where a character ends. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

CUT = "…"
_JOINERS = frozenset({"\u200d", "\ufe0e", "\ufe0f"})  # glue two code points into one character
_KEPT = frozenset({"\u200c", "\u200d"})  # Persian and emoji need them


def cut_text(text: str, most: int) -> str:
    """Shorten a text to at most `most` characters, the last an ellipsis, never in the middle of a character."""
    if len(text) <= most:
        return text
    end = most - len(CUT)
    while end > 0 and _joined(text, end):
        end -= 1
    return text[:end].rstrip() + CUT


def plain(text: object) -> str:
    """One line without what steers a screen: controls, bidirectional overrides, invisible characters, lone halves."""
    if text is None:
        return ""
    return " ".join("".join(_harmless(letter) for letter in str(text)).split())


def web_address(text: object) -> str | None:
    """An http or https address that may be linked to, its brackets, bars, quotes and blanks spelled as escapes."""
    if not isinstance(text, str) or not text.startswith(("http://", "https://")) or not text.isprintable():
        return None
    return "".join(f"%{ord(letter):02X}" if letter in ' "<>\\^`{|}()[]' else letter for letter in text)


def fitted(text: str, most: int, escape: Callable[[str], str], size: Callable[[str], int] = len) -> str:
    """Escape a text, shortened as little as makes the escaped form at most `most` in size."""
    if size(escape(text)) <= most:
        return escape(text)
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(escape(cut_text(text, middle))) <= most else (low, middle - 1)
    return escape(cut_text(text, low)) if low else ""


def utf16_units(text: str) -> int:
    """The length of a text as services written in JavaScript count it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """The length of a text in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def _joined(text: str, at: int) -> bool:
    """Tell whether a cut at this place would take an accent or a half of an emoji off its letter."""
    return unicodedata.combining(text[at]) != 0 or text[at] in _JOINERS or text[at - 1] in _JOINERS


def _harmless(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind in {"Cc", "Zl", "Zp"}:
        return " "
    return "" if kind in {"Cf", "Cs"} and letter not in _KEPT else letter
