"""Compose the alerts that a decision owes: the body of DESIGN section 4.

One cause, one alert (law 4): the moves of one cause are listed together, and named in the actors' own order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workers.domain.alert import Alert, AlertType
from workers.domain.article import Article
from workers.domain.catalogue import Actor, Conflict
from workers.domain.decision import Move
from workers.domain.statement import Flag, PositionScale, Precision, Statement


@dataclass(frozen=True, slots=True)
class Source:
    """Where words were read: the parts of an article that an alert names. Dates are aware UTC or None."""

    article_id: str
    url: str | None
    title: str
    publisher: str
    published_at: datetime | None
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Spoken:
    """A statement with where it was read: what the ledger keeps of it."""

    statement: Statement
    source: Source


@dataclass(frozen=True, slots=True)
class Sight:
    """One publisher that carries the same words."""

    publisher: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Desk:
    """What every alert of one commit shares. `web_url` is the address of the pages, None without one."""

    epoch: str
    conflict: Conflict
    actors: Mapping[str, Actor]
    now: datetime
    web_url: str | None = None
    test: bool = False


def source_of(article: Article) -> Source:
    """The parts of an article that an alert names."""
    return Source(
        article_id=article.article_id,
        url=article.url,
        title=article.title,
        publisher=article.publisher,
        published_at=article.published_at,
        fetched_at=article.fetched_at,
    )


def dated_at(source: Source) -> datetime:
    """When it was published as far as is known: never after the first fetch, as `Article.dated_at`."""
    return min(source.published_at or source.fetched_at, source.fetched_at)


def compose_alerts(
    moves: Iterable[Move],
    spoken: Mapping[str, Sequence[Spoken]],
    sights: Mapping[str, Sequence[Sight]],
    last_sequence: int,
    desk: Desk,
) -> list[Alert]:
    """Compose one alert for each cause and type that is owed one, numbered on from `last_sequence`.

    `spoken` gives, by carrying statement id, the statement and its joint ones (same words, same article), and
    `sights`, by cause, who else carries the words.
    """
    grouped: dict[tuple[str, AlertType], list[Move]] = {}
    for move in moves:
        # An actor that left the catalogue keeps its history and is told of no more.
        if move.alert is not None and move.actor_id in desk.actors:
            grouped.setdefault((_words(move, spoken), move.alert), []).append(move)
    return [
        _alert(kind, last_sequence + number, _data(owed, spoken, sights, desk), desk)
        for number, ((_, kind), owed) in enumerate(grouped.items(), start=1)
    ]


def _words(move: Move, spoken: Mapping[str, Sequence[Spoken]]) -> str:
    """The key of a cause: joint statements stand in one article at one place, whoever else is named."""
    if move.carrier is None or move.carrier.statement_id not in spoken:
        return move.cause
    statement = spoken[move.carrier.statement_id][0].statement
    return f"{statement.article_id}:{statement.start}:{statement.end}"


def _alert(kind: AlertType, sequence: int, data: Mapping[str, Any], desk: Desk) -> Alert:
    lane = desk.conflict.conflict_id
    numbered = {**data, "sequence": sequence}
    return Alert(f"msg_{desk.epoch}_{lane}_{sequence}", kind, lane, sequence, desk.now, numbered)


def _data(
    moves: Sequence[Move],
    spoken: Mapping[str, Sequence[Spoken]],
    sights: Mapping[str, Sequence[Sight]],
    desk: Desk,
) -> dict[str, Any]:
    first = moves[0]
    words = spoken.get(first.carrier.statement_id, ()) if first.carrier else ()
    return {
        "conflict": {"id": desk.conflict.conflict_id, "name": desk.conflict.name},
        "sequence": 0,  # holds the field's place in the body
        "follows": next((move.follows for move in moves if move.follows), None),
        "late": any(move.late for move in moves),
        "flips": max(move.flips for move in moves),
        "test": desk.test,
        "changes": [_change(move, desk) for move in moves],
        "statement": _statement(words, desk) if words else None,
        "article": _article(words[0].source) if words else None,
        "known_sources": [{"publisher": sight.publisher, "url": sight.url} for sight in sights.get(first.cause, ())],
        "link": _link(words, desk),
    }


def _change(move: Move, desk: Desk) -> dict[str, Any]:
    actor = desk.actors[move.actor_id]
    before = move.before.position if move.before else None
    return {
        "actor": {"id": actor.actor_id, "name": actor.name, "kind": actor.kind.value},
        "from": before.value if before else None,
        "to": move.after.value,
        "direction": _direction(before, move.after),
        "held_since": utc_text(move.before.since) if move.before else None,
        "reason": move.reason,
    }


def _direction(before: PositionScale | None, after: PositionScale) -> str | None:
    """`softer` is towards a ceasefire, `harder` away from it; None when nothing was held."""
    if before is None or before is after:
        return None
    return "softer" if after.rank > before.rank else "harder"


def _statement(words: Sequence[Spoken], desk: Desk) -> dict[str, Any]:
    statement = words[0].statement
    principal = desk.actors.get(statement.principal_id)
    return {
        "id": statement.statement_id,
        "speaker": statement.speaker_text,
        "actors": [spoken.statement.actor_name for spoken in words],
        "principal": principal.name if principal else statement.principal_id,
        "kind": statement.kind.value,
        "said_at": said_text(statement),
        "quote": statement.quote,
        "position": statement.position.value,
        "conditions": list(statement.conditions),
        "confidence": round(statement.confidence, 2),
        "retreat": Flag.RETREAT in statement.flags,
        "why": statement.why,
    }


def _article(source: Source) -> dict[str, Any]:
    return {
        "id": source.article_id,
        "url": source.url,
        "title": source.title,
        "publisher": source.publisher,
        "published_at": utc_text(source.published_at) if source.published_at else None,
        "fetched_at": utc_text(source.fetched_at),
    }


def _link(words: Sequence[Spoken], desk: Desk) -> str | None:
    if desk.web_url is None:
        return None
    page = f"{desk.web_url.rstrip('/')}/conflicts/{desk.conflict.conflict_id}"
    return f"{page}#{words[0].statement.statement_id}" if words else page


def said_text(statement: Statement) -> str:
    """When it was said, as exactly as is known: a day or a moment."""
    if statement.said_at_precision is Precision.DAY:
        return statement.said_at.date().isoformat()
    return utc_text(statement.said_at)


def utc_text(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC, to the second, with a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
