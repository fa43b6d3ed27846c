"""Which stances are so old that they may be forgotten. Pure: the time comes in as `before`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workers.domain.policy import Policy
from workers.domain.position import History, PositionChange, causes_of, fold
from workers.domain.stance import Stance


def forgettable(stances: Sequence[Stance], before: datetime, policy: Policy) -> frozenset[str]:
    """Article ids of one actor's stances on one conflict that may go: what it held since `before` must stay as it is.

    Old is what was said and published before `before`. What carries the position that was held then stays, and so does
    what carried a later one, each with every copy of its words, so that recycling them moves nothing. Where those lean
    on other old stances (they needed a second publisher), all of them stay.
    """
    old = {stance.article_id for stance in stances if max(stance.said_at, stance.published_at) < before}
    if not old:
        return frozenset()
    history = fold(stances, policy)
    causes = causes_of(stances)
    carrying = {causes[change.statement_id] for change in _since(before, history)}
    gone = {
        stance.article_id
        for stance in stances
        if stance.article_id in old and causes[stance.statement_id] not in carrying
    }
    left = fold([stance for stance in stances if stance.article_id not in gone], policy)
    same = left.position == history.position and _told(before, left) == _told(before, history)
    return frozenset(gone) if same else frozenset()


def _since(before: datetime, history: History) -> list[PositionChange]:
    """The changes since then, after the one by which the position of then was taken up."""
    earlier = [change for change in history.changes if change.effective_at < before]
    return [*earlier[-1:], *_told(before, history)]


def _told(before: datetime, history: History) -> list[PositionChange]:
    return [change for change in history.changes if change.effective_at >= before]
