"""What the outbox keeps, as it is read back: deliveries, endpoints that are disabled or in trouble, lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from workers.domain.alert import Delivery, DeliveryState
from workers.domain.breaker import CLOSED, Breaker
from workers.storage.records import RecordError, records_of


@dataclass(frozen=True, slots=True)
class Disabled:
    """That an endpoint is sent nothing, since when (aware UTC), and why."""

    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LaneHead:
    """What a job must know before it sends the next delivery of a lane.

    `due_at` is aware UTC. `disabled` is None for an endpoint that is sent to. `rests_until` (aware UTC) is as the
    endpoint asked, or as its service wants its messages apart; None when nothing keeps it from being sent to.
    """

    delivery: Delivery
    due_at: datetime | None
    disabled: Disabled | None
    breaker: Breaker
    rests_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LaneDepth:
    """How much waits in a lane: since when the first does, and when that is due (aware UTC)."""

    lane: str
    endpoint: str
    waiting: int
    oldest_at: datetime | None
    due_at: datetime


def lane_of(delivery: Delivery) -> str:
    """The lane in which a delivery waits: one endpoint, one conflict."""
    return f"{delivery.endpoint}~{delivery.lane}"


def endpoint_of(lane: str) -> str:
    """The name of the endpoint to which a lane leads."""
    return lane.partition("~")[0]


def sequence_of(delivery_id: str) -> int:
    """The number of the alert in its lane, 0 when the id has none: many may end at one moment."""
    number = delivery_id.partition("~")[0].rpartition("_")[2]
    return int(number) if number.isdecimal() else 0


def delivery_of(fields: Mapping[str, str]) -> Delivery | None:
    """Join the frozen record and what happened since; None for no record. Raises RecordError for a damaged one."""
    if "frozen" not in fields:
        return None
    frozen: Delivery = records_of(Delivery).load(fields["frozen"])
    try:
        return replace(
            frozen,
            attempts=int(fields.get("attempts", 0)),
            failures=int(fields.get("failures", 0)),
            state=DeliveryState(fields["state"]),
            last_error=fields.get("last_error") or None,
            ended_at=datetime.fromisoformat(fields["ended_at"]) if fields.get("ended_at") else None,
            since=datetime.fromisoformat(fields["since"]) if fields.get("since") else None,
        )
    except (KeyError, ValueError) as error:
        raise RecordError("Delivery", str(sorted(fields)), f"its fields are damaged: {error}") from error


def readable(fields: Mapping[str, str]) -> Delivery | None:
    """A delivery for those who look at many: None also for a record that cannot be read, which costs only itself."""
    try:
        return delivery_of(fields)
    except RecordError:
        return None


def disabled_of(text: str) -> Disabled:
    """Why an endpoint is sent nothing; one whose record is damaged stays disabled."""
    try:
        disabled: Disabled = records_of(Disabled).load(text)
    except RecordError:
        return Disabled("disabled; the record of why is damaged", datetime.fromtimestamp(0, UTC))
    return disabled


def breaker_of(fields: Sequence[str | None]) -> Breaker:
    """The breaker of an endpoint from its stored failures, opened_at, until and probes; closed for damaged ones."""
    failures, opened_at, until, probes = fields
    if failures is None and opened_at is None:
        return CLOSED
    try:
        return Breaker(int(failures or 0), moment_of(opened_at), moment_of(until), int(probes or 0))
    except (ValueError, OverflowError):
        return CLOSED


def moment_at(seconds: float) -> datetime:
    """A score as a moment, aware UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def moment_of(seconds: str | None) -> datetime | None:
    """Stored Unix seconds as a moment, aware UTC; None for none."""
    return datetime.fromtimestamp(float(seconds), UTC) if seconds else None


def milliseconds(seconds: float) -> int:
    """Seconds as the store wants them for leases."""
    return int(seconds * 1000)
