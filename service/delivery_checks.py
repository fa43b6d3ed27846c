"""The checks behind /readyz on delivery. They only warn, and name nobody: /readyz is open to whoever asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime

from service.facts import read_endpoints
from service.readiness import Check
from workers.storage.outbox import Outbox
from workers.storage.silences import Silences


def endpoints_check(outbox: Outbox, names: Collection[str]) -> Check:
    """Every endpoint of the settings is sent to; a warning when one is away or disabled."""
    found = [endpoint for endpoint in read_endpoints(outbox, names) if endpoint.name in names]
    states = Counter(endpoint.state for endpoint in found if not endpoint.ok)
    if not states:
        return Check(ok=True, why=f"all {len(names)} are sent to" if names else "none are set", only_warns=True)
    words = ", ".join(f"{count} of {len(names)} {state}" for state, count in sorted(states.items()))
    return Check(ok=False, why=f"{words}: see trucewatch endpoints list", only_warns=True)


def silences_check(silences: Silences, now: datetime) -> Check:
    """How much is held back by silences. That is no trouble: a person asked for it."""
    active = [silence for silence in silences.listed() if silence.is_active(now)]
    held = sum(silences.held_count(silence.silence_id) for silence in active)
    why = f"{len(active)} active, {held} deliveries held back" if active else "none active"
    return Check(ok=True, why=why, only_warns=True)


def delivery_checks(
    outbox: Outbox, silences: Silences, names: Collection[str], clock: Callable[[], datetime]
) -> dict[str, Callable[[], Check]]:
    """Both checks; `names` are the endpoints of the settings."""
    return {
        "endpoints": lambda: endpoints_check(outbox, names),
        "silences": lambda: silences_check(silences, clock()),
    }
