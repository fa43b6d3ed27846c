"""The outbox: deliveries that wait, in one FIFO lane for each endpoint and conflict, until they have ended.

A lane is drained by one job at a time, under a lease. Every step that changes a lane is one script that first asks
whether the caller's token still holds the lease: a job that was thought dead can do no harm when it wakes. A job that
is killed leaves its delivery at the head of the lane; it is sent again with the same id and the same bytes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from workers.domain.alert import Delivery, DeliveryState
from workers.storage import keys, outbox_scripts
from workers.storage.client import Client, Pipe
from workers.storage.records import records_of

DELIVERY_KEPT = timedelta(days=30)  # after its end: to be listed and sent again
_ENDS = tuple(state for state in DeliveryState if state is not DeliveryState.WAITING)


@dataclass(frozen=True, slots=True)
class Disabled:
    """That an endpoint is sent nothing, since when (aware UTC), and why."""

    why: str
    at: datetime


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


class Outbox:
    """What waits to be sent, what became of it, and which endpoints are disabled."""

    def __init__(self, client: Client, kept: timedelta = DELIVERY_KEPT) -> None:
        self._client = client
        self._kept_s = int(kept.total_seconds())
        self._renew = client.register_script(outbox_scripts.RENEW)
        self._release = client.register_script(outbox_scripts.RELEASE)
        self._begin = client.register_script(outbox_scripts.BEGIN)
        self._end = client.register_script(outbox_scripts.END)
        self._postpone = client.register_script(outbox_scripts.POSTPONE)
        self._defer = client.register_script(outbox_scripts.DEFER)
        self._drop = client.register_script(outbox_scripts.DROP)
        self._replay = client.register_script(outbox_scripts.REPLAY)

    # --- putting in

    def stage(self, pipe: Pipe, deliveries: Iterable[Delivery], filtered: Iterable[str] = ()) -> None:
        """Add deliveries to the caller's MULTI, and count the endpoints that were `filtered` out.

        A lane that waits after a failure keeps waiting: what is new goes behind what failed.
        """
        for delivery in deliveries:
            fields = {"frozen": records_of(Delivery).dump(delivery), "state": DeliveryState.WAITING.value}
            pipe.hset(keys.delivery(delivery.delivery_id), mapping=fields)
            pipe.rpush(keys.lane(lane_of(delivery)), delivery.delivery_id)
            pipe.zadd(keys.lanes_due(), {lane_of(delivery): delivery.created_at.timestamp()}, nx=True)
        for endpoint in filtered:
            pipe.hincrby(keys.delivery_counts(), f"{endpoint}~filtered", 1)

    def replay(self, delivery_id: str, now: datetime) -> bool:
        """Send a delivery that has ended once more, same id, same bytes, behind what waits in its lane.

        False when it is not known (any more), or waits already.
        """
        delivery = self.find(delivery_id)
        if delivery is None:
            return False
        lane = lane_of(delivery)
        touched = [keys.delivery(delivery_id), keys.lane(lane), keys.lanes_due(), keys.delivery_counts()]
        ended = [keys.deliveries_ended(state) for state in _ENDS]
        return bool(self._replay(keys=touched + ended, args=[delivery_id, lane, now.timestamp(), delivery.endpoint]))

    # --- draining

    def due_lanes(self, now: datetime, limit: int) -> list[str]:
        """Lanes whose first delivery is due and that no job drains, the longest overdue first, at most `limit`."""
        due: list[str] = self._client.zrangebyscore(keys.lanes_due(), "-inf", now.timestamp())
        with self._client.pipeline(transaction=False) as pipe:
            for lane in due:
                pipe.exists(keys.lane_lease(lane))
            leased = pipe.execute()
        return [lane for lane, taken in zip(due, leased, strict=True) if not taken][:limit]

    def due_at(self, lane: str) -> datetime | None:
        """When the first delivery of the lane is due, None for an empty lane."""
        score = self._client.zscore(keys.lanes_due(), lane)
        return None if score is None else datetime.fromtimestamp(score, UTC)

    def hasten(self, endpoint: str, now: datetime) -> int:
        """Make every lane of an endpoint due now; returns how many there are."""
        lanes = [lane for lane in self._client.zrange(keys.lanes_due(), 0, -1) if endpoint_of(lane) == endpoint]
        if lanes:
            self._client.zadd(keys.lanes_due(), dict.fromkeys(lanes, now.timestamp()), xx=True, lt=True)
        return len(lanes)

    def claim(self, lane: str, token: str, lease_s: float) -> bool:
        """Take the lane's lease; False when another job has it."""
        return bool(self._client.set(keys.lane_lease(lane), token, nx=True, px=_ms(lease_s)))

    def renew(self, lane: str, token: str, lease_s: float) -> bool:
        """Prolong the lease from now; False when it is lost."""
        return bool(self._renew(keys=[keys.lane_lease(lane)], args=[token, _ms(lease_s)]))

    def release(self, lane: str, token: str) -> bool:
        """Give the lease back; False when it was lost."""
        return bool(self._release(keys=[keys.lane_lease(lane)], args=[token]))

    def head(self, lane: str) -> Delivery | None:
        """The delivery to send next, None for an empty lane.

        What cannot be sent any more (ended already, or its record gone) is taken out of the way and counted as lost.
        Raises RecordError for a record of a newer format, which blocks its lane until the worker is upgraded.
        """
        while (delivery_id := self._client.lindex(keys.lane(lane), 0)) is not None:
            delivery = self.find(delivery_id)
            if delivery is not None and delivery.state is DeliveryState.WAITING:
                return delivery
            self._drop(
                keys=[keys.lane(lane), keys.lanes_due(), keys.delivery_counts()],
                args=[delivery_id, lane, endpoint_of(lane)],
            )
        return None

    def begin(self, lane: str, token: str, delivery: Delivery, lease_s: float) -> Delivery | None:
        """Note that the head of the lane is being sent now, and renew the lease; returns it with one attempt more.

        The attempt is noted before the request leaves, so that one during which the worker is killed counts as well.
        None when the lease is lost or another delivery leads the lane.
        """
        touched = [keys.lane_lease(lane), keys.lane(lane), keys.delivery(delivery.delivery_id)]
        attempts = int(self._begin(keys=touched, args=[token, delivery.delivery_id, _ms(lease_s)]))
        return replace(delivery, attempts=attempts) if attempts else None

    def end(
        self, lane: str, token: str, delivery: Delivery, state: DeliveryState, *, at: datetime, why: str | None = None
    ) -> bool:
        """Take a delivery out of its lane for good and make the next one due; False when the lease is lost."""
        touched = [
            keys.lane_lease(lane), keys.lane(lane), keys.lanes_due(), keys.delivery(delivery.delivery_id),
            keys.deliveries_ended(state), keys.delivery_counts(),
        ]  # fmt: skip
        args = [
            token, delivery.delivery_id, lane, delivery.endpoint, state.value, why or "", at.isoformat(),
            at.timestamp(), self._kept_s,
        ]  # fmt: skip
        return bool(self._end(keys=touched, args=args))

    def postpone(self, lane: str, token: str, delivery: Delivery, due_at: datetime, why: str) -> bool:
        """Note a failed send and when to try again; the lane waits until then. False when the lease is lost."""
        touched = [
            keys.lane_lease(lane), keys.lane(lane), keys.lanes_due(), keys.delivery(delivery.delivery_id),
            keys.delivery_counts(),
        ]  # fmt: skip
        args = [token, delivery.delivery_id, lane, delivery.endpoint, why, due_at.timestamp()]
        return bool(self._postpone(keys=touched, args=args))

    def defer(self, lane: str, token: str, due_at: datetime) -> bool:
        """Let the lane rest until then, without a word about its deliveries; False when the lease is lost."""
        args = [token, lane, due_at.timestamp()]
        return bool(self._defer(keys=[keys.lane_lease(lane), keys.lanes_due()], args=args))

    # --- endpoints

    def disable(self, endpoint: str, why: str, at: datetime) -> bool:
        """Send an endpoint nothing more; False when it was disabled already."""
        text = records_of(Disabled).dump(Disabled(why, at))
        return bool(self._client.hsetnx(keys.endpoints_disabled(), endpoint, text))

    def enable(self, endpoint: str) -> bool:
        """Send to an endpoint again; False when it was not disabled."""
        return bool(self._client.hdel(keys.endpoints_disabled(), endpoint))

    def disabled(self) -> dict[str, Disabled]:
        """The disabled endpoints by name."""
        found: dict[str, str] = self._client.hgetall(keys.endpoints_disabled())
        return {endpoint: records_of(Disabled).load(text) for endpoint, text in found.items()}

    # --- looking on

    def find(self, delivery_id: str) -> Delivery | None:
        """One delivery as it stands now, None when it is not known (any more)."""
        return _delivery(self._client.hgetall(keys.delivery(delivery_id)))

    def listed(self, state: DeliveryState, limit: int) -> list[Delivery]:
        """Deliveries in a state, at most `limit`: those that ended latest first; those that wait by lane, in order."""
        if state is DeliveryState.WAITING:
            return self._loaded(self._waiting_ids(limit))
        return self._loaded(self._client.zrevrange(keys.deliveries_ended(state), 0, limit - 1))

    def counts(self) -> dict[str, dict[str, int]]:
        """By endpoint, how often what happened: delivered, dead, endpoint_gone, retried, replayed, filtered, lost."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for field, count in self._client.hgetall(keys.delivery_counts()).items():
            endpoint, _, what = field.partition("~")
            found[endpoint][what] = int(count)
        return dict(found)

    def depths(self) -> list[LaneDepth]:
        """Every lane that is not empty, the longest overdue first."""
        due: list[tuple[str, float]] = self._client.zrange(keys.lanes_due(), 0, -1, withscores=True)
        with self._client.pipeline(transaction=False) as pipe:
            for lane, _ in due:
                pipe.llen(keys.lane(lane))
                pipe.lindex(keys.lane(lane), 0)
            answers = pipe.execute()
        heads = {head.delivery_id: head for head in self._loaded([head for head in answers[1::2] if head])}
        return [
            LaneDepth(
                lane=lane,
                endpoint=endpoint_of(lane),
                waiting=waiting,
                oldest_at=heads[head].created_at if head in heads else None,
                due_at=datetime.fromtimestamp(score, UTC),
            )
            for (lane, score), waiting, head in zip(due, answers[0::2], answers[1::2], strict=True)
        ]

    def _waiting_ids(self, limit: int) -> list[str]:
        lanes: list[str] = self._client.zrange(keys.lanes_due(), 0, -1)
        with self._client.pipeline(transaction=False) as pipe:
            for lane in lanes:
                pipe.lrange(keys.lane(lane), 0, limit - 1)
            return [delivery_id for ids in pipe.execute() for delivery_id in ids][:limit]

    def _loaded(self, delivery_ids: Sequence[str]) -> list[Delivery]:
        with self._client.pipeline(transaction=False) as pipe:
            for delivery_id in delivery_ids:
                pipe.hgetall(keys.delivery(delivery_id))
            found = [_delivery(fields) for fields in pipe.execute()]
        return [delivery for delivery in found if delivery is not None]


def _delivery(fields: Mapping[str, str]) -> Delivery | None:
    """Join the frozen record and what happened since."""
    if "frozen" not in fields:
        return None
    frozen: Delivery = records_of(Delivery).load(fields["frozen"])
    return replace(
        frozen,
        attempts=int(fields.get("attempts", 0)),
        failures=int(fields.get("failures", 0)),
        state=DeliveryState(fields["state"]),
        last_error=fields.get("last_error") or None,
        ended_at=datetime.fromisoformat(fields["ended_at"]) if fields.get("ended_at") else None,
    )


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
