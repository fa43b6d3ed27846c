"""The read models of what people look at: where each actor stands, the service's facts, the latest alerts.

Composed of the store's reads and nothing else; words from outside are kept as they came and made harmless where they
are shown (`wording.clean`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.alert_views import AlertView, view_alert
from service.delivery_views import SilenceView, view_silences
from service.facts import ServiceView, read_service
from workers.domain.catalogue import Actor, Catalogue, Conflict
from workers.domain.position import Position, PositionChange
from workers.domain.statement import Flag, Kind, PositionScale, Precision
from workers.domain.telling import Spoken
from workers.storage.articles import Articles
from workers.storage.feeds import FeedStore
from workers.storage.ledger import Ledger
from workers.storage.outbox import Outbox
from workers.storage.silences import Silences

CHANGES_SHOWN = 12
_ALERTS_SEARCHED = 200  # among them are first positions, which are no change


@dataclass(frozen=True, slots=True)
class Reads:
    """What the read models are composed of."""

    catalogue: Catalogue
    ledger: Ledger
    feeds: FeedStore
    articles: Articles
    outbox: Outbox
    silences: Silences


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement with where it was read. Times are aware UTC; `url` and `published_at` may be None."""

    statement_id: str
    conflict_id: str
    actor: str
    principal: str
    speaker: str | None
    kind: Kind
    position: PositionScale
    quote: str
    conditions: tuple[str, ...]
    confidence: float
    said_at: datetime
    said_at_precision: Precision
    retreat: bool
    why: str
    article_id: str
    title: str
    publisher: str
    url: str | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class ActorView:
    """An actor and where it stands on one conflict; no position when nothing was heard of it.

    `seeded` tells that it was never heard live. `statement` is None when the words behind the position are gone.
    `last_change` is the newest one. `people` are those who speak for it and were heard, weightiest first.
    """

    actor_id: str
    name: str
    kind: str
    position: PositionScale | None = None
    since: datetime | None = None
    seeded: bool = False
    statement: StatementView | None = None
    last_change: PositionChange | None = None
    people: tuple[ActorView, ...] = ()

    @property
    def heard(self) -> bool:
        """Tell whether it, or anyone who speaks for it, has a position."""
        return self.position is not None or bool(self.people)

    def shares_words_of(self, principal: ActorView) -> bool:
        """Tell whether the same statement carries the same position of both."""
        mine, theirs = self.statement, principal.statement
        if mine is None or theirs is None:
            return False
        return (mine.statement_id, self.position) == (theirs.statement_id, principal.position)


@dataclass(frozen=True, slots=True)
class ConflictView:
    """Where the actors of a conflict stand: all parties, the others that were heard, the names of the rest."""

    conflict_id: str
    name: str
    parties: tuple[ActorView, ...]
    others: tuple[ActorView, ...]
    silent: tuple[str, ...]

    @property
    def actors(self) -> tuple[ActorView, ...]:
        """Everyone shown, people after those for whom they speak."""
        return tuple(one for actor in (*self.parties, *self.others) for one in (actor, *actor.people))


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the status page.

    `conflicts` are those with history, in the order of the catalogue; `unheard` the names of the others; `former` the
    ids of those that have history and left the catalogue; `alerts` the latest that tell of a change, newest first;
    `silences` those that hold alerts back now, the one that ends first first.
    """

    conflicts: tuple[ConflictView, ...]
    unheard: tuple[str, ...]
    former: tuple[str, ...]
    alerts: tuple[AlertView, ...]
    silences: tuple[SilenceView, ...]
    service: ServiceView


def read_board(reads: Reads) -> Board:
    """Read the whole board. Raises redis.RedisError when the store is away, RecordError for a damaged record."""
    with_history = reads.ledger.conflict_ids()
    known = [conflict for conflict in reads.catalogue.conflicts if conflict.conflict_id in with_history]
    return Board(
        conflicts=tuple(read_conflict(reads, conflict) for conflict in known),
        unheard=tuple(one.name for one in reads.catalogue.conflicts if one.conflict_id not in with_history),
        former=tuple(name for name in with_history if not reads.catalogue.has_conflict(name)),
        alerts=tuple(_latest_changes(reads)),
        silences=tuple(view_silences(reads.silences, {one.actor_id: one.name for one in reads.catalogue.actors})),
        service=read_service(reads.feeds, reads.articles, reads.outbox),
    )


def _latest_changes(reads: Reads) -> list[AlertView]:
    views = (view_alert(alert) for alert in reads.ledger.alerts(_ALERTS_SEARCHED))
    return [view for view in views if view.tells_change][:CHANGES_SHOWN]


def find_conflict(reads: Reads, conflict_id: str) -> Conflict | None:
    """A conflict of the catalogue, or one that left it and still has history; None for all others."""
    if reads.catalogue.has_conflict(conflict_id):
        return reads.catalogue.conflict(conflict_id)
    if conflict_id in reads.ledger.conflict_ids():
        return Conflict(conflict_id, conflict_id, (), (), ())
    return None


def read_conflict(reads: Reads, conflict: Conflict) -> ConflictView:
    """Read where the actors of one conflict stand."""
    positions = reads.ledger.positions(conflict.conflict_id)
    changes = reads.ledger.changes(conflict.conflict_id)
    spoken = reads.ledger.spoken(conflict.conflict_id, sorted({held.statement_id for held in positions}))
    return compose_conflict(reads.catalogue, conflict, positions, changes, spoken)


def compose_conflict(
    catalogue: Catalogue,
    conflict: Conflict,
    positions: Iterable[Position],
    changes: Mapping[str, Sequence[PositionChange]],
    spoken: Mapping[str, Spoken],
) -> ConflictView:
    """Seat the actors: parties first, then the others that were heard, people with those for whom they speak."""
    heard = {
        held.actor_id: _heard(catalogue, held, changes.get(held.actor_id, ()), spoken.get(held.statement_id))
        for held in positions
    }
    listed = dict.fromkeys([*conflict.parties, *conflict.others])
    seated = {actor_id: _seat(catalogue, actor_id, heard) for actor_id in listed}
    people = {person.actor_id for seat in seated.values() for person in seat.people}
    strangers = {
        actor_id: view for actor_id, view in heard.items() if actor_id not in people and actor_id not in listed
    }
    others = [seated[actor_id] for actor_id in listed if actor_id not in conflict.parties]
    return ConflictView(
        conflict_id=conflict.conflict_id,
        name=conflict.name,
        parties=tuple(seated[actor_id] for actor_id in conflict.parties),
        others=tuple(view for view in [*others, *_gathered(catalogue, strangers)] if view.heard),
        silent=tuple(view.name for view in others if not view.heard),
    )


def _heard(catalogue: Catalogue, held: Position, changes: Sequence[PositionChange], spoken: Spoken | None) -> ActorView:
    actor = _actor(catalogue, held.actor_id)
    return ActorView(
        actor_id=held.actor_id,
        name=actor.name if actor else held.actor_id,
        kind=actor.kind.value if actor else "",
        position=held.position,
        since=held.since,
        seeded=not held.live,
        statement=view_statement(catalogue, spoken) if spoken else None,
        last_change=changes[-1] if changes else None,
    )


def _seat(catalogue: Catalogue, actor_id: str, heard: Mapping[str, ActorView]) -> ActorView:
    """An actor with its people, heard or not."""
    actor = catalogue.actor(actor_id)
    view = heard.get(actor_id) or ActorView(actor_id, actor.name, actor.kind.value)
    people = tuple(heard[one.actor_id] for one in catalogue.spokesmen_of(actor_id) if one.actor_id in heard)
    return replace(view, people=people)


def _gathered(catalogue: Catalogue, strangers: Mapping[str, ActorView]) -> list[ActorView]:
    """Actors heard though the conflict does not list them (members of bodies): with their people, by name."""
    principals: dict[str, list[ActorView]] = {}
    for actor_id, view in strangers.items():
        actor = _actor(catalogue, actor_id)
        principals.setdefault(actor.principal_id if actor else actor_id, []).append(view)
    gathered = []
    for principal_id, views in principals.items():
        leading = [view for view in views if view.actor_id == principal_id]
        people = tuple(view for view in views if view.actor_id != principal_id)
        gathered += [replace(leading[0], people=people)] if leading else list(people)
    return sorted(gathered, key=lambda view: view.name.casefold())


def view_statement(catalogue: Catalogue, spoken: Spoken) -> StatementView:
    """The read model of a statement."""
    statement, source = spoken.statement, spoken.source
    principal = _actor(catalogue, statement.principal_id)
    return StatementView(
        statement_id=statement.statement_id,
        conflict_id=statement.conflict_id,
        actor=statement.actor_name,
        principal=principal.name if principal else statement.principal_id,
        speaker=statement.speaker_text,
        kind=statement.kind,
        position=statement.position,
        quote=statement.quote,
        conditions=statement.conditions,
        confidence=statement.confidence,
        said_at=statement.said_at,
        said_at_precision=statement.said_at_precision,
        retreat=Flag.RETREAT in statement.flags,
        why=statement.why,
        article_id=source.article_id,
        title=source.title,
        publisher=source.publisher,
        url=source.url,
        published_at=source.published_at,
    )


def _actor(catalogue: Catalogue, actor_id: str) -> Actor | None:
    return catalogue.actor(actor_id) if catalogue.has_actor(actor_id) else None
