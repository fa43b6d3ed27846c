"""What an alert says to a person, before any chat service's own way of writing it. Pure.

All words are plain: one line, nothing that steers a screen. Escaping is left to the formats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workers.delivery.wording import plain, web_address
from workers.domain.alert import Alert, AlertType
from workers.domain.cutting import CUT, cut_text

LONGEST_QUOTE = 1_200  # characters; the longest real quotes are paragraphs
LONGEST_NAME = 120
LONGEST_CONDITION = 280
MOST_CONDITIONS = 5
MOST_ITEMS = 15
MOST_MOVES = 10

_STANDS = {
    "reject": "rejects a ceasefire",
    "doubt": "doubts a ceasefire",
    "undeclared": "is undeclared",
    "conditional": "backs a ceasefire under conditions",
    "support": "supports a ceasefire",
}
_BEFORE = {
    "reject": "rejected it",
    "doubt": "doubted it",
    "undeclared": "was undeclared",
    "conditional": "backed it under conditions",
    "support": "supported it",
}
_REASONS = {"outage": "while this endpoint could not be reached", "silence": "while they were silenced"}


@dataclass(frozen=True, slots=True)
class Item:
    """One alert of a summary: what it told, and where to read of it."""

    text: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """An alert as a person reads it; what it does not have is empty or None.

    `title` says it in one line; `lines` are the moves, one for each actor; `quote` are the words with who spoke them
    in `speaker`; `source` names the publisher and the article, `url` leads to it, `link` to our own page.
    """

    title: str
    lines: tuple[str, ...] = ()
    quote: str = ""
    speaker: str = ""
    conditions: tuple[str, ...] = ()
    source: str = ""
    url: str | None = None
    link: str | None = None
    notes: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()


def message_of(alert: Alert, scale: float = 1.0) -> Message:
    """Say an alert in words; with a smaller `scale` (0 to 1) its longest parts are cut shorter."""
    return _WRITERS.get(alert.alert_type, _moved)(alert.data, scale)


def _moved(data: Mapping[str, Any], scale: float) -> Message:
    changes = list(data.get("changes") or ())
    lines = tuple(_move(change) for change in changes[:MOST_MOVES])
    conflict = _name(data.get("conflict"))
    statement, article = data.get("statement") or {}, data.get("article") or {}
    conditions = tuple(_cut(one, int(LONGEST_CONDITION * scale)) for one in (statement.get("conditions") or ()))
    more = (f"and {len(changes) - MOST_MOVES} others",) if len(changes) > MOST_MOVES else ()
    return Message(
        title=f"{conflict}: {lines[0]}" if lines else conflict,
        lines=(*lines, *more),
        quote=_cut(statement.get("quote"), int(LONGEST_QUOTE * scale)),
        speaker=_speaker(statement),
        conditions=conditions[:MOST_CONDITIONS],
        source=_source(article),
        url=web_address(article.get("url")),
        link=web_address(data.get("link")),
        notes=_notes(data),
    )


def _corrected(data: Mapping[str, Any], scale: float) -> Message:
    message = _moved(data, scale)
    note = "A correction: words were taken back, or read anew."
    return _with(message, title=f"Correction. {message.title}", notes=(note, *message.notes))


def _conditions(data: Mapping[str, Any], scale: float) -> Message:
    message = _moved(data, scale)
    return _with(message, title=f"New conditions. {message.title}", notes=("The conditions changed.", *message.notes))


def _summary(data: Mapping[str, Any], scale: float) -> Message:
    listed = list(data.get("alerts") or ())
    count = int(data.get("count") or len(listed))
    most = max(1, int(MOST_ITEMS * scale))
    items = tuple(_item(entry) for entry in listed[-most:])
    left_out = count - len(items)
    words = "1 alert was" if count == 1 else f"{count} alerts were"
    why = data.get("why")
    added = (f"Silenced: {_cut(data.get('note'), LONGEST_NAME)}",) if data.get("note") else ()
    older = (f"{left_out} earlier ones are in `trucewatch alerts list`.",) if left_out > 0 else ()
    return Message(
        title=f"{words} held {_REASONS.get(str(why), '')}".rstrip(),
        items=items,
        notes=(f"From {_moment(data.get('since'))} to {_moment(data.get('until'))}.", *added, *older),
    )


def _item(entry: Mapping[str, Any]) -> Item:
    moves = "; ".join(_move(change) for change in list(entry.get("changes") or ())[:3])
    told = f"{_name(entry.get('conflict'))}: {moves or plain(entry.get('type'))}"
    return Item(cut_text(told, 2 * LONGEST_NAME), web_address(entry.get("url")) or web_address(entry.get("link")))


def _feed_gone(data: Mapping[str, Any], _scale: float) -> Message:
    feed = data.get("feed") or {}
    return Message(
        title=f"A feed is gone: {_name({'name': feed.get('publisher')})}",
        lines=(_cut(feed.get("why"), LONGEST_CONDITION),) if feed.get("why") else (),
        url=web_address(feed.get("url")),
        source=_name({"name": feed.get("publisher")}),
        notes=("It is polled no more. Name another address of it in TRUCEWATCH_FEEDS.",),
    )


def _heartbeat(data: Mapping[str, Any], _scale: float) -> Message:
    feeds, since = data.get("feeds") or {}, _moment(data.get("since"))
    return Message(
        title=f"trucewatch is watching: {data.get('alerts', 0)} alerts since {since}",
        lines=(
            f"{feeds.get('polled', 0)} feeds are polled, {feeds.get('failing', 0)} of them fail",
            f"{data.get('waiting', 0)} deliveries wait, {data.get('dead', 0)} are dead",
        ),
    )


def _test(data: Mapping[str, Any], _scale: float) -> Message:
    return Message(title="A test of trucewatch", lines=(_cut(data.get("message"), LONGEST_CONDITION),))


_WRITERS: Mapping[AlertType, Callable[[Mapping[str, Any], float], Message]] = {
    AlertType.POSITION_CORRECTED: _corrected,
    AlertType.CONDITIONS_CHANGED: _conditions,
    AlertType.ALERTS_SUMMARY: _summary,
    AlertType.FEED_GONE: _feed_gone,
    AlertType.HEARTBEAT: _heartbeat,
    AlertType.WEBHOOK_TEST: _test,
}


def _with(message: Message, *, title: str, notes: Sequence[str]) -> Message:
    return Message(
        title, message.lines, message.quote, message.speaker, message.conditions, message.source, message.url,
        message.link, tuple(notes),
    )  # fmt: skip


def _move(change: Mapping[str, Any]) -> str:
    """One actor's move: who, to, and from."""
    before, after = change.get("from"), str(change.get("to"))
    stands = f"{_name(change.get('actor'))} {_STANDS.get(after, plain(after))}"
    if before is None:
        return f"{stands} (first heard)"
    return stands if before == after else f"{stands} ({_BEFORE.get(str(before), plain(before))} before)"


def _name(part: Mapping[str, Any] | None) -> str:
    return _cut((part or {}).get("name") or "trucewatch", LONGEST_NAME)


def _cut(text: object, most: int) -> str:
    """A text made plain and cut; of an endless one only the beginning is looked at."""
    raw = "" if text is None else str(text)
    begun = plain(raw[: 4 * most + 100])
    return cut_text(begun if len(raw) <= 4 * most + 100 else f"{begun}{CUT}", most)


def _moment(text: object) -> str:
    """A day or a moment of a body as people write it: 14 March 2025, 12:00 UTC."""
    raw = plain(str(text or "")[:40])
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        return raw
    day = f"{moment.day} {moment:%B %Y}"
    return f"{day}, {moment:%H:%M} UTC" if "T" in raw else day


def _speaker(statement: Mapping[str, Any]) -> str:
    speaker = _cut(statement.get("speaker") or ", ".join(statement.get("actors") or ()), LONGEST_NAME)
    return ", ".join(part for part in (speaker, _moment(statement.get("said_at"))) if part)


def _source(article: Mapping[str, Any]) -> str:
    parts = (_cut(article.get(name), LONGEST_NAME) for name in ("publisher", "title"))
    return ": ".join(part for part in parts if part)


def _notes(data: Mapping[str, Any]) -> tuple[str, ...]:
    flips = int(data.get("flips") or 0)
    notes = {
        "A late article: the words are older than they look.": bool(data.get("late")),
        f"{flips} earlier changes within the window.": flips > 1,
        "1 earlier change within the window.": flips == 1,
        "More of an alert told before.": bool(data.get("follows")),
        "This is a test.": bool(data.get("test")),
    }
    return tuple(note for note, holds in notes.items() if holds)
