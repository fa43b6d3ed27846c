"""Compose what is told of alerts that were held back: one `alerts.summary`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from workers.domain.alert import SERVICE_LANE, Alert, AlertType
from workers.domain.cutting import cut_text
from workers.domain.telling import utc_text

MOST_LISTED = 25  # of the alerts, the latest: so many fit into a body
_LONGEST_QUOTE = 160


class Held(StrEnum):
    """Why alerts were held back."""

    OUTAGE = "outage"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Hold:
    """What a summary is about: why, for which endpoint, from when until when (aware UTC), and a person's `note`."""

    why: Held
    endpoint: str
    since: datetime
    until: datetime
    note: str | None = None


def compose_summary(alerts: Sequence[Alert], hold: Hold, epoch: str, sequence: int, now: datetime) -> Alert:
    """The summary of alerts in the order given; those of an earlier summary among them are listed anew."""
    entries: list[Mapping[str, Any]] = []
    count, starts = 0, [utc_text(hold.since)]
    for alert in alerts:
        if alert.alert_type is AlertType.ALERTS_SUMMARY:
            entries += alert.data["alerts"]
            count += alert.data["count"]
            starts.append(alert.data["since"])
        else:
            entries.append(_entry(alert))
            count += 1
    data = {
        "sequence": sequence,
        "test": False,
        "why": hold.why.value,
        "note": hold.note,
        "endpoint": hold.endpoint,
        "since": min(starts),
        "until": utc_text(hold.until),
        "count": count,
        "alerts": entries[-MOST_LISTED:],
    }
    alert_id = f"msg_{epoch}_{SERVICE_LANE}_{sequence}"
    return Alert(alert_id, AlertType.ALERTS_SUMMARY, SERVICE_LANE, sequence, now, data)


def _entry(alert: Alert) -> dict[str, Any]:
    statement, article = alert.data.get("statement") or {}, alert.data.get("article") or {}
    quote = statement.get("quote")
    return {
        "id": alert.alert_id,
        "type": alert.alert_type.value,
        "timestamp": utc_text(alert.timestamp),
        "conflict": alert.data.get("conflict"),
        "sequence": alert.sequence,
        "changes": alert.data.get("changes") or [],
        "speaker": statement.get("speaker"),
        "quote": quote if quote is None else cut_text(quote, _LONGEST_QUOTE),
        "url": article.get("url"),
        "link": alert.data.get("link"),
    }
