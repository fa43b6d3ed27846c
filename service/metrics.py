"""What /metrics tells, read from the store when it is asked: the same from every process, right after any restart.

Counters are kept in the store in the transactions of what they count (`storage/tallies.py`); depths and ages are
looked up. Only what is of this process alone (its disk) is asked of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from service.exposition import Family, Kind, Sample, histogram_samples
from service.facts import FeedView, view_feed
from workers.domain.alert import AlertType, DeliveryState
from workers.domain.article import Outcome
from workers.domain.statement import PositionScale
from workers.queue_facts import QueueFacts, look_at_queues
from workers.queues import QUEUES
from workers.storage.outbox_records import LaneDepth
from workers.storage.tallies import PollOutcome, last_statement_at, latency_of
from workers.stores import Stores

Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Metrics:
    """Gathers the metrics of a store. `clock` gives aware UTC.

    `endpoints` names those of the settings, so that one to which nothing was sent yet is there as well. `free_bytes`
    is None where the store's disk is not ours to watch.
    """

    stores: Stores
    endpoints: tuple[str, ...]
    clock: Callable[[], datetime]
    free_bytes: Callable[[], int] | None = None

    def gather(self) -> list[Family]:
        """Read everything. Raises redis.RedisError when the store is away."""
        counts = self.stores.tallies.all()
        now = self.clock()
        return [
            _gauge("store_up", "Whether the store answers.", 1),
            _build_info(self.stores.birth.epoch),
            *self._polling(counts, now),
            *self._articles(now),
            *_reading(counts),
            *_alerts(counts, len(self.stores.ledger.held_alerts())),
            *self._queues(counts, now),
            *self._delivery(counts, now),
            *self._store(),
        ]

    def _polling(self, counts: Counts, now: datetime) -> Iterable[Family]:
        feeds = [view_feed(feed, state) for feed, state in self.stores.feeds.states()]
        polled = [one.state.polled_at for one in feeds if one.state.polled_at]
        due_at = self.stores.feeds.next_due_at()
        yield _counter("polls", "Polls of feeds by outcome.", "outcome", counts, PollOutcome)
        yield _counter("entries", "Entries in the documents that feeds gave.", None, counts)
        yield _counter("articles_queued", "New or changed articles that polls brought.", None, counts, of="articles")
        yield _gauge("poll_lag_seconds", "How long the longest overdue feed waits.", _age(due_at, now))
        if polled:
            yield _gauge("last_poll_timestamp_seconds", "When a feed was last polled.", max(polled).timestamp())
        yield _by("feeds", "Polled feeds by how they fare.", "state", _feed_states(feeds))
        gaps = sum(one.state.gaps for one in feeds)
        yield Family(
            "feed_gaps_total", Kind.COUNTER, "Documents of which no entry was known: some were missed.", [Sample(gaps)]
        )

    def _articles(self, now: datetime) -> Iterable[Family]:
        samples = []
        for key, number in sorted(self.stores.articles.counts().items()):
            outcome, _, reason = key.partition(":")
            samples.append(Sample(number, {"outcome": outcome, "reason": reason}))
        yield Family("articles_total", Kind.COUNTER, "Articles that ended, by outcome and reason.", samples)
        yield _gauge("articles_pending", "Articles that wait to be read.", self.stores.articles.pending_count())
        oldest = self.stores.articles.oldest_pending()
        yield _gauge("articles_pending_oldest_seconds", "How long the oldest of them waits.", _age(oldest, now))

    def _queues(self, counts: Counts, now: datetime) -> Iterable[Family]:
        facts = look_at_queues(self.stores.queue_client)
        alive = {fact.name: self.stores.presence.alive(fact.workers) for fact in facts}
        yield _by_queue("queue_jobs", "Jobs that wait in a queue.", facts, lambda fact: fact.waiting)
        yield _by_queue("queue_running", "Jobs that run.", facts, lambda fact: fact.running)
        words = "How long the first job of a queue waits."
        yield _by_queue("queue_oldest_seconds", words, facts, lambda fact: _age(fact.oldest_at, now))
        yield _by_queue("workers", "Workers that show a sign of life.", facts, lambda fact: alive[fact.name])
        yield _counter("worker_starts", "Starts of worker processes.", "queue", counts, QUEUES)

    def _delivery(self, counts: Counts, now: datetime) -> Iterable[Family]:
        outbox = self.stores.outbox
        lanes, ended = outbox.depths(), outbox.counts()
        names = sorted({*self.endpoints, *ended, *(lane.endpoint for lane in lanes)})
        yield _by("outbox_deliveries", "Deliveries that wait.", "endpoint", _depths(names, lanes))
        words = "How long the oldest of them waits."
        yield _by("outbox_oldest_seconds", words, "endpoint", _oldest(names, lanes, now))
        samples = [
            Sample(number, {"endpoint": name, "outcome": what})
            for name in names
            for what, number in sorted({DeliveryState.DELIVERED.value: 0, **ended.get(name, {})}.items())
        ]
        yield Family("deliveries_total", Kind.COUNTER, "What became of deliveries, by endpoint.", samples)
        yield _attempts(counts)
        disabled = outbox.disabled()
        is_open = {name: int(outbox.breaker(name).is_open) for name in names}
        yield _by("endpoint_breaker_open", "Whether an endpoint that fails is left alone.", "endpoint", is_open)
        gone = {name: int(name in disabled) for name in names}
        yield _by("endpoint_disabled", "Whether an endpoint is sent nothing.", "endpoint", gone)
        dead = {
            "article": self.stores.articles.ended_count(Outcome.DEAD),
            "delivery": outbox.ended_count(DeliveryState.DEAD),
        }
        yield _by("dead_letters", "What a person has to look at (`trucewatch dead list`).", "kind", dead)

    def _store(self) -> Iterable[Family]:
        told = self.stores.vitals.read()
        yield _gauge("store_used_bytes", "Memory that the store uses.", told.used_bytes)
        if told.durable is not None:
            yield _gauge(
                "store_durable", "Whether the store keeps what it acknowledges (AOF always).", int(told.durable)
            )
        if told.evicts is not None:
            yield _gauge("store_evicts", "Whether a full store throws away keys.", int(told.evicts))
        if self.free_bytes is not None:
            yield _gauge("store_free_bytes", "Free room on the store's disk.", self.free_bytes())


def families_without_store() -> list[Family]:
    """What is told while the store is away."""
    return [_gauge("store_up", "Whether the store answers.", 0)]


def _build_info(epoch: str) -> Family:
    labels = {"version": version("trucewatch"), "epoch": epoch}
    return Family(
        "build_info", Kind.GAUGE, "The version of this process and the epoch of its store.", [Sample(1, labels)]
    )


def _reading(counts: Counts) -> Iterable[Family]:
    yield _counter("statements", "Statements that were read, by position.", "position", counts, PositionScale)
    yield _counter("duplicates", "Stances in the same words as one held already: copies of copy.", None, counts)
    yield _counter("changes", "Positions that moved, by where they moved to.", "to", counts, PositionScale)
    latest = last_statement_at(counts)
    if latest is not None:
        yield _gauge(
            "last_statement_timestamp_seconds", "When the latest article with a statement was fetched.", latest
        )


def _alerts(counts: Counts, held: int) -> Iterable[Family]:
    yield _counter("alerts", "Alerts by type.", "type", counts, AlertType)
    yield _counter("alerts_late", "Alerts on articles that came late.", None, counts, of="late")
    yield _gauge("alerts_held", "Alerts that wait for a person.", held)
    took = latency_of(counts)
    words = "From an article's first fetch to its alert."
    samples = histogram_samples(took.buckets, took.count, took.sum_s)
    yield Family("fetch_to_alert_seconds", Kind.HISTOGRAM, words, samples)


def _attempts(counts: Counts) -> Family:
    samples = []
    for label, number in sorted(counts.get("attempts", {}).items()):
        endpoint, _, status = label.partition("~")
        samples.append(Sample(number, {"endpoint": endpoint, "status": status}))
    return Family("delivery_attempts_total", Kind.COUNTER, "Sends by endpoint and status.", samples)


def _feed_states(feeds: Iterable[FeedView]) -> dict[str, int]:
    found = {"well": 0, "failing": 0, "gone": 0}
    for one in feeds:
        found["gone" if one.state.gone else "well" if one.ok else "failing"] += 1
    return found


def _depths(names: Iterable[str], lanes: Iterable[LaneDepth]) -> dict[str, float]:
    found = dict.fromkeys(names, 0.0)
    for lane in lanes:
        found[lane.endpoint] += lane.waiting
    return found


def _oldest(names: Iterable[str], lanes: Iterable[LaneDepth], now: datetime) -> dict[str, float]:
    found = dict.fromkeys(names, 0.0)
    for lane in lanes:
        found[lane.endpoint] = max(found[lane.endpoint], _age(lane.oldest_at, now))
    return found


def _by_queue(name: str, words: str, facts: Iterable[QueueFacts], value: Callable[[QueueFacts], float]) -> Family:
    return _by(name, words, "queue", {fact.name: value(fact) for fact in facts})


def _counter(
    name: str, words: str, label: str | None, counts: Counts, labels: Iterable[str] = (), *, of: str | None = None
) -> Family:
    """A counter that was kept under `of`, or its own name; every one of `labels` is there, from nought on."""
    found = dict.fromkeys(map(str, labels), 0) if label else {"": 0}
    found |= counts.get(of or name, {})
    samples = [Sample(number, {label: text} if label else {}) for text, number in found.items()]
    return Family(f"{name}_total", Kind.COUNTER, words, samples)


def _by(name: str, words: str, label: str, values: Mapping[str, float]) -> Family:
    return Family(name, Kind.GAUGE, words, [Sample(value, {label: text}) for text, value in values.items()])


def _gauge(name: str, words: str, value: float) -> Family:
    return Family(name, Kind.GAUGE, words, [Sample(value)])


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
