"""When an endpoint that fails is left alone as a whole, and when it is asked again.

Pure: the clock and the jitter are parameters. A message that alone fails has its own schedule (`retry`); where every
message fails it is the endpoint that is away, and what waits for it must not use up its sends meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.domain.retry import DELAYS_S, JITTER, MAX_RETRY_AFTER_S

OPEN_AFTER = 5
"""Failures of an endpoint in a row, on whichever lane, after which it is left alone. A lane alone has them within 36
minutes, several lanes at once within seconds."""

PROBES_S = (30, 60, 120, 300, 600, 1_800, 3_600)
"""Seconds until the first, second, … probe; the last one is repeated. An endpoint that is back is found in an hour."""

PATIENCE = timedelta(seconds=sum(DELAYS_S))
"""How long a delivery waits for an endpoint that is away: as long as its own schedule would last, 75.6 hours."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """How an endpoint fares.

    `failures` in a row since its last answer. While `opened_at` is set it is left alone until `until`, and asked again
    then by one send, the probe; `probes` were made in vain. Times are aware UTC.
    """

    failures: int = 0
    opened_at: datetime | None = None
    until: datetime | None = None
    probes: int = 0

    @property
    def is_open(self) -> bool:
        """Tell whether only a probe may be sent."""
        return self.opened_at is not None

    def rests_until(self, now: datetime) -> datetime | None:
        """Until when nothing at all is sent; None when a probe is due, or the breaker closed."""
        return self.until if self.is_open and self.until is not None and now < self.until else None


CLOSED = Breaker()


def after_failure(breaker: Breaker, now: datetime, jitter: float, retry_after_s: float | None) -> Breaker:
    """The breaker after one more failure, which is counted in `breaker.failures` already.

    `jitter` is in -1..1 and moves the wait by up to 20 %. `retry_after_s` is what the endpoint asked for, None when it
    did not: the wait is never shorter than that, up to 24 hours.
    """
    if not breaker.is_open and breaker.failures < OPEN_AFTER:
        return breaker
    probes = breaker.probes + 1 if breaker.is_open else 0
    own_s = PROBES_S[min(probes, len(PROBES_S) - 1)] * (1 + JITTER * max(-1.0, min(1.0, jitter)))
    wait = timedelta(seconds=max(own_s, min(retry_after_s or 0.0, MAX_RETRY_AFTER_S)))
    return Breaker(breaker.failures, breaker.opened_at or now, now + wait, probes)


def has_waited_too_long(waits_since: datetime, now: datetime) -> bool:
    """Tell whether a delivery has waited for an endpoint that is away as long as it is given."""
    return now - waits_since > PATIENCE
