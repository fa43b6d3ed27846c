"""Settle alerts that waited for a person: one transaction takes the alert from the held ones and says what became."""

from __future__ import annotations

from collections.abc import Sequence

import redis

from workers.domain.alert import Delivery, DeliveryState
from workers.domain.approval import Judgement
from workers.storage import keys
from workers.storage.client import Client
from workers.storage.outbox import Outbox
from workers.storage.records import records_of


def settle_held(client: Client, outbox: Outbox, judgement: Judgement, deliveries: Sequence[Delivery]) -> bool:
    """Stage the deliveries of an approved alert, or end those of a dropped one; False when it waits no more."""
    with client.pipeline(transaction=True) as pipe:
        pipe.watch(keys.alerts_held())
        if pipe.zscore(keys.alerts_held(), judgement.alert_id) is None:
            return False
        pipe.multi()
        pipe.zrem(keys.alerts_held(), judgement.alert_id)
        pipe.hset(keys.alerts_judged(), judgement.alert_id, records_of(Judgement).dump(judgement))
        if judgement.approved:
            outbox.stage(pipe, deliveries)
        else:
            for delivery in deliveries:
                outbox.stage_end(pipe, delivery, DeliveryState.DROPPED, judgement.at)
        try:
            pipe.execute()
        except redis.WatchError:
            return settle_held(client, outbox, judgement, deliveries)
    return True
