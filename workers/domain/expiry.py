"""Which stances are so old that they may be forgotten. Pure: the time comes in as `before`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workers.domain.policy import Policy
from workers.domain.position import causes_of, fold
from workers.domain.stance import Stance


def forgettable(stances: Sequence[Stance], before: datetime, policy: Policy) -> frozenset[str]:
    """Article ids of one actor's stances on one conflict that may go: the position held now must stay as it is.

    Old is what was said and published before `before`. What carries the position stays, with every copy of its words,
    so that recycling them moves nothing; where the position leans on other old stances (it needed a second publisher),
    all of them stay.
    """
    old = {stance.article_id for stance in stances if max(stance.said_at, stance.published_at) < before}
    if not old:
        return frozenset()
    position = fold(stances, policy).position
    if position is None:
        return frozenset(old)
    causes = causes_of(stances)
    carrying = causes[position.statement_id]
    gone = {
        stance.article_id for stance in stances if stance.article_id in old and causes[stance.statement_id] != carrying
    }
    kept = [stance for stance in stances if stance.article_id not in gone]
    return frozenset(gone) if fold(kept, policy).position == position else frozenset()
