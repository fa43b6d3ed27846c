"""What waits in the outbox and what became of it, for people and programs that look on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from workers.domain.alert import Delivery, DeliveryState
from workers.storage import keys
from workers.storage.client import Client
from workers.storage.outbox_records import LaneDepth, delivery_of, endpoint_of, moment_at, readable, sequence_of


class OutboxViews:
    """Reads of the outbox."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def find(self, delivery_id: str) -> Delivery | None:
        """One delivery as it stands now, None when it is not known (any more). Raises RecordError for a damaged one."""
        return delivery_of(self._client.hgetall(keys.delivery(delivery_id)))

    def listed(self, state: DeliveryState, limit: int) -> list[Delivery]:
        """Deliveries in a state, at most `limit`: those that ended latest first; those that wait by lane, in order.

        What cannot be read is left out here and everywhere else.
        """
        if state is DeliveryState.WAITING:
            return self._loaded(self._waiting_ids(limit))
        return self._loaded(self._client.zrevrange(keys.deliveries_ended(state), 0, limit - 1))

    def ended_count(self, state: DeliveryState) -> int:
        """How many deliveries that ended in this state are listed."""
        return int(self._client.zcard(keys.deliveries_ended(state)))

    def ended_ids(self, state: DeliveryState, endpoint: str) -> list[str]:
        """The deliveries to an endpoint that ended in this state, the first that did first, in the order of sending."""
        listed: list[tuple[str, float]] = self._client.zrange(keys.deliveries_ended(state), 0, -1, withscores=True)
        found = [(score, delivery_id) for delivery_id, score in listed if delivery_id.rpartition("~")[2] == endpoint]
        return [delivery_id for _, delivery_id in sorted(found, key=lambda one: (one[0], sequence_of(one[1])))]

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
                due_at=moment_at(score),
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
            found = [readable(fields) for fields in pipe.execute()]
        return [delivery for delivery in found if delivery is not None]
