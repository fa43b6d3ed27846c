"""The report of a replay: what became of the articles, every change of position, what was held back and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from service.batch_corrections import Correction
from service.batch_replay import Rules
from service.board import Reads
from service.histories import name_of, read_actor_history
from workers.domain.catalogue import Conflict
from workers.stores import Stores


@dataclass(frozen=True, slots=True)
class ReportedChange:
    """A position that an actor came to hold. `before` is None for the first; times are aware UTC."""

    actor: str
    before: str | None
    after: str
    effective_at: datetime
    reason: str
    article_id: str
    quote: str


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A stance that moved nothing, and what it lacks."""

    actor: str
    position: str
    article_id: str
    reason: str
    missing: str | None


@dataclass(frozen=True, slots=True)
class ConflictOutcome:
    """What the archive did to one conflict."""

    conflict_id: str
    name: str
    statements: int
    positions: Mapping[str, str]
    changes: tuple[ReportedChange, ...]
    held_back: tuple[HeldBack, ...]


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """The whole report. `ends` counts articles by "outcome:reason", `alerts` the alerts of each type."""

    policy: Mapping[str, str]
    ends: Mapping[str, int]
    alerts: Mapping[str, int]
    conflicts: tuple[ConflictOutcome, ...]
    corrections_that_met_nothing: tuple[str, ...]


def outcome_of(
    stores: Stores, rules: Rules, alerts: Mapping[str, int], unmet: Iterable[Correction] = ()
) -> ReplayOutcome:
    """Read the report out of the store that a replay filled."""
    reads = Reads(rules.catalogue, stores.ledger, stores.feeds, stores.articles, stores.outbox)
    policy = rules.policy
    return ReplayOutcome(
        policy={name: str(getattr(policy, name)) for name in policy.__dataclass_fields__},
        ends=stores.articles.counts(),
        alerts=dict(alerts),
        conflicts=tuple(
            _conflict(reads, rules, rules.catalogue.conflict(conflict_id))
            for conflict_id in stores.ledger.conflict_ids()
        ),
        corrections_that_met_nothing=tuple(one.place for one in unmet),
    )


def _conflict(reads: Reads, rules: Rules, conflict: Conflict) -> ConflictOutcome:
    statements = {one.statement.statement_id: one for one in reads.ledger.statements(conflict.conflict_id)}
    changes = [
        ReportedChange(
            actor=name_of(rules.catalogue, change.actor_id),
            before=change.before.value if change.before else None,
            after=change.after.value,
            effective_at=change.effective_at,
            reason=change.reason,
            article_id=change.article_id,
            quote=statements[change.statement_id].statement.quote if change.statement_id in statements else "",
        )
        for of_actor in reads.ledger.changes(conflict.conflict_id).values()
        for change in of_actor
    ]
    return ConflictOutcome(
        conflict_id=conflict.conflict_id,
        name=conflict.name,
        statements=len(statements),
        positions={
            name_of(rules.catalogue, held.actor_id): held.position.value
            for held in reads.ledger.positions(conflict.conflict_id)
        },
        changes=tuple(sorted(changes, key=lambda change: (change.effective_at, change.actor))),
        held_back=tuple(_held_back(reads, rules, conflict)),
    )


def _held_back(reads: Reads, rules: Rules, conflict: Conflict) -> Iterable[HeldBack]:
    for actor_id in reads.ledger.changes(conflict.conflict_id):
        history = read_actor_history(reads, rules.policy, conflict, actor_id)
        if history is None:
            continue
        for one in history.held_back:
            stance = one.stance
            yield HeldBack(history.actor, stance.position.value, stance.article_id, one.reason.value, one.missing)
