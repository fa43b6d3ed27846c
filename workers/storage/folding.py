"""Fold all that waits for one endpoint into one summary, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from workers.domain.alert import SERVICE_LANE, Alert, Delivery, DeliveryState
from workers.storage import keys
from workers.storage.client import Client, Pipe
from workers.storage.notices import Notice, Notices, alerts_of
from workers.storage.outbox import Outbox
from workers.storage.outbox_records import endpoint_of, readable

LEAST_FOLDED = 2


class Folding:
    """Takes what waits in all lanes of an endpoint, and puts one summary in its place."""

    def __init__(self, client: Client, outbox: Outbox, notices: Notices) -> None:
        self._client = client
        self._outbox = outbox
        self._notices = notices

    def fold(
        self,
        lane: str,
        token: str,
        lease_s: float,
        compose: Callable[[Sequence[Alert], Sequence[Delivery], int], Notice],
        now: datetime,
    ) -> bool:
        """Fold what waits for the endpoint of `lane`, whose lease is held; False when there is too little to fold.

        Lanes that another job drains are left out. `compose` makes the summary of the alerts and deliveries given, in
        the order in which they were made.
        """
        endpoint = endpoint_of(lane)
        others = [name for name in self._outbox.lanes_of(endpoint) if name != lane]
        claimed = [lane, *(name for name in others if self._outbox.claim(name, token, lease_s))]
        watched = [key for name in claimed for key in (keys.lane(name), keys.lane_lease(name))]
        folded: list[Delivery] = []
        lost: list[str] = []

        def composed(pipe: Pipe, sequence: int) -> Notice | None:
            folded[:] = []
            if any(pipe.get(keys.lane_lease(name)) != token for name in claimed):
                return None
            found, lost[:] = self._waiting(pipe, claimed)
            folded[:] = sorted(found, key=lambda delivery: delivery.created_at)
            if len(folded) < LEAST_FOLDED:
                return None
            return compose(alerts_of(pipe, folded), folded, sequence)

        def emptied(pipe: Pipe) -> None:
            for name in claimed:
                pipe.delete(keys.lane(name))
                pipe.zrem(keys.lanes_due(), name)
            for delivery in folded:
                self._outbox.stage_end(pipe, delivery, DeliveryState.SUMMARISED, now)
            if lost:
                pipe.hincrby(keys.delivery_counts(), f"{endpoint}~lost", len(lost))

        try:
            return self._notices.publish(composed, emptied, watched) is not None
        finally:
            for name in claimed[1:]:
                self._outbox.release(name, token)

    def _waiting(self, pipe: Pipe, lanes: Sequence[str]) -> tuple[list[Delivery], list[str]]:
        """What waits in these lanes, and the ids of what cannot be read. Thousands are read in one round trip."""
        ids = [delivery_id for lane in lanes for delivery_id in pipe.lrange(keys.lane(lane), 0, -1)]
        with self._client.pipeline(transaction=False) as reading:  # not the watching one, which reads one by one
            for delivery_id in ids:
                reading.hgetall(keys.delivery(delivery_id))
            read = [readable(fields) for fields in reading.execute()]
        found = [delivery for delivery in read if delivery is not None and delivery.state is DeliveryState.WAITING]
        return found, [name for name, delivery in zip(ids, read, strict=True) if delivery is None]


def summary_lane(endpoint: str) -> str:
    """The lane in which a summary waits."""
    return f"{endpoint}~{SERVICE_LANE}"
