"""Fold an actor's stances on one conflict into its history of positions.

Pure: no clock, no store. The same stances in any order end in the same history (DESIGN law 3): the fold goes over them
by (UTC day of said_at, authority, said_at, published_at, article_id), so that on one day the highest authority has
the last word; where said_at names the day only, the publication on that day says how late it can have been. Copies of
the same words count once; what one weak publisher says alone is held back (laws 4 and 10).
Stances that are too old to be kept one by one are folded into a `Snapshot`, on which the fold of the others goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from workers.domain.policy import Held, Policy, Reason, judge, lacks, vouches
from workers.domain.sameness import components, same_words
from workers.domain.stance import Stance
from workers.domain.statement import PositionScale, Precision

MOST_CHANGES_KEPT = 200  # of a snapshot: two changes a month for eight years; some 60 kB of one actor
MOST_TERMS_KEPT = 50


@dataclass(frozen=True, slots=True)
class Position:
    """Where an actor stands on one conflict now, the statement that says so, and since when (aware UTC).

    `conditions` are the terms as they were stated last, `terms` all that were stated since the position was taken.
    `terms_statement_id` and `terms_article_id` name the words that stated the last ones; None while these are those by
    which the position was taken.
    """

    actor_id: str
    conflict_id: str
    position: PositionScale
    statement_id: str
    article_id: str
    since: datetime
    conditions: tuple[str, ...] = ()
    live: bool = True
    terms: tuple[str, ...] = ()
    terms_statement_id: str | None = None
    terms_article_id: str | None = None


@dataclass(frozen=True, slots=True)
class PositionChange:
    """The record of a position that moved. `before` is None for the first one.

    `held_since` is since when `before` was held. `effective_at` is when the move took effect: when it was said, or
    the second publication that it needed. `reason` is `established`, `seeded`, or the authority and kind of the words
    that moved it (`leader_direct`).
    """

    actor_id: str
    conflict_id: str
    before: PositionScale | None
    after: PositionScale
    statement_id: str
    article_id: str
    held_since: datetime | None
    effective_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an actor's stances up to `until` (aware UTC, a midnight) came to, when they are no longer kept.

    `position` is the one held then (None: nothing declared), `changes` are those before, in order, the latest ones.
    """

    until: datetime
    position: Position | None
    changes: tuple[PositionChange, ...]


@dataclass(frozen=True, slots=True)
class History:
    """What the fold makes of an actor's stances.

    `position` is the one held now (None: nothing declared), `changes` are in order, `reasons` are by article id.
    """

    position: Position | None
    changes: tuple[PositionChange, ...]
    reasons: Mapping[str, Reason]


def same_as(stance: Stance, others: Iterable[Stance]) -> tuple[str, ...]:
    """Statement ids of `others` that carry the same words as `stance`, sorted; its own id is not among them."""
    return tuple(
        sorted(
            {
                other.statement_id
                for other in others
                if other.statement_id != stance.statement_id
                and same_words(stance.quote, other.quote, read_alike=stance.position is other.position)
            }
        )
    )


def fold(stances: Iterable[Stance], policy: Policy, snapshot: Snapshot | None = None) -> History:
    """Fold one actor's stances on one conflict into its history; what is older than the snapshot is in it already."""
    known = sorted(stances, key=lambda stance: (stance.published_at, stance.article_id))
    reasons = {stance.article_id: Reason.NEUTRAL for stance in known}
    acting = _all_acting(known, policy, reasons)
    if snapshot is None:
        return _walk(acting, reasons, None, ())
    held, changes, until = _begun(snapshot, known)
    carriers = {change.article_id: change for change in changes}
    for stance, effective_at in acting:
        if effective_at < until:
            reasons[stance.article_id] = _reason_then(carriers.get(stance.article_id))
    return _walk([item for item in acting if item[1] >= until], reasons, held, changes)


def snapshot_of(stances: Iterable[Stance], policy: Policy, until: datetime, earlier: Snapshot | None) -> Snapshot:
    """Fold what took effect before `until` on top of the `earlier` snapshot."""
    known = sorted(stances, key=lambda stance: (stance.published_at, stance.article_id))
    since = earlier.until if earlier else datetime.min.replace(tzinfo=UTC)
    then = [item for item in _all_acting(known, policy, {}) if since <= item[1] < until]
    begun = (earlier.position, earlier.changes) if earlier else (None, ())
    history = _walk(then, {}, *begun)
    return Snapshot(until, history.position, history.changes[-MOST_CHANGES_KEPT:])


def _begun(
    snapshot: Snapshot, stances: Iterable[Stance]
) -> tuple[Position | None, tuple[PositionChange, ...], datetime]:
    """Where the fold goes on: the position held, the changes so far, and from when on.

    The words that carry the snapshot's position are kept as long as it is held. Where they are taken back, or were
    corrected, what was held before it is held again, and copies of them that were kept may act.
    """
    held = snapshot.position
    if held is None or any((one.article_id, one.position) == (held.article_id, held.position) for one in stances):
        return held, snapshot.changes, snapshot.until
    earlier = snapshot.changes[:-1]
    return (_position_after(earlier[-1]) if earlier else None), earlier, held.since


def _position_after(change: PositionChange) -> Position:
    return Position(
        actor_id=change.actor_id,
        conflict_id=change.conflict_id,
        position=change.after,
        statement_id=change.statement_id,
        article_id=change.article_id,
        since=change.effective_at,
    )


def _all_acting(known: Sequence[Stance], policy: Policy, reasons: dict[str, Reason]) -> list[tuple[Stance, datetime]]:
    """The stances that may act, with the time at which each takes effect, in the order of the fold."""
    declared = [stance for stance in known if stance.declared]
    acting = [(one, one.said_at) for one in known if not one.declared and lacks(one, policy) is None]
    for group in _by_words(declared):
        acting += _acting(group, declared, policy, reasons)
    return sorted(acting, key=_order)


def _reason_then(change: PositionChange | None) -> Reason:
    if change is None:
        return Reason.FOLDED
    return Reason.ESTABLISHED if change.before is None else Reason.MOVED


def _order(item: tuple[Stance, datetime]) -> tuple[object, ...]:
    stance, effective_at = item
    moment = max(effective_at, _said_by(stance))
    return (effective_at.date(), stance.authority, moment, stance.published_at, stance.article_id)


def _said_by(stance: Stance) -> datetime:
    """When it was said at the latest: "on Friday", published on Friday at three, is no older than a word at noon."""
    told_that_day = stance.published_at.date() == stance.said_at.date()
    return stance.published_at if stance.said_at_precision is Precision.DAY and told_that_day else stance.said_at


def causes_of(stances: Iterable[Stance]) -> dict[str, str]:
    """Map each carrying statement's id to the id of its cluster: the smallest id among the same words."""
    return components(
        {stance.statement_id for stance in stances}, ((stance.statement_id, stance.same_as) for stance in stances)
    )


def _by_words(declared: Sequence[Stance]) -> list[list[Stance]]:
    """Group stances that carry the same words, each group canonical first (by published_at, article_id)."""
    roots = causes_of(declared)
    groups: dict[str, list[Stance]] = {}
    for stance in declared:
        groups.setdefault(roots[stance.statement_id], []).append(stance)
    return list(groups.values())


def _acting(
    group: Sequence[Stance], declared: Sequence[Stance], policy: Policy, reasons: dict[str, Reason]
) -> list[tuple[Stance, datetime]]:
    """Pick the stances of one group that act on their own, with the time at which each takes effect.

    The first one that lacks nothing acts; a copy acts again only when the text evidences a later day (law 4).
    """
    acting: list[tuple[Stance, datetime]] = []
    latest = None
    for stance in group:
        if latest is not None and not (stance.said_at_evidenced and stance.said_at.date() > latest):
            reasons[stance.article_id] = Reason.CORROBORATES
            continue
        effective_at, reason = _effect(stance, declared, policy)
        reasons[stance.article_id] = reason
        if effective_at is not None:
            latest = stance.said_at.date()
            acting.append((stance, effective_at))
    return acting


def _effect(stance: Stance, declared: Sequence[Stance], policy: Policy) -> tuple[datetime | None, Reason]:
    """Say when a stance takes effect, or what it still needs (None)."""
    lacking = lacks(stance, policy)
    if lacking is None:
        return stance.said_at, Reason.MOVED
    vouching = [other.published_at for other in declared if vouches(other, stance, policy)]
    if vouching:
        return max(stance.said_at, stance.published_at, min(vouching)), Reason.MOVED
    return None, lacking


def _walk(
    acting: Sequence[tuple[Stance, datetime]],
    reasons: dict[str, Reason],
    held: Position | None,
    earlier: Sequence[PositionChange],
) -> History:
    """Go over the acting stances in order; the last word of each moment is the position."""
    changes = list(earlier)
    for stance, effective_at in acting:
        reason = judge(Held(held.position, held.live, held.terms) if held else None, stance)
        reasons[stance.article_id] = reason
        if reason.moves:
            changes.append(_change(held, stance, effective_at, reason))
            held = _taken(stance, effective_at)
        elif held is not None and reason in {Reason.NEW_TERMS, Reason.REPEATED}:
            held = _restated(held, stance, reason)
    return History(held, tuple(changes), reasons)


def _restated(held: Position, stance: Stance, reason: Reason) -> Position:
    """The same position, with the terms that the stance adds; only new ones make it the words to look at."""
    if held.position is not PositionScale.CONDITIONAL or not stance.conditions:
        return held
    terms = (*held.terms, *(term for term in stance.conditions if term not in held.terms))
    if reason is Reason.REPEATED:
        return replace(held, terms=terms[:MOST_TERMS_KEPT])
    return replace(
        held,
        terms=terms[:MOST_TERMS_KEPT],
        conditions=stance.conditions,
        terms_statement_id=stance.statement_id,
        terms_article_id=stance.article_id,
    )


def _taken(stance: Stance, effective_at: datetime) -> Position:
    return Position(
        actor_id=stance.actor_id,
        conflict_id=stance.conflict_id,
        position=stance.position,
        statement_id=stance.statement_id,
        article_id=stance.article_id,
        since=effective_at,
        conditions=stance.conditions,
        live=stance.live,
        terms=stance.conditions,
    )


def _change(held: Position | None, stance: Stance, effective_at: datetime, reason: Reason) -> PositionChange:
    return PositionChange(
        actor_id=stance.actor_id,
        conflict_id=stance.conflict_id,
        before=held.position if held else None,
        after=stance.position,
        statement_id=stance.statement_id,
        article_id=stance.article_id,
        held_since=held.since if held else None,
        effective_at=effective_at,
        reason=how_said(stance) if reason is Reason.MOVED else reason.value,
    )


def how_said(stance: Stance) -> str:
    """By whose authority and how: `leader_direct`."""
    return f"{stance.authority.name.lower()}_{stance.kind}"
