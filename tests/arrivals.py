"""A ledger in memory: articles arrive in any order, the domain decides, what it decides is kept as in the store.

For the laws that hold for every order of arrival. No store, no reader: what an article says is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.builders import NORTHLAND, VANE, a_statement, hours
from workers.domain.alert import AlertType
from workers.domain.article import Tier
from workers.domain.decision import Circumstances, Decision, Holdings, Move, Told, decide
from workers.domain.policy import Policy
from workers.domain.position import History, fold
from workers.domain.sameness import signature_of
from workers.domain.stance import Stance
from workers.domain.statement import Statement
from workers.domain.weigh import weigh

BORN = hours(-10_000)


@dataclass(frozen=True, slots=True)
class Report:
    """One revision of an article as it arrives. `published_at` is None for an undated one."""

    article_id: str
    publisher: str
    tier: Tier
    published_at: datetime | None
    fetched_at: datetime
    statements: tuple[Statement, ...]
    revision: int = 1

    @property
    def dated_at(self) -> datetime:
        """As the article's: never after the first fetch."""
        return min(self.published_at or self.fetched_at, self.fetched_at)

    def stances(self) -> list[Stance]:
        """What it shows, with the signature of its words."""
        signature = signature_of(" ".join(statement.quote for statement in self.statements))
        weighed = weigh(self.statements, self.dated_at, self.publisher, self.tier)
        return [replace(stance, signature=signature) for stance in weighed]


def a_report(article_id: str, *words: tuple[str, str], hour: float = 0, **named: object) -> Report:
    """An article in which President Vane says these (position, words), fetched a minute after its publication."""
    facts: dict[str, object] = {
        "publisher": "Northern Wire",
        "tier": Tier.WIRE,
        "published_at": hours(hour),
        "fetched_at": hours(hour) + timedelta(minutes=1),
    }
    facts |= named
    said_at = min(filter(None, (facts["published_at"], facts["fetched_at"])))  # type: ignore[type-var]
    statements = tuple(
        a_statement(
            position,
            article=article_id,
            statement_id=f"st_{article_id}_{number}",
            quote=quote,
            start=number * 1000,
            said_at=said_at,
        )
        for number, (position, quote) in enumerate(words)
    )
    return Report(article_id=article_id, statements=statements, **facts)  # type: ignore[arg-type]


@dataclass(slots=True)
class Arrivals:
    """What is held after some reports have arrived, and everything that was decided on the way."""

    policy: Policy = field(default_factory=Policy)
    stances: dict[str, dict[str, Stance]] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    alerts: list[tuple[Move, ...]] = field(default_factory=list)

    def take(self, report: Report, now: datetime | None = None) -> Sequence[Move]:
        """Let a report arrive; returns the moves that are owed an alert. An older revision is superseded."""
        if report.revision < self.revisions.get(report.article_id, 0):
            return ()
        self.revisions[report.article_id] = report.revision
        found = report.stances()
        touched = {actor for actor, held in self.stances.items() if report.article_id in held}
        actors = sorted({stance.actor_id for stance in found} | touched)
        held = {actor: tuple(self.stances.get(actor, {}).values()) for actor in actors}
        when = now or report.fetched_at
        circumstances = Circumstances(when, BORN, None, report.fetched_at)
        decision = decide(report.article_id, found, Holdings(held, self.told, {}), circumstances, self.policy)
        self._keep(report.article_id, decision)
        return self._tell(decision)

    def take_all(self, reports: Iterable[Report], now: datetime | None = None) -> Arrivals:
        """Let several arrive, one after the other."""
        for report in reports:
            self.take(report, now)
        return self

    def history(self, actor_id: str) -> History:
        """The actor's history now."""
        return fold(self.stances.get(actor_id, {}).values(), self.policy)

    def outcome(self) -> dict[str, History]:
        """Everybody's history now."""
        return {actor_id: self.history(actor_id) for actor_id in (VANE, NORTHLAND)}

    def _keep(self, article_id: str, decision: Decision) -> None:
        self.decisions.append(decision)
        for actor_id in decision.withdrawn:
            del self.stances[actor_id][article_id]
        for actor_id, stance in decision.stances.items():
            self.stances.setdefault(actor_id, {})[article_id] = stance

    def _tell(self, decision: Decision) -> Sequence[Move]:
        owed = tuple(move for move in decision.moves if move.alert not in {None, AlertType.POSITION_ESTABLISHED})
        if owed:
            self.alerts.append(owed)
        for move in decision.moves:
            if move.alert is not None and move.carrier is not None:
                before = self.told.get(move.carrier.statement_id)
                actors = {*(before.actor_ids if before else ()), move.actor_id}
                told = Told(f"msg_{len(self.alerts):04}", tuple(sorted(actors)))
                self.told[move.carrier.statement_id] = told
        return owed
