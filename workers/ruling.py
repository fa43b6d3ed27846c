"""Rule on one conflict: what an article's statements change there, and what is told of it.

Reads through the transaction that it is handed; all else is decided by the domain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workers.delivery.endpoints import Endpoint
from workers.delivery.fanout import deliveries_for, filtered
from workers.domain.alert import Alert, Delivery
from workers.domain.approval import needs_approval
from workers.domain.article import Article
from workers.domain.catalogue import Catalogue, Conflict
from workers.domain.correction import Correction, corrected
from workers.domain.decision import Circumstances, Decision, Holdings, decide
from workers.domain.policy import Policy
from workers.domain.position import causes_of
from workers.domain.sameness import signature_of
from workers.domain.stance import Stance
from workers.domain.statement import Statement
from workers.domain.telling import Desk, Sight, Spoken, compose_alerts, dated_at, source_of
from workers.domain.weigh import weigh
from workers.storage.commit import Ruling, Transaction


@dataclass(frozen=True, slots=True)
class World:
    """What is watched, under which rules, on whose behalf. `web_url` is the base of links, None for no links.

    `hold` are the ids of the conflicts and actors whose alerts wait until a person lets them go.
    """

    catalogue: Catalogue
    endpoints: Sequence[Endpoint]
    policy: Policy
    epoch: str
    born_at: datetime
    actors_added: Mapping[str, datetime]
    web_url: str | None = None
    hold: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Heard:
    """What an article says on one conflict: as it was read, as people corrected it, and the stances made of that."""

    spoken: Sequence[Spoken]
    heard: Sequence[Statement]
    stances: Sequence[Stance]


def rule(
    transaction: Transaction,
    conflict_id: str,
    found: tuple[Article, Sequence[Statement]],
    world: World,
    now: datetime,
) -> Ruling:
    """Decide what the statements found in an article change on one conflict, and compose what is told."""
    article, statements = found
    spoken = [Spoken(statement, source_of(article)) for statement in statements]
    heard = corrected(statements, transaction.corrections(article.article_id))
    circumstances = Circumstances(now, world.born_at, article.feed_added_at, article.fetched_at)
    return _ruled(transaction, conflict_id, Heard(spoken, heard, stances_of(article, heard)), circumstances, world)


def rule_on_correction(
    transaction: Transaction, correction: Correction, world: World, now: datetime
) -> tuple[Correction, Ruling]:
    """Decide what a correction changes; the correction comes back with the marks of its article's stances."""
    conflict_id, article_id = correction.conflict_id, correction.article_id
    spoken = list(transaction.spoken(conflict_id, transaction.before.statements.get(conflict_id, ())).values())
    earlier = transaction.corrections(article_id)
    marked = _marked(transaction, correction, earlier)
    heard = corrected([one.statement for one in spoken], [*earlier, marked])
    source = spoken[0].source
    stances = [
        replace(stance, url=source.url, signature=marked.signature)
        for stance in weigh(heard, dated_at(source), source.publisher, marked.tier)
    ]
    circumstances = Circumstances(now, world.born_at, None, source.fetched_at, corrected=True)
    return marked, _ruled(transaction, conflict_id, Heard(spoken, heard, stances), circumstances, world)


def _marked(transaction: Transaction, correction: Correction, earlier: Sequence[Correction]) -> Correction:
    """The correction with tier and signature of its article's stances, or as an earlier correction kept them."""
    actor_ids = transaction.before.actors.get(correction.conflict_id, ())
    held = transaction.holdings(correction.conflict_id, actor_ids, {}).stances.values()
    for stance in (stance for stances in held for stance in stances):
        if stance.article_id == correction.article_id:
            return replace(correction, tier=stance.tier, signature=stance.signature)
    return replace(correction, tier=earlier[-1].tier, signature=earlier[-1].signature) if earlier else correction


def _ruled(
    transaction: Transaction, conflict_id: str, found: Heard, circumstances: Circumstances, world: World
) -> Ruling:
    now, stances = circumstances.now, found.stances
    held = transaction.holdings(conflict_id, [stance.actor_id for stance in stances], world.actors_added)
    decision = decide(transaction.article_id, stances, held, circumstances, world.policy)
    sources = {one.statement.statement_id: one.source for one in found.spoken}
    heard = [Spoken(statement, sources[statement.statement_id]) for statement in found.heard]
    alerts = compose_alerts(
        decision.moves,
        _carriers(transaction, conflict_id, decision, heard),
        _sights(decision, held),
        transaction.last_sequence(conflict_id),
        _desk(world, world.catalogue.conflict(conflict_id), now),
    )
    deliveries = [delivery for alert in alerts for delivery in deliveries_for(alert, world.endpoints, now)]
    held_back = [name for alert in alerts for name in filtered(alert, world.endpoints)]
    awaiting = _awaiting(alerts, deliveries, world)
    at_once = [delivery for delivery in deliveries if delivery.alert_id not in awaiting]
    return Ruling(conflict_id, decision, found.spoken, held.told, alerts, at_once, held_back, awaiting)


def _awaiting(alerts: Sequence[Alert], deliveries: Sequence[Delivery], world: World) -> frozenset[str]:
    """The ids of the alerts that a person is asked about: those that somebody would get, or everybody's without any."""
    wanted = {delivery.alert_id for delivery in deliveries}
    asked = [alert for alert in alerts if needs_approval(alert, world.hold)]
    return frozenset(alert.alert_id for alert in asked if alert.alert_id in wanted or not world.endpoints)


def stances_of(article: Article, statements: Sequence[Statement]) -> list[Stance]:
    """Weigh the statements, and mark the stances with where they were read."""
    signature = signature_of(article.body) if statements else ""
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
    return joint | {name: [_as_corrected(transaction, one)] for name, one in elsewhere.items()}


def _as_corrected(transaction: Transaction, one: Spoken) -> Spoken:
    """A statement of another article, as people say it is."""
    found = corrected([one.statement], transaction.corrections(one.statement.article_id))
    return replace(one, statement=found[0]) if found else one


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
