"""Alerts and their deliveries: what subscribers are told, and one alert's way to one endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class AlertType(StrEnum):
    """The `type` of a webhook's body."""

    POSITION_CHANGED = "position.changed"
    POSITION_ESTABLISHED = "position.established"  # off by default
    CONDITIONS_CHANGED = "conditions.changed"
    POSITION_CORRECTED = "position.corrected"
    ALERTS_SUMMARY = "alerts.summary"
    FEED_GONE = "feed.gone"
    HEARTBEAT = "service.heartbeat"  # off by default
    WEBHOOK_TEST = "webhook.test"


class Direction(StrEnum):
    """Which way a position moved along the scale."""

    SOFTER = "softer"  # towards support
    HARDER = "harder"  # towards reject


SERVICE_LANE = "service"  # the lane of alerts without a conflict


@dataclass(frozen=True, slots=True)
class Alert:
    """One message for one cause, listing every position that it moved.

    `alert_id` is the `webhook-id` (`msg_<epoch>_<lane>_<sequence>`). `lane` is the conflict id or `service`.
    `timestamp` is aware UTC, when the change was committed. `data` is the JSON-able body of DESIGN section 4.
    """

    alert_id: str
    alert_type: AlertType
    lane: str
    sequence: int
    timestamp: datetime
    data: Mapping[str, Any]


class DeliveryState(StrEnum):
    """Where a delivery ended, or that it waits (law 8)."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    ENDPOINT_GONE = "endpoint_gone"  # removed from the settings, or disabled, by a 410 or by a person
    SILENCED = "silenced"  # all its changes were; told of in the summary at the silence's end
    DROPPED = "dropped"  # by a person, who was asked before it was let go
    SUMMARISED = "summarised"  # told of in the summary that a chat endpoint got after an outage


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert on its way to one endpoint, with the bytes frozen when the change was committed.

    `delivery_id` is `<alert_id>~<endpoint>`. `endpoint` is the endpoint's name, so that an address or secret may
    change under waiting alerts. `attempts` counts the sends begun, `failures` those that were seen to fail: a worker
    that is killed while sending leaves the two apart. `last_error` names the last failure. `ended_at` is None while
    it waits. `headers` are frozen with the body, where its format has some. `since` is when it was put back after its
    end, None before. Times are aware UTC.
    """

    delivery_id: str
    alert_id: str
    endpoint: str
    lane: str
    content_type: str
    body: str
    created_at: datetime
    attempts: int = 0
    state: DeliveryState = DeliveryState.WAITING
    last_error: str | None = None
    failures: int = 0
    ended_at: datetime | None = None
    headers: tuple[tuple[str, str], ...] = ()
    since: datetime | None = None

    @property
    def waits_since(self) -> datetime:
        """Since when it waits to be sent."""
        return self.since or self.created_at
