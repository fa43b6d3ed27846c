"""Weigh an article: of what an actor says in it, the one stance that a careful reader would write down.

Pure. eval/GUIDELINES.md ("article_positions"): new beats old, a party's own words beat its blame of others, the leader
beats a lower official of the same day, the body beats the headline; turning down the other side's version while
standing by an own offer is `conditional`. A person's words count for the person and for the party spoken for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from workers.domain.article import Tier
from workers.domain.stance import Stance
from workers.domain.statement import Flag, PositionScale, Statement

OFFERS = frozenset({PositionScale.CONDITIONAL, PositionScale.SUPPORT})


def weigh(statements: Sequence[Statement], published_at: datetime, publisher: str, tier: Tier) -> list[Stance]:
    """Give one stance for each actor and party of the article, in the order in which they are first heard."""
    heard: dict[tuple[str, str], list[Statement]] = {}
    for statement in statements:
        for actor_id in dict.fromkeys((statement.actor_id, statement.principal_id)):
            if actor_id is not None:
                heard.setdefault((statement.conflict_id, actor_id), []).append(statement)
    return [
        _stance(actor_id, _carrier(said), _position(said), (published_at, publisher, tier))
        for (_, actor_id), said in heard.items()
    ]


def _carrier(said: Sequence[Statement]) -> Statement:
    """The statement that carries the stance: the weightiest that bears its position, else the weightiest of all."""
    position = _position(said)
    bearing = [statement for statement in said if statement.position is position]
    return max(bearing or said, key=_weight)


def _position(said: Sequence[Statement]) -> PositionScale:
    best = max(said, key=_weight)
    if best.position is PositionScale.REJECT and any(other.position in OFFERS for other in _peers(best, said)):
        return PositionScale.CONDITIONAL
    return best.position


def _peers(best: Statement, said: Iterable[Statement]) -> list[Statement]:
    """Those that one speaker of the same rank said on the same day in the body of the text."""
    day = best.said_at.date()
    return [
        other
        for other in said
        if other.authority is best.authority and other.said_at.date() == day and Flag.HEADLINE not in other.flags
    ]


def _weight(statement: Statement) -> tuple[object, ...]:
    declared = statement.position is not PositionScale.UNDECLARED or Flag.RETREAT in statement.flags
    return (
        declared,
        Flag.HEADLINE not in statement.flags,
        Flag.SECONDHAND not in statement.flags,
        statement.said_at.date(),
        statement.position is not PositionScale.DOUBT,
        statement.authority,
        statement.start,
    )


def _stance(actor_id: str, carrier: Statement, position: PositionScale, where: tuple[datetime, str, Tier]) -> Stance:
    published_at, publisher, tier = where
    return Stance(
        article_id=carrier.article_id,
        actor_id=actor_id,
        conflict_id=carrier.conflict_id,
        position=position,
        statement_id=carrier.statement_id,
        quote=carrier.quote,
        conditions=carrier.conditions,
        kind=carrier.kind,
        flags=carrier.flags,
        confidence=carrier.confidence,
        authority=carrier.authority,
        said_at=carrier.said_at,
        said_at_precision=carrier.said_at_precision,
        said_at_evidenced=carrier.said_at_evidenced,
        published_at=published_at,
        publisher=publisher,
        tier=tier,
    )
