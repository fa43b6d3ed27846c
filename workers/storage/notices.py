"""Alerts that no article causes: numbered, logged and put into the outbox in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import redis

from workers.domain.alert import SERVICE_LANE, Alert, Delivery
from workers.storage import keys
from workers.storage.client import Client, Pipe
from workers.storage.outbox import Outbox
from workers.storage.records import RecordError, records_of
from workers.storage.tallies import stage_alert

MOST_RACES = 100  # each loser means that somebody else has won: a hundred in a row is no race but a fault


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert of the lane `service`, its deliveries, and the endpoints whose filter held it back."""

    alert: Alert
    deliveries: Sequence[Delivery] = ()
    filtered: Sequence[str] = ()


class NoticeRaceError(Exception):
    """A notice lost against other writers again and again."""


class Notices:
    """Publishes notices."""

    def __init__(self, client: Client, outbox: Outbox) -> None:
        self._client = client
        self._outbox = outbox

    def publish(
        self,
        compose: Callable[[Pipe, int], Notice | None],
        also: Callable[[Pipe], None] | None = None,
        watch: Sequence[str] = (),
    ) -> Notice | None:
        """Write what `compose` makes of the next sequence number; None when it makes nothing.

        `compose` may read through the pipe it is handed: when one of the keys to `watch` changes meanwhile, it is asked
        anew. `also` adds to the same transaction.
        """
        for _ in range(MOST_RACES):
            with self._client.pipeline(transaction=True) as pipe:
                pipe.watch(keys.sequence(SERVICE_LANE), *watch)
                sequence = int(pipe.get(keys.sequence(SERVICE_LANE)) or 0) + 1
                notice = compose(pipe, sequence)
                if notice is None:
                    return None
                pipe.multi()
                if also is not None:
                    also(pipe)
                self._stage(pipe, notice)
                try:
                    pipe.execute()
                except redis.WatchError:
                    continue
                return notice
        raise NoticeRaceError(f"{MOST_RACES} notices in a row lost against other writers")

    def _stage(self, pipe: Pipe, notice: Notice) -> None:
        alert = notice.alert
        pipe.set(keys.sequence(alert.lane), alert.sequence)
        pipe.hset(keys.alerts(), alert.alert_id, records_of(Alert).dump(alert))
        pipe.zadd(keys.alert_order(), {alert.alert_id: alert.timestamp.timestamp()})
        stage_alert(pipe, alert)
        self._outbox.stage(pipe, notice.deliveries, notice.filtered)


def alerts_of(client: Client | Pipe, deliveries: Sequence[Delivery]) -> list[Alert]:
    """The alerts of deliveries, in their order; those that are forgotten or cannot be read are left out."""
    if not deliveries:
        return []
    texts = client.hmget(keys.alerts(), [delivery.alert_id for delivery in deliveries])
    found = (_readable(text) for text in texts if text is not None)
    return [alert for alert in found if alert is not None]


def _readable(text: str) -> Alert | None:
    try:
        alert: Alert = records_of(Alert).load(text)
    except RecordError:
        return None
    return alert
