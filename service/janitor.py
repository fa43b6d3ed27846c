"""The janitor: forgets what is older than the operator wants to keep, once an hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from workers.domain.policy import Policy
from workers.storage.expiry import Expiry
from workers.storage.ledger import Ledger
from workers.storage.records import RecordError

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
        counts = {conflict_id: self._forget(conflict_id, before) for conflict_id in self.ledger.conflict_ids()}
        forgotten = {conflict_id: count for conflict_id, count in counts.items() if count}
        alerts = self.expiry.forget_alerts(before)
        if forgotten or alerts:
            log.info("old_statements_forgotten", statements=forgotten, alerts=alerts)
        self._next_at = now + ROUND

    def _forget(self, conflict_id: str, before: datetime) -> int:
        """Forget on one conflict; where a record cannot be read, nothing is, and the round goes on."""
        try:
            return self.expiry.forget(conflict_id, before, self.policy)
        except RecordError:
            log.exception("janitor_stumbled", conflict_id=conflict_id)
            return 0
