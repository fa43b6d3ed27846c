"""The report of a replay: what became of the articles, every change of position, what was held back and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.batch_corrections import Correction
from service.batch_difference import Difference
from service.batch_replay import Rules
from service.board import Reads
from service.histories import WeighedStance, name_of, read_actor_history
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
class Heard:
    """One article's stance in an actor's timeline: what it did, and what it lacks to count (None: nothing).

    `told_by` is the id of the alert that told the change, None when none did.
    """

    said_at: datetime
    position: str
    reason: str
    missing: str | None
    told_by: str | None
    quote: str
    publisher: str
    title: str
    url: str | None
    article_id: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that was heard of an actor, the oldest first, and where it stands at the end (None: nothing declared)."""

    actor: str
    position: str | None
    heard: tuple[Heard, ...]


@dataclass(frozen=True, slots=True)
class ConflictOutcome:
    """What the archive did to one conflict."""

    conflict_id: str
    name: str
    statements: int
    positions: Mapping[str, str]
    changes: tuple[ReportedChange, ...]
    held_back: tuple[HeldBack, ...]
    timelines: tuple[Timeline, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """The whole report. `ends` counts articles by "outcome:reason", `alerts` the alerts of each type.

    `difference` is what another policy tells more and less than the settings' own, None without one.
    """

    policy: Mapping[str, str]
    ends: Mapping[str, int]
    alerts: Mapping[str, int]
    conflicts: tuple[ConflictOutcome, ...]
    corrections_that_met_nothing: tuple[str, ...]
    difference: Difference | None = None


def outcome_of(
    stores: Stores,
    rules: Rules,
    alerts: Mapping[str, int],
    unmet: Iterable[Correction] = (),
    difference: Difference | None = None,
) -> ReplayOutcome:
    """Read the report out of the store that a replay filled."""
    reads = Reads(rules.catalogue, stores.ledger, stores.feeds, stores.articles, stores.outbox, stores.silences)
    policy = rules.policy
    return ReplayOutcome(
        policy={name: _threshold(getattr(policy, name)) for name in policy.__dataclass_fields__},
        ends=stores.articles.counts(),
        alerts=dict(alerts),
        conflicts=tuple(
            _conflict(reads, rules, rules.catalogue.conflict(conflict_id))
            for conflict_id in stores.ledger.conflict_ids()
        ),
        corrections_that_met_nothing=tuple(one.place for one in unmet),
        difference=difference,
    )


def _threshold(value: float | timedelta) -> str:
    """A threshold as `--policy` takes it."""
    return f"{value / timedelta(hours=1):g}h" if isinstance(value, timedelta) else f"{value:g}"


def _conflict(reads: Reads, rules: Rules, conflict: Conflict) -> ConflictOutcome:
    statements = {one.statement.statement_id: one for one in reads.ledger.statements(conflict.conflict_id)}
    timelines = tuple(_timelines(reads, rules, conflict))
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
        held_back=tuple(_held_back(timelines)),
        timelines=timelines,
    )


def _timelines(reads: Reads, rules: Rules, conflict: Conflict) -> Iterable[Timeline]:
    for actor_id in reads.ledger.changes(conflict.conflict_id):
        history = read_actor_history(reads, rules.policy, conflict, actor_id)
        if history is not None:
            held = history.position.position.value if history.position else None
            yield Timeline(history.actor, held, tuple(map(_heard, reversed(history.stances))))


def _heard(one: WeighedStance) -> Heard:
    stance = one.stance
    return Heard(
        said_at=stance.said_at,
        position=stance.position.value,
        reason=one.reason.value,
        missing=one.missing,
        told_by=one.told_by,
        quote=stance.quote,
        publisher=stance.publisher,
        title=one.statement.title if one.statement else "",
        url=stance.url,
        article_id=stance.article_id,
    )


def _held_back(timelines: Iterable[Timeline]) -> Iterable[HeldBack]:
    for timeline in timelines:
        for one in timeline.heard:
            if one.missing is not None:
                yield HeldBack(timeline.actor, one.position, one.article_id, one.reason, one.missing)
