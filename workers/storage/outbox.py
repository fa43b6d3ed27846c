"""The outbox: deliveries that wait, in one FIFO lane for each endpoint and conflict, until they have ended.

A lane is drained by one job at a time, under a lease. Every step that changes a lane is one script that first asks
whether the caller's token still holds the lease: a job that was thought dead can do no harm when it wakes. A job that
is killed leaves its delivery at the head of the lane; it is sent again with the same id and the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from workers.domain.alert import Delivery, DeliveryState
from workers.storage import keys, outbox_scripts
from workers.storage.client import Client, Pipe
from workers.storage.endpoint_states import EndpointStates
from workers.storage.outbox_records import (
    LaneHead,
    breaker_of,
    delivery_of,
    disabled_of,
    endpoint_of,
    lane_of,
    milliseconds,
    moment_at,
    moment_of,
    readable,
)
from workers.storage.outbox_views import OutboxViews
from workers.storage.records import RecordError, records_of

DELIVERY_KEPT = timedelta(days=30)  # after its end: to be listed and sent again
TROUBLE_KEPT_S = 30 * 86_400  # of an endpoint to which nothing was sent for so long, nothing is known
_ENDS = tuple(state for state in DeliveryState if state is not DeliveryState.WAITING)


class Outbox(EndpointStates, OutboxViews):
    """What waits to be sent, what became of it, and which endpoints are disabled."""

    def __init__(self, client: Client, kept: timedelta = DELIVERY_KEPT) -> None:
        EndpointStates.__init__(self, client)
        self._kept_s = int(kept.total_seconds())
        self._claim = client.register_script(outbox_scripts.CLAIM)
        self._free = client.register_script(outbox_scripts.FREE)
        self._renew = client.register_script(outbox_scripts.RENEW)
        self._release = client.register_script(outbox_scripts.LEAVE)
        self._look = client.register_script(outbox_scripts.LOOK)
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

    def stage_end(
        self, pipe: Pipe, delivery: Delivery, state: DeliveryState, at: datetime, needed_for: timedelta = timedelta()
    ) -> None:
        """Add to the caller's MULTI that a delivery ends, or has ended before it waited, outside of any lane.

        It is kept for as long as others, after it is `needed_for` something else.
        """
        key, ends = keys.delivery(delivery.delivery_id), keys.deliveries_ended(state)
        ended = {"state": state.value, "ended_at": at.isoformat()}
        pipe.hset(key, mapping={"frozen": records_of(Delivery).dump(delivery), **ended})
        pipe.expire(key, self._kept_s + int(needed_for.total_seconds()))
        pipe.zadd(ends, {delivery.delivery_id: at.timestamp()})
        pipe.zremrangebyscore(ends, "-inf", f"({at.timestamp() - self._kept_s}")
        pipe.hincrby(keys.delivery_counts(), f"{delivery.endpoint}~{state}", 1)

    def replay(self, delivery_id: str, now: datetime) -> bool:
        """Send a delivery that has ended once more, same id, same bytes, behind what waits in its lane.

        False when it is not known (any more), cannot be read, or waits already.
        """
        delivery = readable(self._client.hgetall(keys.delivery(delivery_id)))
        if delivery is None:
            return False
        lane = lane_of(delivery)
        touched = [keys.delivery(delivery_id), keys.lane(lane), keys.lanes_due(), keys.delivery_counts()]
        ended = [keys.deliveries_ended(state) for state in _ENDS]
        args = [delivery_id, lane, now.timestamp(), delivery.endpoint, now.isoformat()]
        return bool(self._replay(keys=touched + ended, args=args))

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
        return None if score is None else moment_at(score)

    def claim(self, lane: str, token: str, lease_s: float) -> bool:
        """Take the lane's lease; False when another job has it."""
        touched = [keys.lane_lease(lane), keys.lanes_leased()]
        return bool(self._claim(keys=touched, args=[token, milliseconds(lease_s), lane]))

    def renew(self, lane: str, token: str, lease_s: float) -> bool:
        """Prolong the lease from now; False when it is lost."""
        return bool(self._renew(keys=[keys.lane_lease(lane)], args=[token, milliseconds(lease_s)]))

    def free(self, mark: str) -> list[str]:
        """Take their leases from jobs with `mark` in their tokens, which have died; returns the lanes that are free.

        Probes of theirs are freed as well.
        """
        lanes = sorted(self._client.smembers(keys.lanes_leased()))
        probes = [keys.endpoint_probe(name) for name in sorted({endpoint_of(lane) for lane in lanes})]
        with self._client.pipeline(transaction=False) as pipe:
            for lane in lanes:
                self._free(keys=[keys.lane_lease(lane), keys.lanes_leased()], args=[mark, lane], client=pipe)
            for probe in probes:
                self._free(keys=[probe, keys.lanes_leased()], args=[mark, ""], client=pipe)
            freed = pipe.execute()
        return [lane for lane, was_held in zip(lanes, freed, strict=False) if was_held]

    def release(self, lane: str, token: str) -> bool:
        """Give the lease back; False when it was lost."""
        return bool(self._release(keys=[keys.lane_lease(lane), keys.lanes_leased()], args=[token, lane]))

    def look(self, lane: str, on_lost: Callable[[str, str], None] | None = None) -> LaneHead | None:
        """What leads the lane and how its endpoint fares, None for an empty lane.

        What cannot be sent any more (ended already, its record gone or damaged) is taken out of the way, counted as
        lost, and told to `on_lost` by its id with the reason. Raises RecordError for a record of a newer format, which
        blocks its lane until the worker is upgraded.
        """
        endpoint = endpoint_of(lane)
        touched = [
            keys.lane(lane), keys.lanes_due(), keys.endpoints_disabled(), keys.endpoint_trouble(endpoint),
            keys.endpoint_rest(endpoint),
        ]  # fmt: skip
        while found := self._look(keys=touched, args=[lane, endpoint, keys.delivery("")]):
            delivery_id, fields, score, disabled, trouble, rest = found
            delivery, why = _head(dict(zip(fields[0::2], fields[1::2], strict=True)))
            if delivery is not None:
                gone = disabled_of(disabled) if disabled else None
                return LaneHead(delivery, moment_of(score), gone, breaker_of(trouble), moment_of(rest))
            self._drop(
                keys=[keys.lane(lane), keys.lanes_due(), keys.delivery_counts(), keys.delivery(delivery_id)],
                args=[delivery_id, lane, endpoint, self._kept_s],
            )
            if on_lost is not None:
                on_lost(delivery_id, why)
        return None

    def head(self, lane: str) -> Delivery | None:
        """The delivery to send next, None for an empty lane; see `look`."""
        found = self.look(lane)
        return found.delivery if found else None

    def begin(
        self, lane: str, token: str, delivery: Delivery, lease_s: float, *, probe: bool = False
    ) -> Delivery | None:
        """Note that the head of the lane is being sent now, and renew the lease; returns it with one attempt more.

        The attempt is noted before the request leaves, so that one during which the worker is killed counts as well; a
        `probe` is no attempt. None when the lease is lost or another delivery leads the lane.
        """
        touched = [keys.lane_lease(lane), keys.lane(lane), keys.delivery(delivery.delivery_id)]
        counted = "probes" if probe else "attempts"
        number = int(self._begin(keys=touched, args=[token, delivery.delivery_id, milliseconds(lease_s), counted]))
        if not number:
            return None
        return delivery if probe else replace(delivery, attempts=number)

    def end(
        self,
        lane: str,
        token: str,
        delivery: Delivery,
        state: DeliveryState,
        *,
        at: datetime,
        why: str | None = None,
        answered: bool = False,
    ) -> bool:
        """Take a delivery out of its lane for good and make the next one due; False when the lease is lost.

        `answered` closes the endpoint's breaker.
        """
        touched = [
            keys.lane_lease(lane), keys.lane(lane), keys.lanes_due(), keys.delivery(delivery.delivery_id),
            keys.deliveries_ended(state), keys.delivery_counts(), keys.endpoint_trouble(delivery.endpoint),
        ]  # fmt: skip
        args = [
            token, delivery.delivery_id, lane, delivery.endpoint, state.value, why or "", at.isoformat(),
            at.timestamp(), self._kept_s, int(answered),
        ]  # fmt: skip
        return bool(self._end(keys=touched, args=args))

    def postpone(
        self, lane: str, token: str, delivery: Delivery, due_at: datetime, why: str, *, probe: bool = False
    ) -> int:
        """Note a failed send and when to try again; the lane waits until then.

        A failed `probe` is no failure of the delivery. Returns how often the endpoint has failed in a row, 0 when the
        lease is lost.
        """
        touched = [
            keys.lane_lease(lane), keys.lane(lane), keys.lanes_due(), keys.delivery(delivery.delivery_id),
            keys.delivery_counts(), keys.endpoint_trouble(delivery.endpoint),
        ]  # fmt: skip
        args = [
            token, delivery.delivery_id, lane, delivery.endpoint, why, due_at.timestamp(), int(not probe),
            TROUBLE_KEPT_S,
        ]  # fmt: skip
        return int(self._postpone(keys=touched, args=args))

    def defer(self, lane: str, token: str, due_at: datetime) -> bool:
        """Let the lane rest until then, without a word about its deliveries; False when the lease is lost."""
        args = [token, lane, due_at.timestamp()]
        return bool(self._defer(keys=[keys.lane_lease(lane), keys.lanes_due()], args=args))


def _head(fields: Mapping[str, str]) -> tuple[Delivery | None, str]:
    """The delivery of these fields when it is to be sent, else None and why it is not. See `Outbox.look`."""
    try:
        delivery = delivery_of(fields)
    except RecordError as error:
        if error.newer:
            raise
        return None, str(error)
    if delivery is None:
        return None, "its record is gone"
    return (delivery, "") if delivery.state is DeliveryState.WAITING else (None, f"it is {delivery.state} already")
