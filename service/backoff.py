"""How long to wait before something that died is started again."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Pauses that double from `first_s` to `longest_s`, and start over after a life of `healthy_s`. All in seconds."""

    first_s: float = 0.2
    longest_s: float = 30.0
    healthy_s: float = 30.0
    _next_s: float = field(default=0.0, repr=False)

    def pause_after(self, lived_s: float) -> float:
        """Say how long to wait, in seconds, after a life of `lived_s`."""
        if lived_s >= self.healthy_s or not self._next_s:
            self._next_s = self.first_s
        pause_s = self._next_s
        self._next_s = min(2 * pause_s, self.longest_s)
        return pause_s
