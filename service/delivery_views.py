"""The read models of endpoints, silences and what is dead, for people and programs. No address, no secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.facts import EndpointFacts, read_endpoints
from workers.delivery.endpoints import Endpoint
from workers.domain.alert import DeliveryState
from workers.domain.article import Outcome
from workers.domain.silence import Silence
from workers.storage.articles import Articles
from workers.storage.outbox import Outbox
from workers.storage.silences import Silences


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint of the settings, or one that left them while something waits. `keys` is how many sign for it.

    `state` is one of `EndpointFacts`, or removed; `why` and `since` (aware UTC) say more, or are None.
    """

    name: str
    format: str
    host: str
    keys: int
    state: str
    why: str | None
    since: datetime | None
    waiting: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SilenceView:
    """A silence with how much it holds back. `state` is active, ending or ended."""

    silence_id: str
    actor: str
    conflict_id: str | None
    since: datetime
    until: datetime
    why: str
    state: str
    held: int


@dataclass(frozen=True, slots=True)
class DeadView:
    """A dead delivery or article: `kind`, its id, when it died (aware UTC), of what, and where it was on its way."""

    kind: str
    dead_id: str
    died_at: datetime | None
    why: str
    about: str


def view_endpoints(endpoints: Sequence[Endpoint], outbox: Outbox) -> list[EndpointView]:
    """The endpoints in the order of the settings, then those that left them."""
    named = {endpoint.name: endpoint for endpoint in endpoints}
    found = read_endpoints(outbox, named)
    return [_endpoint(facts, named.get(facts.name)) for facts in found if facts.name in named or facts.waiting]


def _endpoint(facts: EndpointFacts, endpoint: Endpoint | None) -> EndpointView:
    return EndpointView(
        name=facts.name,
        format=endpoint.format.value if endpoint else "",
        host=endpoint.host if endpoint else "",
        keys=len(endpoint.secrets) if endpoint else 0,
        state=facts.state if endpoint else "removed",
        why=facts.why if endpoint else "no longer in the settings",
        since=facts.since if endpoint else None,
        waiting=facts.waiting,
        counts=facts.counts,
    )


def view_silences(silences: Silences, names: Mapping[str, str], now: datetime | None = None) -> list[SilenceView]:
    """Every silence that is kept; `names` gives the actors' by id.

    Without `now`, only those that hold back still, all of them as active.
    """
    return [
        SilenceView(
            silence_id=one.silence_id,
            actor=names.get(one.actor_id, one.actor_id),
            conflict_id=one.conflict_id,
            since=one.since,
            until=one.until,
            why=one.why,
            state=_silence_state(one, now) if now else "active",
            held=silences.held_count(one.silence_id),
        )
        for one in silences.listed()
        if now or one.ended_at is None
    ]


def _silence_state(silence: Silence, now: datetime) -> str:
    if silence.ended_at is not None:
        return "ended"
    return "active" if silence.is_active(now) else "ending"


def view_dead(outbox: Outbox, articles: Articles, limit: int) -> list[DeadView]:
    """What is dead: deliveries, then articles, each latest first."""
    deliveries = [
        DeadView("delivery", one.delivery_id, one.ended_at, one.last_error or "", one.endpoint)
        for one in outbox.listed(DeliveryState.DEAD, limit)
    ]
    dead = [
        DeadView("article", one.article_id, one.ended_at, one.reason, one.title)
        for one in articles.ended(Outcome.DEAD, limit)
    ]
    return [*deliveries, *dead][:limit]
