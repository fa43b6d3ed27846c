"""Make the alerts that no article causes: summaries, signs of life, tests. Each is frozen for those who want it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from workers.delivery.endpoints import Endpoint
from workers.delivery.fanout import deliveries_for, filtered
from workers.delivery.filters import Filter
from workers.domain.alert import SERVICE_LANE, Alert, AlertType, Delivery
from workers.domain.breaker import Breaker
from workers.domain.silence import Silence
from workers.domain.summary import Held, Hold, compose_summary
from workers.storage.client import Pipe
from workers.storage.folding import Folding
from workers.storage.notices import Notice, Notices


@dataclass(frozen=True, slots=True)
class Announcer:
    """Announces on behalf of one store to the endpoints of the settings. `epoch` is part of every id."""

    endpoints: Sequence[Endpoint]
    epoch: str
    clock: Callable[[], datetime]

    def summary_for(self, alerts: Sequence[Alert], hold: Hold, sequence: int) -> Notice:
        """One endpoint's summary of what was held back; an endpoint that left the settings gets none.

        Its filter is not asked: what is summed up has passed it.
        """
        now = self.clock()
        alert = compose_summary(alerts, hold, self.epoch, sequence, now)
        unfiltered = Filter(types=frozenset({AlertType.ALERTS_SUMMARY}))
        chosen = [replace(one, filter=unfiltered) for one in self.endpoints if one.name == hold.endpoint]
        return self._notice(alert, chosen, now)

    def told_at_end(self, silence: Silence) -> Callable[[str, Sequence[Alert], int], Notice]:
        """How a silence's end is told to one endpoint."""

        def tell(endpoint: str, alerts: Sequence[Alert], sequence: int) -> Notice:
            until = min(silence.until, self.clock())
            hold = Hold(Held.SILENCE, endpoint, silence.since, until, note=silence.why)
            return self.summary_for(alerts, hold, sequence)

        return tell

    def fold_into(self, folding: Folding, lease_s: float) -> Callable[[Endpoint, str, str, Breaker], bool]:
        """How what waits for a chat endpoint that was away is folded; see `lanes.Fold`."""

        def fold(endpoint: Endpoint, lane: str, token: str, breaker: Breaker) -> bool:
            now = self.clock()

            def compose(alerts: Sequence[Alert], deliveries: Sequence[Delivery], sequence: int) -> Notice:
                since = min([breaker.opened_at or now, *(one.waits_since for one in deliveries)])
                return self.summary_for(alerts, Hold(Held.OUTAGE, endpoint.name, since, now), sequence)

            return folding.fold(lane, token, lease_s, compose, now)

        return fold

    def announce(
        self,
        notices: Notices,
        kind: AlertType,
        data: Mapping[str, Any],
        also: Callable[[Pipe], None] | None = None,
    ) -> Notice | None:
        """Publish an alert of the lane `service`; its sequence and that it is no test are added to the data.

        `also` adds to the same transaction.
        """
        now = self.clock()

        def composed(_pipe: object, sequence: int) -> Notice:
            return self._notice(self.service_alert(kind, data, sequence, now), self.endpoints, now)

        return notices.publish(composed, also)

    def service_alert(self, kind: AlertType, data: Mapping[str, Any], sequence: int, now: datetime) -> Alert:
        """An alert of the lane `service`."""
        whole = {"sequence": sequence, "test": kind is AlertType.WEBHOOK_TEST, **data}
        return Alert(f"msg_{self.epoch}_{SERVICE_LANE}_{sequence}", kind, SERVICE_LANE, sequence, now, whole)

    def wanted(self, kind: AlertType) -> bool:
        """Tell whether any endpoint asks for this type."""
        return any(kind in endpoint.filter.types for endpoint in self.endpoints)

    def _notice(self, alert: Alert, endpoints: Sequence[Endpoint], now: datetime) -> Notice:
        return Notice(alert, deliveries_for(alert, endpoints, now), filtered(alert, endpoints))
