"""One article, weighed: what it shows of one actor on one conflict, and the statement that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workers.domain.article import Tier
from workers.domain.catalogue import Authority
from workers.domain.statement import Flag, Kind, PositionScale, Precision


@dataclass(frozen=True, slots=True)
class Stance:
    """What one article, weighed as a whole, shows of one actor on one conflict.

    `position` may differ from the carrying statement's own (eval/GUIDELINES.md 4 to 6). `authority` is that of the
    speaker whose words carry it. `signature` is the article's MinHash (empty when too short), by which copies are
    told from independent reports; `same_as` are the ids of statements held before it that carry the same words. All
    times are aware UTC; `published_at` is never after the first fetch.
    `seeded` marks the positions of the seed; `live` is False for those that are for reading only (law 6).
    """

    article_id: str
    actor_id: str
    conflict_id: str
    position: PositionScale
    statement_id: str
    quote: str
    conditions: tuple[str, ...]
    kind: Kind
    flags: frozenset[Flag]
    confidence: float
    authority: Authority
    said_at: datetime
    said_at_precision: Precision
    said_at_evidenced: bool
    published_at: datetime
    publisher: str
    tier: Tier
    url: str | None = None
    signature: str = ""
    same_as: tuple[str, ...] = ()
    seeded: bool = False
    live: bool = True

    @property
    def retreats(self) -> bool:
        """Tell whether an earlier stance is taken back without a new one."""
        return Flag.RETREAT in self.flags

    @property
    def declared(self) -> bool:
        """Tell whether it can move a position: neutral talk (`undeclared` and no retreat) moves nothing."""
        return self.position is not PositionScale.UNDECLARED or self.retreats
