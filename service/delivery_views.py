"""The read models of endpoints, silences and what is dead, for people and programs. No address, no secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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

    `state` is well, failing, away, disabled or removed; `why` and `since` (aware UTC) say more, or are None.
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
    waiting: dict[str, int] = {}
    for depth in outbox.depths():
        waiting[depth.endpoint] = waiting.get(depth.endpoint, 0) + depth.waiting
    counts = outbox.counts()
    named = {endpoint.name: endpoint for endpoint in endpoints}
    names = [*named, *sorted(set(waiting) - set(named))]
    return [_endpoint(name, named.get(name), outbox, waiting.get(name, 0), counts.get(name, {})) for name in names]


def _endpoint(
    name: str, endpoint: Endpoint | None, outbox: Outbox, waiting: int, counts: Mapping[str, int]
) -> EndpointView:
    disabled, breaker = outbox.disabled().get(name), outbox.breaker(name)
    state, why, since = "well", None, None
    if endpoint is None:
        state, why = "removed", "no longer in the settings"
    elif disabled is not None:
        state, why, since = "disabled", disabled.why, disabled.at
    elif breaker.is_open:
        asked = f"asked again at {breaker.until:%Y-%m-%d %H:%M:%S} UTC" if breaker.until else None
        state, why, since = "away", asked, breaker.opened_at
    elif breaker.failures:
        state, why = "failing", f"{breaker.failures} times in a row"
    return EndpointView(
        name=name,
        format=endpoint.format.value if endpoint else "",
        host=endpoint.host if endpoint else "",
        keys=len(endpoint.secrets) if endpoint else 0,
        state=state,
        why=why,
        since=since,
        waiting=waiting,
        counts=counts,
    )


def view_silences(silences: Silences, names: Mapping[str, str], now: datetime) -> list[SilenceView]:
    """Every silence that is kept; `names` gives the actors' by id."""
    return [
        SilenceView(
            silence_id=one.silence_id,
            actor=names.get(one.actor_id, one.actor_id),
            conflict_id=one.conflict_id,
            since=one.since,
            until=one.until,
            why=one.why,
            state=_silence_state(one, now),
            held=silences.held_count(one.silence_id),
        )
        for one in silences.listed()
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
