"""Rule on one conflict: what an article's statements change there, and what is told of it.

Reads through the transaction that it is handed; all else is decided by the domain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workers.delivery.endpoints import Endpoint
from workers.delivery.fanout import deliveries_for, filtered
from workers.domain.article import Article
from workers.domain.catalogue import Catalogue, Conflict
from workers.domain.decision import Circumstances, Decision, Holdings, decide
from workers.domain.policy import Policy
from workers.domain.position import causes_of
from workers.domain.sameness import signature_of
from workers.domain.stance import Stance
from workers.domain.statement import Statement
from workers.domain.telling import Desk, Sight, Spoken, compose_alerts, source_of
from workers.domain.weigh import weigh
from workers.storage.commit import Ruling, Transaction


@dataclass(frozen=True, slots=True)
class World:
    """What is watched, under which rules, on whose behalf. `web_url` is the base of links, None for no links."""

    catalogue: Catalogue
    endpoints: Sequence[Endpoint]
    policy: Policy
    epoch: str
    born_at: datetime
    actors_added: Mapping[str, datetime]
    web_url: str | None = None


def rule(
    transaction: Transaction,
    conflict_id: str,
    found: tuple[Article, Sequence[Statement]],
    world: World,
    now: datetime,
) -> Ruling:
    """Decide what the statements found in an article change on one conflict, and compose what is told."""
    article, statements = found
    stances = stances_of(article, statements)
    held = transaction.holdings(conflict_id, [stance.actor_id for stance in stances], world.actors_added)
    circumstances = Circumstances(now, world.born_at, article.feed_added_at, article.fetched_at)
    decision = decide(article.article_id, stances, held, circumstances, world.policy)
    spoken = [Spoken(statement, source_of(article)) for statement in statements]
    alerts = compose_alerts(
        decision.moves,
        _carriers(transaction, conflict_id, decision, spoken),
        _sights(decision, held),
        transaction.last_sequence(conflict_id),
        _desk(world, world.catalogue.conflict(conflict_id), now),
    )
    deliveries = [delivery for alert in alerts for delivery in deliveries_for(alert, world.endpoints, now)]
    held_back = [name for alert in alerts for name in filtered(alert, world.endpoints)]
    return Ruling(conflict_id, decision, spoken, held.told, alerts, deliveries, held_back)


def stances_of(article: Article, statements: Sequence[Statement]) -> list[Stance]:
    """Weigh the statements, and mark the stances with where they were read."""
    signature = signature_of(article.body) if statements else ()
    return [
        replace(stance, url=article.url, signature=signature)
        for stance in weigh(statements, article.dated_at, article.publisher, article.tier)
    ]


def _carriers(
    transaction: Transaction, conflict_id: str, decision: Decision, spoken: Sequence[Spoken]
) -> dict[str, list[Spoken]]:
    """The statements that carry the moves, each with its joint ones, from this article or from the ledger."""
    here = {one.statement.statement_id: one for one in spoken}
    wanted = [move.carrier.statement_id for move in decision.moves if move.carrier]
    elsewhere = transaction.spoken(conflict_id, sorted({name for name in wanted if name not in here}))
    joint = {name: _joint(here[name], spoken) for name in wanted if name in here}
    return joint | {name: [one] for name, one in elsewhere.items()}


def _joint(one: Spoken, spoken: Sequence[Spoken]) -> list[Spoken]:
    """A statement and those that others made with the very same words."""
    place = (one.statement.start, one.statement.end)
    others = [other for other in spoken if other != one and (other.statement.start, other.statement.end) == place]
    return [one, *others]


def _sights(decision: Decision, held: Holdings) -> dict[str, list[Sight]]:
    """By cause: who carries its words, one sight for each publisher, the earliest first."""
    known = [stance for stances in held.stances.values() for stance in stances if not stance.seeded]
    everything = sorted([*known, *decision.stances.values()], key=lambda stance: stance.published_at)
    causes = causes_of(everything)
    sights: dict[str, dict[str, Sight]] = {}
    for stance in everything:
        seen = sights.setdefault(causes[stance.statement_id], {})
        seen.setdefault(stance.publisher, Sight(stance.publisher, stance.url))
    return {cause: list(seen.values()) for cause, seen in sights.items()}


def _desk(world: World, conflict: Conflict, now: datetime) -> Desk:
    actors = {actor.actor_id: actor for actor in world.catalogue.actors}
    return Desk(world.epoch, conflict, actors, now, world.web_url)
