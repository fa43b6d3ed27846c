"""Alerts that wait until a person lets them go: which they are, and what was said of them. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from workers.domain.alert import Alert


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person said of an alert that waited: let it go (`approved`), or drop it. `at` is aware UTC."""

    alert_id: str
    approved: bool
    by: str
    why: str
    at: datetime


def needs_approval(alert: Alert, ids: Collection[str]) -> bool:
    """Tell whether the alert is on a conflict, or on any actor, that is held. `ids` are of both."""
    changed = {change["actor"]["id"] for change in alert.data.get("changes") or ()}
    return alert.lane in ids or bool(changed & set(ids))
