"""The janitor: forgets what is older than the operator wants to keep, once an hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from workers.domain.policy import Policy
from workers.storage.expiry import Expiry
from workers.storage.ledger import Ledger

ROUND = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Janitor:
    """What the janitor needs. `kept` is how long statements, and the alerts that told of them, are kept."""

    ledger: Ledger
    expiry: Expiry
    policy: Policy
    kept: timedelta
    clock: Callable[[], datetime]
    _next_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), repr=False)

    def tick(self) -> None:
        """Make a round when one is due."""
        now = self.clock()
        if now < self._next_at:
            return
        before = now - self.kept
        forgotten = {
            conflict_id: count
            for conflict_id in self.ledger.conflict_ids()
            if (count := self.expiry.forget(conflict_id, before, self.policy))
        }
        alerts = self.expiry.forget_alerts(before)
        if forgotten or alerts:
            log.info("old_statements_forgotten", statements=forgotten, alerts=alerts)
        self._next_at = now + ROUND
