"""The read models of a conflict's and an actor's history: every turn with its words, every reason, what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.alert_views import AlertView, MoveView, gather_moves, view_alert
from service.board import ConflictView, Reads, StatementView, read_conflict, view_statement
from service.wording import time_words
from workers.domain.catalogue import Catalogue, Conflict
from workers.domain.correction import Correction
from workers.domain.policy import Policy, Reason, needed_confidence
from workers.domain.position import Position, PositionChange, Snapshot, fold
from workers.domain.stance import Stance

ALERTS_SEARCHED = 1000  # the latest alerts of all conflicts, among which those of one are found


@dataclass(frozen=True, slots=True)
class Turn:
    """One statement and every position that it moved. `statement` is None when it is gone."""

    statement_id: str
    effective_at: datetime
    statement: StatementView | None
    moves: tuple[MoveView, ...]


@dataclass(frozen=True, slots=True)
class ConflictHistory:
    """A conflict's turns, newest first.

    `told` are the ids of statements that changes were told by; `superseded` the alerts whose statement moves nothing
    any more.
    """

    conflict: ConflictView
    turns: tuple[Turn, ...]
    told: frozenset[str]
    superseded: tuple[AlertView, ...]


@dataclass(frozen=True, slots=True)
class WeighedStance:
    """One article's stance in an actor's history: what the fold did with it, and what it lacks to count (or None).

    `told_by` is the id of the alert that told the actor's change by these words, None when none did; `awaits` tells
    that a person is to let it go first.
    """

    stance: Stance
    reason: Reason
    missing: str | None
    statement: StatementView | None
    change: PositionChange | None
    told_by: str | None = None
    awaits: bool = False


@dataclass(frozen=True, slots=True)
class ActorHistory:
    """Everything heard of an actor on a conflict, newest first, and what is held now (None: nothing declared).

    `corrections` are what people said of its statements, the oldest first. `folded` are the changes whose words are
    older than what is kept, in order.
    """

    conflict_id: str
    conflict: str
    actor_id: str
    actor: str
    position: Position | None
    stances: tuple[WeighedStance, ...]
    corrections: tuple[Correction, ...] = ()
    folded: tuple[PositionChange, ...] = ()

    @property
    def tally(self) -> Mapping[Reason, int]:
        """How many reports there are of each reason, the most frequent first."""
        return dict(Counter(one.reason for one in self.stances).most_common())

    @property
    def held_back(self) -> tuple[WeighedStance, ...]:
        """Those that count nothing yet."""
        return tuple(one for one in self.stances if one.missing)


def read_conflict_history(reads: Reads, conflict: Conflict) -> ConflictHistory:
    """Read every actor's changes on a conflict. Raises redis.RedisError when the store is away."""
    changes = reads.ledger.changes(conflict.conflict_id)
    wanted = sorted({change.statement_id for of_actor in changes.values() for change in of_actor})
    spoken = reads.ledger.spoken(conflict.conflict_id, wanted)
    statements = {name: view_statement(reads.catalogue, one) for name, one in spoken.items()}
    turns = compose_turns(reads.catalogue, changes, statements)
    latest = map(view_alert, reads.ledger.alerts(ALERTS_SEARCHED))
    alerts = [alert for alert in latest if alert.conflict_id == conflict.conflict_id and alert.tells_change]
    shown = {turn.statement_id for turn in turns}
    return ConflictHistory(
        conflict=read_conflict(reads, conflict),
        turns=turns,
        told=frozenset(alert.statement_id for alert in alerts if alert.statement_id),
        superseded=tuple(alert for alert in alerts if alert.statement_id not in shown),
    )


def compose_turns(
    catalogue: Catalogue, changes: Mapping[str, Sequence[PositionChange]], statements: Mapping[str, StatementView]
) -> tuple[Turn, ...]:
    """Gather the changes that one statement made, newest first; the weightiest speaker's change leads."""
    gathered: dict[str, list[PositionChange]] = {}
    for of_actor in changes.values():
        for change in of_actor:
            gathered.setdefault(change.statement_id, []).append(change)
    turns = [
        Turn(
            statement_id=statement_id,
            effective_at=max(change.effective_at for change in moved),
            statement=statements.get(statement_id),
            moves=gather_moves(_move(catalogue, change) for change in _speaker_first(catalogue, moved)),
        )
        for statement_id, moved in gathered.items()
    ]
    return tuple(sorted(turns, key=lambda turn: (turn.effective_at, turn.statement_id), reverse=True))


def _move(catalogue: Catalogue, change: PositionChange) -> MoveView:
    return MoveView((name_of(catalogue, change.actor_id),), change.before, change.after, change.reason)


def _speaker_first(catalogue: Catalogue, moved: Iterable[PositionChange]) -> list[PositionChange]:
    """People before those for whom they speak."""

    def is_principal(change: PositionChange) -> bool:
        return not catalogue.has_actor(change.actor_id) or catalogue.actor(change.actor_id).speaks_for is None

    return sorted(moved, key=is_principal)


def read_actor_history(reads: Reads, policy: Policy, conflict: Conflict, actor_id: str) -> ActorHistory | None:
    """Read all that was heard of an actor on a conflict; None when nothing was."""
    stances = reads.ledger.stances(conflict.conflict_id, actor_id)
    corrections = _corrections(reads, conflict.conflict_id, actor_id)
    snapshot = reads.ledger.snapshot(conflict.conflict_id, actor_id)
    if not stances and not corrections and snapshot is None:
        return None
    spoken = reads.ledger.spoken(conflict.conflict_id, sorted({stance.statement_id for stance in stances}))
    statements = {name: view_statement(reads.catalogue, one) for name, one in spoken.items()}
    history = compose_actor_history(
        reads.catalogue, policy, (conflict, actor_id), stances, statements, snapshot=snapshot
    )
    told = _told_by(reads, conflict.conflict_id, actor_id)
    held = {alert.alert_id for alert in reads.ledger.held_alerts()}
    alerts = [told.get(one.stance.statement_id) for one in history.stances]
    return replace(
        history,
        stances=tuple(
            replace(one, told_by=alert_id, awaits=alert_id in held)
            for one, alert_id in zip(history.stances, alerts, strict=True)
        ),
        corrections=corrections,
    )


def _corrections(reads: Reads, conflict_id: str, actor_id: str) -> tuple[Correction, ...]:
    """What people said of statements that bear on an actor's position: its own, and those made in its name."""
    found = [one for one in reads.ledger.corrections() if one.conflict_id == conflict_id]
    spoken = reads.ledger.spoken(conflict_id, sorted({one.statement_id for one in found}))
    theirs = {name for name, one in spoken.items() if actor_id in {one.statement.actor_id, one.statement.principal_id}}
    return tuple(one for one in found if one.statement_id in theirs)


def _told_by(reads: Reads, conflict_id: str, actor_id: str) -> dict[str, str]:
    """The alerts that told of an actor's changes on a conflict, by statement id, the newest one of several."""
    return {
        alert.data["statement"]["id"]: alert.alert_id
        for alert in reversed(reads.ledger.alerts(ALERTS_SEARCHED))
        if alert.lane == conflict_id
        and alert.data.get("statement")
        and view_alert(alert).tells_change
        and any(change["actor"]["id"] == actor_id for change in alert.data.get("changes") or ())
    }


def compose_actor_history(
    catalogue: Catalogue,
    policy: Policy,
    whose: tuple[Conflict, str],
    stances: Sequence[Stance],
    statements: Mapping[str, StatementView],
    *,
    snapshot: Snapshot | None = None,
) -> ActorHistory:
    """Fold the stances of an actor (by id) on a conflict anew and keep every reason."""
    conflict, actor_id = whose
    history = fold(stances, policy, snapshot)
    held_here = {stance.article_id for stance in stances}
    changes = {change.article_id: change for change in history.changes}
    newest_first = sorted(stances, key=lambda one: (one.said_at, one.published_at, one.article_id), reverse=True)
    return ActorHistory(
        conflict_id=conflict.conflict_id,
        conflict=conflict.name,
        actor_id=actor_id,
        actor=name_of(catalogue, actor_id),
        position=history.position,
        stances=tuple(
            WeighedStance(
                stance=stance,
                reason=history.reasons[stance.article_id],
                missing=missing_of(stance, history.reasons[stance.article_id], policy),
                statement=statements.get(stance.statement_id),
                change=changes.get(stance.article_id),
            )
            for stance in newest_first
        ),
        folded=tuple(change for change in history.changes if change.article_id not in held_here),
    )


def missing_of(stance: Stance, reason: Reason, policy: Policy) -> str | None:
    """Say what a stance that is held back needs to count; None for all others."""
    if not reason.holds_back:
        return None
    earliest, latest = (time_words(stance.published_at + sign * policy.corroboration_window) for sign in (-1, 1))
    needs = f"a report of the same position by another publisher, no copy of this one, between {earliest} and {latest}"
    if reason is not Reason.NEEDS_CONFIDENCE:
        return needs
    return f"{needs}; or a confidence of {needed_confidence(stance, policy):.2f} (it has {stance.confidence:.2f})"


def name_of(catalogue: Catalogue, actor_id: str) -> str:
    """An actor's name, its id when it has left the catalogue."""
    return catalogue.actor(actor_id).name if catalogue.has_actor(actor_id) else actor_id
