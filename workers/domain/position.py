"""Fold an actor's stances on one conflict into its history of positions.

Pure: no clock, no store. The same stances in any order end in the same history (DESIGN law 3): the fold goes over them
by (UTC day of said_at, authority, said_at, published_at, article_id), so that on one day the highest authority has
the last word. Copies of the same words count once; what one weak publisher says alone is held back (laws 4 and 10).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workers.domain.policy import Held, Policy, Reason, judge, lacks, vouches
from workers.domain.sameness import components, same_words
from workers.domain.stance import Stance
from workers.domain.statement import PositionScale


@dataclass(frozen=True, slots=True)
class Position:
    """Where an actor stands on one conflict now, the statement that says so, and since when (aware UTC)."""

    actor_id: str
    conflict_id: str
    position: PositionScale
    statement_id: str
    article_id: str
    since: datetime
    conditions: tuple[str, ...] = ()
    live: bool = True


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


def fold(stances: Iterable[Stance], policy: Policy) -> History:
    """Fold one actor's stances on one conflict into its history."""
    known = sorted(stances, key=lambda stance: (stance.published_at, stance.article_id))
    declared = [stance for stance in known if stance.declared]
    reasons = {stance.article_id: Reason.NEUTRAL for stance in known}
    acting: list[tuple[Stance, datetime]] = []
    for group in _by_words(declared):
        for stance, effective_at in _acting(group, declared, policy, reasons):
            acting.append((stance, effective_at))
    return _walk(sorted(acting, key=_order), reasons)


def _order(item: tuple[Stance, datetime]) -> tuple[object, ...]:
    stance, effective_at = item
    return (effective_at.date(), stance.authority, effective_at, stance.published_at, stance.article_id)


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


def _walk(acting: Sequence[tuple[Stance, datetime]], reasons: dict[str, Reason]) -> History:
    """Go over the acting stances in order; the last word of each moment is the position."""
    held: Position | None = None
    changes: list[PositionChange] = []
    for stance, effective_at in acting:
        reason = judge(Held(held.position, held.live) if held else None, stance)
        reasons[stance.article_id] = reason
        if not reason.moves:
            continue
        changes.append(_change(held, stance, effective_at, reason))
        held = _taken(stance, effective_at)
    return History(held, tuple(changes), reasons)


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
    )


def _change(held: Position | None, stance: Stance, effective_at: datetime, reason: Reason) -> PositionChange:
    said_by = f"{stance.authority.name.lower()}_{stance.kind}"
    return PositionChange(
        actor_id=stance.actor_id,
        conflict_id=stance.conflict_id,
        before=held.position if held else None,
        after=stance.position,
        statement_id=stance.statement_id,
        article_id=stance.article_id,
        held_since=held.since if held else None,
        effective_at=effective_at,
        reason=said_by if reason is Reason.MOVED else reason.value,
    )
