"""The thresholds by which stances move positions and changes become alerts. Each is a setting with a default."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator may tune.

    `least_confidence` (0..1): a stance below it needs a second independent publisher. `corroboration_window`: how far
    apart two publications may be to vouch for each other. `alert_max_age`: a change said longer ago is history.
    `late_after`: an article first fetched longer than this after its publication is told as late.
    `flip_window`: over which an actor's changes are counted as flips.
    """

    least_confidence: float = 0.5
    corroboration_window: timedelta = timedelta(hours=48)
    alert_max_age: timedelta = timedelta(hours=72)
    late_after: timedelta = timedelta(hours=6)
    flip_window: timedelta = timedelta(days=7)
