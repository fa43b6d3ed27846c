"""Words of alerts made fit for people's screens: harmless, and cut where a character ends. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from workers.domain.cutting import cut_text

LONGEST_ADDRESS = 2_000  # Discord takes 2,048, a block of Slack 3,000 with its label
_MOST_MARKS = (
    8  # on one letter: Tibetan and pointed Hebrew have up to six, hostile words hundreds, over their neighbours
)
_KEPT = frozenset({"\u200c", "\u200d"})  # Persian and emoji need them


def plain(text: object) -> str:
    """One line without what steers a screen: controls, bidirectional overrides, invisible characters, lone halves.

    Of marks that are piled on one letter the first eight are kept.
    """
    if text is None:
        return ""
    kept, marks = [], 0
    for letter in str(text):
        marks = marks + 1 if unicodedata.category(letter)[0] == "M" else 0
        kept.append(_harmless(letter) if marks <= _MOST_MARKS else "")
    return " ".join("".join(kept).split())


def web_address(text: object) -> str | None:
    """An http or https address that may be linked to, its brackets, bars, quotes and blanks spelled as escapes.

    None for one that is too long for chats, or that hides its host behind a name and an @.
    """
    if not isinstance(text, str) or not text.startswith(("http://", "https://")) or not text.isprintable():
        return None
    host = re.split(r"[/?#\\]", text.partition("://")[2], maxsplit=1)[0]
    spelled = "".join(f"%{ord(letter):02X}" if letter in ' "<>\\^`{|}()[]' else letter for letter in text)
    return spelled if host and "@" not in host and len(spelled) <= LONGEST_ADDRESS else None


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


def _harmless(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind in {"Cc", "Zl", "Zp"}:
        return " "
    return "" if kind in {"Cf", "Cs"} and letter not in _KEPT else letter
