"""Let alerts go that waited for a person, or drop them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import redis

from workers.delivery.endpoints import Endpoint
from workers.delivery.fanout import deliveries_for
from workers.domain.alert import Delivery
from workers.domain.approval import Judgement
from workers.storage.approvals import settle_held
from workers.storage.outbox_records import lane_of
from workers.stores import Stores


def judge_alert(stores: Stores, endpoints: Sequence[Endpoint], judgement: Judgement) -> list[Delivery] | None:
    """Put a held alert's deliveries into the lanes, or end them as dropped; None when no such alert waits.

    The deliveries are those of the endpoints as they are set now.
    """
    alert = next((one for one in stores.ledger.held_alerts() if one.alert_id == judgement.alert_id), None)
    if alert is None:
        return None
    deliveries = deliveries_for(alert, endpoints, judgement.at)
    if not settle_held(stores.client, stores.outbox, judgement, deliveries):
        return None
    if judgement.approved:
        with suppress(redis.RedisError):  # they are in the outbox, where the timers find them
            stores.queues.enqueue_lanes(sorted({lane_of(one) for one in deliveries}))
    return deliveries
