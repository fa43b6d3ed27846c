"""Fan an alert out: one delivery for each endpoint that wants it, its bytes frozen. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from workers.delivery.chat_services import EndpointFormat
from workers.delivery.endpoints import Endpoint
from workers.delivery.formats import Frozen, freeze
from workers.domain.alert import Alert, Delivery


def deliveries_for(alert: Alert, endpoints: Iterable[Endpoint], now: datetime) -> list[Delivery]:
    """The deliveries of an alert, in the order of the endpoints; those whose filter holds it back get none."""
    frozen: dict[EndpointFormat, Frozen] = {}
    deliveries = []
    for endpoint in endpoints:
        if endpoint.filter.lets_through(alert):
            if endpoint.format not in frozen:
                frozen[endpoint.format] = freeze(alert, endpoint.format)
            deliveries.append(_delivery(alert, endpoint, frozen[endpoint.format], now))
    return deliveries


def filtered(alert: Alert, endpoints: Iterable[Endpoint]) -> list[str]:
    """The names of the endpoints whose filter holds the alert back, to be counted (law 8)."""
    return [endpoint.name for endpoint in endpoints if not endpoint.filter.lets_through(alert)]


def _delivery(alert: Alert, endpoint: Endpoint, frozen: Frozen, now: datetime) -> Delivery:
    return Delivery(
        delivery_id=f"{alert.alert_id}~{endpoint.name}",
        alert_id=alert.alert_id,
        endpoint=endpoint.name,
        lane=alert.lane,
        content_type=frozen.content_type,
        body=frozen.body,
        headers=frozen.headers,
        created_at=now,
    )
