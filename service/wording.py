"""Words for people: what comes from outside made harmless, and plain words for positions, reasons and times.

Whatever is shown on a page or a terminal goes through `clean`: feeds, pages and endpoints are written by strangers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit, urlunsplit

from workers.domain.correction import Correction, Verdict
from workers.domain.policy import Reason
from workers.domain.statement import Kind, PositionScale, Precision

LONGEST_URL = 2000  # longer addresses are shown by no browser, and no publisher of config/feeds.toml has one
_LONGEST_WORDS = 1200  # the longest real quotes are paragraphs; whole texts are for the publisher's page

# What steers a terminal or turns the reading order: C0, DEL, C1, bidi marks and overrides, zero-width and tag
# characters, lone surrogates. U+200C and U+200D stay: Persian and emoji need them.
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_BLANKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_QUOTE_MARKS = ('"', "“", "”", "„", "«", "»", "''")

_POSITIONS = {
    PositionScale.REJECT: "Rejects",
    PositionScale.DOUBT: "Doubts",
    PositionScale.UNDECLARED: "Undeclared",
    PositionScale.CONDITIONAL: "Conditional",
    PositionScale.SUPPORT: "Supports",
}
_REASONS = {
    "seeded": "starting position, for reading only",
    "established": "first position heard",
    "backlog": "said before it was watched, or too long ago to alert",
    "words_taken_back": "words were taken back or corrected",
    "corrected": "corrected by a person",
}
_MANNERS = {
    "direct": "quoted",
    "indirect": "in reported words",
    "mixed": "partly quoted",
    "action": "by an act",
}
_FOLD_REASONS = {
    Reason.SEEDED: "starting position, for reading only",
    Reason.ESTABLISHED: "first position heard: nothing had changed",
    Reason.MOVED: "moved the position",
    Reason.REPEATED: "says again what was held",
    Reason.NEW_TERMS: "says again what was held, under a new condition",
    Reason.NEUTRAL: "engages without taking a stance",
    Reason.CORROBORATES: "the same words again",
    Reason.FOLDED: "older than what is kept one by one",
    Reason.NEEDS_PUBLISHER: "held back: one publisher of tier other alone moves nothing",
    Reason.NEEDS_CONFIDENCE: "held back: read with too little confidence to count alone",
    Reason.NEEDS_OWN_WORDS: "held back: a headline alone, or words that somebody else passes on",
    Reason.STILL_REFUSES: "no softening: doubt or blame after a refusal",
}


def clean(text: str, longest: int = _LONGEST_WORDS) -> str:
    """One line without steering characters, at most `longest` characters and then an ellipsis."""
    line = " ".join(_STEERING.sub(lambda found: " " if found[0] in _BLANKS else "", text).split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def escape_steering(json_text: str) -> str:
    """Spell steering characters inside JSON as escapes; line ends between its lines stay."""
    return _STEERING.sub(lambda found: found[0] if found[0] == "\n" else _escaped(found[0]), json_text)


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def http_link(url: str | None) -> str | None:
    """The address when it is a plain http or https one that may be linked to, else None."""
    parts = _parts(url)
    if url is None or parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        return None
    return url


def shown_url(url: str) -> str:
    """An address without its credentials and query, which may hold keys; a sign for one that cannot be read."""
    parts = _parts(url)
    if parts is None or not parts.hostname:
        return "(no address)"
    query = "…" if parts.query else ""
    return clean(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, "")), LONGEST_URL)


def _parts(url: str | None) -> SplitResult | None:
    if url is None or len(url) > LONGEST_URL or _STEERING.search(url) or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError:
        return None
    return parts


def position_words(position: PositionScale) -> str:
    """One word for a position."""
    return _POSITIONS[position]


def reason_words(reason: str) -> str:
    """Words for the reason of a change: `leader_direct` is "leader, quoted"; an unknown one as it stands.

    An act is told without the rank that it counts with: nobody has to say it.
    """
    if reason in _REASONS:
        return _REASONS[reason]
    authority, _, kind = reason.partition("_")
    if kind == Kind.ACTION:
        return _MANNERS[kind]
    return f"{authority}, {_MANNERS[kind]}" if kind in _MANNERS else clean(reason.replace("_", " "))


def moved_words(reason: str) -> str:
    """What moved a position: "moved by a leader, quoted", "moved by an act", or another reason as it stands."""
    authority, _, kind = reason.partition("_")
    if reason in _REASONS or kind not in _MANNERS:
        return reason_words(reason)
    if kind == Kind.ACTION:
        return f"moved {_MANNERS[kind]}"
    return f"moved by {'an' if authority[:1] in 'aeiou' else 'a'} {authority}, {_MANNERS[kind]}"


def listed(names: Sequence[str]) -> str:
    """Names as people list them: A, B and C."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def correction_words(correction: Correction) -> str:
    """Who said what of a statement when, and why."""
    if correction.verdict is Verdict.REJECT:
        verdict = "rejected"
    elif correction.position is None:
        verdict = "accepted"
    else:
        verdict = f"accepted as {position_words(correction.position)}"
    return clean(f"{verdict} by {correction.by}, {time_words(correction.at)}: {correction.why}")


def fold_words(reason: Reason) -> str:
    """Words for what the fold did with a stance."""
    return _FOLD_REASONS[reason]


def day_words(moment: datetime) -> str:
    """The day of a moment, in UTC: 14 March 2025."""
    there = moment.astimezone(UTC)
    return f"{there.day} {there:%B %Y}"


def time_words(moment: datetime) -> str:
    """A moment in UTC, to the minute: 14 March 2025, 18:04 UTC."""
    return f"{day_words(moment)}, {moment.astimezone(UTC):%H:%M} UTC"


def brief_time_words(moment: datetime, now: datetime) -> str:
    """A moment in UTC, without the year when it is this one's: 14 Mar, 18:04 UTC."""
    there = moment.astimezone(UTC)
    year = "" if there.year == now.year else f" {there.year}"
    return f"{there.day} {there:%b}{year}, {there:%H:%M} UTC"


def said_words(moment: datetime, precision: Precision) -> str:
    """When something was said, as exactly as is known."""
    return day_words(moment) if precision is Precision.DAY else time_words(moment)


def quoted(text: str, longest: int = _LONGEST_WORDS) -> str:
    """A quote in quote marks, unless it brings its own."""
    words = clean(text, longest)
    return words if any(mark in words for mark in _QUOTE_MARKS) else f"“{words}”"
