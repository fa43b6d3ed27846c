"""What people say of statements: one is wrong, or stands as it is or otherwise. Pure.

A correction is an event: it is added, with who and when, and never changes; of several on one statement the last one
counts. It follows the words, not the offsets: a revision of the article that still has them is corrected too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from workers.domain.article import Tier
from workers.domain.statement import PositionScale, Statement


class Verdict(StrEnum):
    """What a person says of a statement."""

    REJECT = "reject"  # nothing of the kind was said
    ACCEPT = "accept"  # it was, for certain


@dataclass(frozen=True, slots=True)
class Correction:
    """One event. `position` is what an accepted statement says instead of what was read; None leaves it.

    `by` is who judged and `why` the reason given, as free text; `at` is aware UTC. `tier` and `signature` are those of
    the article's stances, so that they can be made anew when all of them were rejected before.
    """

    statement_id: str
    article_id: str
    conflict_id: str
    actor_name: str
    quote: str
    verdict: Verdict
    position: PositionScale | None
    why: str
    by: str
    at: datetime
    tier: Tier
    signature: str = ""

    def meets(self, statement: Statement) -> bool:
        """Tell whether it is about this statement: the same words of the same actor in the same article."""
        return (
            (statement.article_id, statement.conflict_id) == (self.article_id, self.conflict_id)
            and statement.actor_name == self.actor_name
            and statement.quote.split() == self.quote.split()
        )


def correction_of(statement: Statement, corrections: Iterable[Correction]) -> Correction | None:
    """The correction that counts for a statement: the last one about it, None without any."""
    meeting = [correction for correction in corrections if correction.meets(statement)]
    return meeting[-1] if meeting else None


def corrected(statements: Iterable[Statement], corrections: Sequence[Correction]) -> list[Statement]:
    """The statements as people say they are: rejected ones are left out, accepted ones are certain."""
    found = []
    for statement in statements:
        correction = correction_of(statement, corrections)
        if correction is None:
            found.append(statement)
        elif correction.verdict is Verdict.ACCEPT:
            found.append(accepted(statement, correction.position))
    return found


def accepted(statement: Statement, position: PositionScale | None) -> Statement:
    """A statement that a person vouches for, with the position that the person gives it, if any."""
    return replace(statement, confidence=1.0, position=position or statement.position)
