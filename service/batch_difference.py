"""What another policy tells more and less than the one of the settings, told from the alerts' bodies. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToldMove:
    """One actor's move as an alert told it, by names. `before` is None for a first position."""

    article_id: str | None
    alert_type: str
    conflict: str
    actor: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The moves that only the tried policy tells, and those that only the settings' own tells, in order."""

    more: tuple[ToldMove, ...]
    less: tuple[ToldMove, ...]

    @property
    def words(self) -> str:
        """One sentence."""
        if not self.more and not self.less:
            return "the same moves are told as by the settings"
        return f"{len(self.more)} moves more and {len(self.less)} fewer are told than by the settings"


def difference_of(tried: Iterable[str], usual: Iterable[str]) -> Difference:
    """Compare the alert bodies of two replays."""
    one, other = (list(_moves(bodies)) for bodies in (tried, usual))
    return Difference(tuple(_without(one, other)), tuple(_without(other, one)))


def _moves(bodies: Iterable[str]) -> Iterable[ToldMove]:
    for body in map(json.loads, bodies):
        data = body["data"]
        for change in data.get("changes") or ():
            article = data.get("article") or {}
            yield ToldMove(
                article_id=article.get("id"),
                alert_type=body["type"],
                conflict=data["conflict"]["name"],
                actor=change["actor"]["name"],
                before=change.get("from"),
                after=change["to"],
            )


def _without(moves: Iterable[ToldMove], others: Iterable[ToldMove]) -> Iterable[ToldMove]:
    left = Counter(others)
    for move in moves:
        if left[move]:
            left[move] -= 1
        else:
            yield move
