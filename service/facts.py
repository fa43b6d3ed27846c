"""The service's facts for people: how the feeds fare, what became of the articles, what waits to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workers.domain.article import Feed, Outcome
from workers.domain.feed import FeedState
from workers.storage.articles import Articles
from workers.storage.feeds import FeedStore
from workers.storage.outbox import Outbox
from workers.storage.outbox_records import Disabled, LaneDepth


@dataclass(frozen=True, slots=True)
class FeedView:
    """A polled feed with its state. `words` says how it fares."""

    feed: Feed
    state: FeedState
    ok: bool
    words: str


@dataclass(frozen=True, slots=True)
class EndCount:
    """How many articles ended in one way. Dead ones are counted together: their reasons are errors."""

    outcome: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class ServiceView:
    """How the service fares. `endpoints` gives by endpoint how often what happened (`Outbox.counts`)."""

    feeds: tuple[FeedView, ...]
    pending: int
    ends: tuple[EndCount, ...]
    endpoints: Mapping[str, Mapping[str, int]]
    lanes: tuple[LaneDepth, ...]
    disabled: Mapping[str, Disabled]

    @property
    def failing(self) -> tuple[FeedView, ...]:
        """The feeds that do not fare well, in the order of all."""
        return tuple(feed for feed in self.feeds if not feed.ok)

    @property
    def waiting(self) -> int:
        """How many deliveries wait in all lanes."""
        return sum(lane.waiting for lane in self.lanes)


def read_service(feeds: FeedStore, articles: Articles, outbox: Outbox) -> ServiceView:
    """Read the service's facts. Raises redis.RedisError when the store is away."""
    return ServiceView(
        feeds=tuple(view_feed(feed, state) for feed, state in feeds.states()),
        pending=articles.pending_count(),
        ends=count_ends(articles.counts()),
        endpoints=outbox.counts(),
        lanes=tuple(outbox.depths()),
        disabled=outbox.disabled(),
    )


def view_feed(feed: Feed, state: FeedState) -> FeedView:
    """Say in words how a feed fares."""
    if state.gone:
        return FeedView(feed, state, ok=False, words=f"gone: {state.problem or 'its publisher took it away'}")
    if state.problem:
        times = f" ({state.failures} times)" if state.failures > 1 else ""
        return FeedView(feed, state, ok=False, words=f"{state.problem}{times}")
    return FeedView(feed, state, ok=True, words="well" if state.polled_at else "not polled yet")


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
