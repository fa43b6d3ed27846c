"""What was counted, by every process together: the counters behind /metrics.

All in one hash of the store, written inside the transactions of what they count, so that several processes count
right, a restart forgets nothing, and a commit that lost its race is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from workers.domain.alert import Alert
from workers.domain.decision import Decision
from workers.domain.feed import FeedState
from workers.domain.telling import Spoken
from workers.storage import keys
from workers.storage.client import Client, Pipe

LATENCY_BUCKETS_S = (5, 10, 20, 30, 60, 120, 300, 900, 3600)
_LABEL = "|"  # between a counter's name and its label; the names are ours, the label may hold anything
_LAST_STATEMENT = "last_statement_at"


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often something took at most so many seconds (`buckets`, by upper bound, each counted on its own)."""

    buckets: Mapping[int, int]
    count: int
    sum_s: float


class Tallies:
    """Reads of the counters."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self) -> dict[str, dict[str, int]]:
        """Every counter: by name, then by label; the label is empty where a counter has none."""
        found: dict[str, dict[str, int]] = {}
        for field, count in self._client.hgetall(keys.tallies()).items():
            name, _, label = field.partition(_LABEL)
            found.setdefault(name, {})[label] = int(count)
        return found

    def count_answers(self, endpoint: str, answers: Mapping[str, int]) -> None:
        """Count sends to an endpoint by what they were answered (a status, or a word where there was none)."""
        with self._client.pipeline(transaction=False) as pipe:
            for answer, number in answers.items():
                pipe.hincrby(keys.tallies(), f"attempts{_LABEL}{endpoint}~{answer}", number)
            pipe.execute()

    def count_start(self, queue_name: str) -> None:
        """Count the start of a worker process."""
        self._client.hincrby(keys.tallies(), f"worker_starts{_LABEL}{queue_name}", 1)


def latency_of(counts: Mapping[str, Mapping[str, int]]) -> Histogram:
    """The time from an article's first fetch to its alert, from what `Tallies.all` gave."""
    found = counts.get("latency", {})
    buckets = {bound: found.get(str(bound), 0) for bound in LATENCY_BUCKETS_S}
    return Histogram(buckets, found.get("count", 0), found.get("sum_ms", 0) / 1000)


def last_statement_at(counts: Mapping[str, Mapping[str, int]]) -> int | None:
    """When a statement was last found, in Unix seconds; None before the first."""
    return counts.get(_LAST_STATEMENT, {}).get("")


class PollOutcome(StrEnum):
    """What came of a poll."""

    READ = "read"
    NOT_MODIFIED = "not_modified"
    FAILED = "failed"
    GONE = "gone"


def stage_poll(pipe: Pipe, state: FeedState, *, entries: int | None, articles: int) -> None:
    """Add to the caller's MULTI that a feed was polled and is in this state now.

    `entries` is how many its document had, None when there was none; `articles` how many of them are new.
    """
    outcome = PollOutcome.NOT_MODIFIED if entries is None else PollOutcome.READ
    if state.problem:
        outcome = PollOutcome.FAILED
    _stage(pipe, "polls", PollOutcome.GONE if state.gone else outcome)
    if entries:
        _stage(pipe, "entries", "", entries)
    if articles:
        _stage(pipe, "articles", "", articles)


def stage_hearing(pipe: Pipe, spoken: Iterable[Spoken], decision: Decision) -> None:
    """Add to the caller's MULTI what was heard on a conflict in an article, and what it moved."""
    found = list(spoken)
    for one in found:
        _stage(pipe, "statements", one.statement.position.value)
    if found:
        latest = max(one.source.fetched_at for one in found)
        pipe.hset(keys.tallies(), f"{_LAST_STATEMENT}{_LABEL}", int(latest.timestamp()))
    for move in decision.moves:
        _stage(pipe, "changes", move.after.value)
    copies = sum(bool(stance.same_as) for stance in decision.stances.values())
    if copies:
        _stage(pipe, "duplicates", "", copies)


def stage_alert(pipe: Pipe, alert: Alert) -> None:
    """Add to the caller's MULTI that an alert was made: its type, whether it is late, how long it took."""
    _stage(pipe, "alerts", alert.alert_type.value)
    if alert.data.get("late"):
        _stage(pipe, "late", "")
    took = _took(alert)
    if took is not None:
        bound = next((bound for bound in LATENCY_BUCKETS_S if took.total_seconds() <= bound), None)
        if bound is not None:
            _stage(pipe, "latency", str(bound))
        _stage(pipe, "latency", "count")
        _stage(pipe, "latency", "sum_ms", int(took.total_seconds() * 1000))


def _took(alert: Alert) -> timedelta | None:
    """From the first fetch of the article that carries the alert to the alert; None for one without an article."""
    article = alert.data.get("article")
    fetched_at = article.get("fetched_at") if isinstance(article, Mapping) else None
    if not isinstance(fetched_at, str):
        return None
    return max(timedelta(), alert.timestamp - datetime.fromisoformat(fetched_at))


def _stage(pipe: Pipe, name: str, label: str, number: int = 1) -> None:
    pipe.hincrby(keys.tallies(), f"{name}{_LABEL}{label}", number)
