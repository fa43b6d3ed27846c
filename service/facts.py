"""The service's facts for people: how the feeds fare, what became of the articles, how the endpoints fare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from service.feed_words import news_words, pause_words, state_words
from service.wording import time_words
from workers.domain.article import Feed, Outcome
from workers.domain.breaker import Breaker
from workers.domain.feed import FeedState
from workers.storage.articles import Articles
from workers.storage.feeds import FeedStore
from workers.storage.outbox import Outbox
from workers.storage.outbox_records import Disabled

LEAST_REST_S = 5.0  # a chat service's messages are kept apart by less than that


@dataclass(frozen=True, slots=True)
class FeedView:
    """A polled feed with its state. `words` says how it fares, `pause` how often it is polled and why.

    `news_a_day` is the number of new entries of a day in digits, empty while it is not known.
    """

    feed: Feed
    state: FeedState
    ok: bool
    words: str
    pause: str = ""
    news_a_day: str = ""


@dataclass(frozen=True, slots=True)
class EndCount:
    """How many articles ended in one way. Dead ones are counted together: their reasons are errors."""

    outcome: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """How an endpoint fares, and how much waits for it; `counts` says how often what happened (`Outbox.counts`).

    `state` is well, resting, failing, away or disabled; `why` and `since` (aware UTC) say more, or are None.
    """

    name: str
    state: str
    why: str | None
    since: datetime | None
    waiting: int
    counts: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """Tell whether nobody need look at it."""
        return self.state in {"well", "resting", "failing"}


@dataclass(frozen=True, slots=True)
class ServiceView:
    """How the service fares. `endpoints` are those that the store knows of, by name."""

    feeds: tuple[FeedView, ...]
    pending: int
    ends: tuple[EndCount, ...]
    endpoints: tuple[EndpointFacts, ...]

    @property
    def failing(self) -> tuple[FeedView, ...]:
        """The feeds that do not fare well, in the order of all."""
        return tuple(feed for feed in self.feeds if not feed.ok)

    @property
    def waiting(self) -> int:
        """How many deliveries wait in all lanes."""
        return sum(endpoint.waiting for endpoint in self.endpoints)


def read_service(feeds: FeedStore, articles: Articles, outbox: Outbox) -> ServiceView:
    """Read the service's facts. Raises redis.RedisError when the store is away."""
    return ServiceView(
        feeds=tuple(view_feed(feed, state) for feed, state in feeds.states()),
        pending=articles.pending_count(),
        ends=count_ends(articles.counts()),
        endpoints=tuple(sorted(read_endpoints(outbox), key=lambda endpoint: endpoint.name.casefold())),
    )


def read_endpoints(outbox: Outbox, names: Iterable[str] = ()) -> list[EndpointFacts]:
    """How these endpoints fare, in their order, and then the others that the store knows of."""
    waiting: dict[str, int] = {}
    for depth in outbox.depths():
        waiting[depth.endpoint] = waiting.get(depth.endpoint, 0) + depth.waiting
    counts, disabled = outbox.counts(), outbox.disabled()
    known = dict.fromkeys([*names, *sorted({*waiting, *counts, *disabled})])
    return [
        EndpointFacts(name, *_state(outbox, name, disabled.get(name)), waiting.get(name, 0), counts.get(name, {}))
        for name in known
    ]


def _state(outbox: Outbox, name: str, disabled: Disabled | None) -> tuple[str, str | None, datetime | None]:
    if disabled is not None:
        return "disabled", disabled.why, disabled.at
    breaker, rests_for_s = outbox.breaker(name), outbox.rests_for_s(name)
    if breaker.is_open:
        return "away", _asked_again(breaker), breaker.opened_at
    if breaker.failures:
        return "failing", f"{breaker.failures} times in a row", None
    if rests_for_s > LEAST_REST_S:
        return "resting", f"asked to be left alone for {_span(rests_for_s)} more", None
    return "well", None, None


def _span(seconds: float) -> str:
    """A span as people say it: the largest unit of which there are two."""
    named = ((3_600, "hours"), (60, "minutes"))
    return next(
        (f"{seconds / unit:.0f} {name}" for unit, name in named if seconds >= 2 * unit), f"{seconds:.0f} seconds"
    )


def _asked_again(breaker: Breaker) -> str | None:
    return f"asked again at {time_words(breaker.until)}" if breaker.until else None


def view_feed(feed: Feed, state: FeedState) -> FeedView:
    """Say in words how a feed fares."""
    is_ok = not (state.gone or state.problem)
    return FeedView(feed, state, is_ok, state_words(state), pause_words(state), news_words(state))


def count_ends(counts: Mapping[str, int]) -> tuple[EndCount, ...]:
    """Order the counts of ended articles (`outcome:reason`): read, skipped by number, dead."""
    merged: dict[tuple[str, str], int] = {}
    for key, count in counts.items():
        outcome, _, reason = key.partition(":")
        kept = "" if outcome == Outcome.DEAD else reason
        merged[outcome, kept] = merged.get((outcome, kept), 0) + count
    order = {outcome.value: place for place, outcome in enumerate(Outcome)}
    ends = [EndCount(outcome, reason, count) for (outcome, reason), count in merged.items()]
    return tuple(sorted(ends, key=lambda end: (order.get(end.outcome, len(order)), -end.count, end.reason)))
