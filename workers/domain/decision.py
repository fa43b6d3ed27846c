"""Decide what one read article changes: stances, positions, and the alerts that are owed for it.

Pure: the ledger's holdings and the time come in, what is to be written goes out. A loser of the commit's race calls it
again with fresh holdings (DESIGN law 2). Alerts compare the position held before with the one held after, so a late
article alerts only when it changes the position held now (law 3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from workers.domain.alert import AlertType
from workers.domain.policy import Policy
from workers.domain.position import History, Position, Snapshot, causes_of, fold, how_said, same_as
from workers.domain.stance import Stance
from workers.domain.statement import PositionScale, Precision
from workers.domain.terms import adds_terms


@dataclass(frozen=True, slots=True)
class Told:
    """That a cause was told: the alert, and the actors that it listed."""

    alert_id: str
    actor_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the ledger holds of one conflict for the actors that an article touches.

    `stances` by actor id. `told` by statement id. `added_at`: since when each actor is watched (law 6). `snapshots`, by
    actor id: what stances came to that are kept no longer.
    """

    stances: Mapping[str, tuple[Stance, ...]]
    told: Mapping[str, Told]
    added_at: Mapping[str, datetime]
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What bounds an alert besides the words: the store's birth, the feed's age, the time now (all aware UTC).

    `corrected` tells that no article but a person's correction is at hand.
    """

    now: datetime
    born_at: datetime
    feed_added_at: datetime | None
    fetched_at: datetime
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A held position that became another by this article, or the same one under other conditions.

    `before` is None when nothing was held. `reason` is that of the change, or `backlog`; `alert` is the type of alert
    owed, None when the move is recorded only. `follows` is the alert that told the same cause before.
    """

    actor_id: str
    before: Position | None
    after: PositionScale
    carrier: Stance | None
    reason: str
    alert: AlertType | None
    cause: str
    follows: str | None
    late: bool
    flips: int


@dataclass(frozen=True, slots=True)
class Decision:
    """All that one article changes on one conflict: stances by actor, histories by actor, moves."""

    article_id: str
    stances: Mapping[str, Stance]
    withdrawn: tuple[str, ...]
    histories: Mapping[str, History]
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """What every step of one decision needs."""

    article_id: str
    held: Holdings
    circumstances: Circumstances
    policy: Policy


def decide(
    article_id: str, found: Sequence[Stance], held: Holdings, circumstances: Circumstances, policy: Policy
) -> Decision:
    """Decide what the stances `found` in an article change on one conflict.

    Stances of an earlier revision of the article are replaced; an actor of whom the latest revision says nothing any
    more loses its stance (law 7: the latest revision speaks).
    """
    others = {
        actor_id: tuple(stance for stance in stances if stance.article_id != article_id)
        for actor_id, stances in held.stances.items()
    }
    everything = [stance for stances in others.values() for stance in stances]
    new = {stance.actor_id: replace(stance, same_as=same_as(stance, everything)) for stance in found}
    after = {
        actor_id: fold([*others.get(actor_id, ()), *_given(new.get(actor_id))], policy, held.snapshots.get(actor_id))
        for actor_id in sorted({*held.stances, *new})
    }
    withdrawn = tuple(
        sorted(
            actor_id
            for actor_id, stances in held.stances.items()
            if actor_id not in new and any(stance.article_id == article_id for stance in stances)
        )
    )
    case = _Case(article_id, held, circumstances, policy)
    moves = _moves(case, [*new.values(), *everything], after)
    return Decision(article_id, new, withdrawn, after, tuple(moves))


def _given(stance: Stance | None) -> tuple[Stance, ...]:
    return () if stance is None else (stance,)


def _moves(case: _Case, stances: Sequence[Stance], after: Mapping[str, History]) -> Iterable[Move]:
    causes = causes_of(stances)
    for actor_id, history in after.items():
        before = fold(case.held.stances.get(actor_id, ()), case.policy, case.held.snapshots.get(actor_id)).position
        if not _is_same(before, history.position):
            carrier = _carrier(history.position, stances)
            yield _move(case, actor_id, (before, history), carrier, (causes, stances))
        elif _has_new_terms(before, history.position, case):
            worded = next(one for one in stances if (one.article_id, one.actor_id) == (case.article_id, actor_id))
            yield _move(case, actor_id, (before, history), worded, (causes, stances))


def _move(
    case: _Case,
    actor_id: str,
    turn: tuple[Position | None, History],
    carrier: Stance | None,
    known: tuple[Mapping[str, str], Sequence[Stance]],
) -> Move:
    (before, history), (causes, stances) = turn, known
    cause = causes[carrier.statement_id] if carrier else f"{case.article_id}-{actor_id}"
    told = _told(cause, causes, case.held.told, _said_before(carrier, stances))
    alert, reason = _alert(case, before, history, carrier, actor_id)
    if told and actor_id in told.actor_ids and alert is not AlertType.POSITION_CORRECTED:
        alert = None  # the same cause moves an actor again: it was told. Going back to it by a correction was not
    late_by = case.circumstances.fetched_at - carrier.published_at if carrier else timedelta()
    return Move(
        actor_id=actor_id,
        before=before,
        after=history.position.position if history.position else PositionScale.UNDECLARED,
        carrier=carrier,
        reason=reason,
        alert=alert,
        cause=cause,
        follows=told.alert_id if told else None,
        late=late_by > case.policy.late_after,
        flips=_flips(history, case.circumstances.now, case.policy),
    )


def _is_same(before: Position | None, now: Position | None) -> bool:
    if before is None or now is None:
        return before is now
    return (before.position, before.live) == (now.position, now.live)


def _has_new_terms(before: Position | None, now: Position | None, case: _Case) -> bool:
    """Tell whether this article states conditions of a position held that were not heard before."""
    return (
        before is not None
        and now is not None
        and now.terms_article_id == case.article_id
        and adds_terms(now.conditions, before.terms)
    )


def _carrier(position: Position | None, stances: Iterable[Stance]) -> Stance | None:
    """The stance that carries a position; None where it is kept no longer."""
    if position is None:
        return None
    found = (one for one in stances if (one.article_id, one.actor_id) == (position.article_id, position.actor_id))
    return next(found, None)


def _said_before(carrier: Stance | None, stances: Iterable[Stance]) -> frozenset[str]:
    """Ids of statements of earlier days than the one that the carrier's text evidences: it says them anew (law 4)."""
    if carrier is None or not carrier.said_at_evidenced:
        return frozenset()
    return frozenset(one.statement_id for one in stances if one.said_at.date() < carrier.said_at.date())


def _told(cause: str, causes: Mapping[str, str], told: Mapping[str, Told], said_before: Collection[str]) -> Told | None:
    """The latest alert that told this cause as it was said now, with every actor that any alert on it listed."""
    alerts = [
        told[statement_id]
        for statement_id, root in causes.items()
        if root == cause and statement_id in told and statement_id not in said_before
    ]
    if not alerts:
        return None
    actor_ids = {actor_id for alert in alerts for actor_id in alert.actor_ids}
    return Told(max(alert.alert_id for alert in alerts), tuple(sorted(actor_ids)))


def _alert(
    case: _Case, before: Position | None, history: History, carrier: Stance | None, actor_id: str
) -> tuple[AlertType | None, str]:
    """Say which type of alert a move is owed and the reason to tell; None when it is only recorded (law 6)."""
    rested_here = before is not None and before.article_id == case.article_id
    if carrier is None or (rested_here and carrier.article_id != case.article_id):
        return AlertType.POSITION_CORRECTED, "words_taken_back"
    if case.circumstances.corrected and before is not None and before.live:
        return (None if _is_same(before, history.position) else AlertType.POSITION_CORRECTED), "corrected"
    if carrier.seeded:
        return None, "seeded"
    watched_since = _watched_since(case.circumstances, case.held.added_at.get(actor_id))
    if _is_backlog(carrier, watched_since, case.circumstances.now, case.policy):
        return None, "backlog"
    return _news(before, history, carrier)


def _news(before: Position | None, history: History, carrier: Stance) -> tuple[AlertType, str]:
    """The type of alert and the reason to tell of what is neither old nor a correction."""
    if before is None or not before.live:
        return AlertType.POSITION_ESTABLISHED, "established"
    if _is_same(before, history.position):
        return AlertType.CONDITIONS_CHANGED, how_said(carrier)
    return AlertType.POSITION_CHANGED, history.changes[-1].reason


def _watched_since(circumstances: Circumstances, actor_added_at: datetime | None) -> datetime:
    starts = [circumstances.born_at, circumstances.feed_added_at, actor_added_at]
    return max(start for start in starts if start is not None)


def _is_backlog(carrier: Stance, watched_since: datetime, now: datetime, policy: Policy) -> bool:
    """Tell whether the words are old news: said before we watched, or too long ago to alert on.

    What is known by the day only is given that whole day: words of the day on which the store was born are news. A time
    is given its second: feeds tell no parts of one (RFC 822).
    """
    slack = timedelta(days=1) if carrier.said_at_precision is Precision.DAY else timedelta(seconds=1)
    said_by = carrier.said_at + slack
    return said_by < watched_since or now - said_by > policy.alert_max_age


def _flips(history: History, now: datetime, policy: Policy) -> int:
    """Count the actor's earlier changes inside the window; the present one is not among them."""
    return sum(
        1
        for change in history.changes[:-1]
        if change.before is not None and now - change.effective_at <= policy.flip_window
    )
