"""Silences: for a while, alerts on certain actors are held back and told in one summary at the end. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from workers.domain.alert import Alert


@dataclass(frozen=True, slots=True)
class Silence:
    """That alerts on an actor are held back from `since` until `until` (aware UTC), and why.

    `conflict_id` is None for every conflict. `ended_at` is when the summary was made, None before.
    """

    silence_id: str
    actor_id: str
    conflict_id: str | None
    since: datetime
    until: datetime
    why: str
    ended_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Tell whether it holds back now."""
        return self.ended_at is None and self.since <= now < self.until

    def covers(self, actor_id: str, lane: str) -> bool:
        """Tell whether it is about this actor on this conflict."""
        return self.actor_id == actor_id and self.conflict_id in {None, lane}


def silence_of(alert: Alert, silences: Iterable[Silence], now: datetime) -> Silence | None:
    """The silence that holds an alert back: one covers each of its changes, and the longest of them is answered.

    None when a change is not covered, or the alert has no changes at all.
    """
    active = [silence for silence in silences if silence.is_active(now)]
    holding: set[Silence] = set()
    for change in alert.data.get("changes") or ():
        covering = [silence for silence in active if silence.covers(change["actor"]["id"], alert.lane)]
        if not covering:
            return None
        holding.update(covering)
    return max(holding, key=lambda silence: (silence.until, silence.silence_id)) if holding else None
