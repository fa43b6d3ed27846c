"""Say what is wrong once, and once when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Trouble:
    """Remembers whether something is in trouble, so that only changes of state are logged.

    `began` and `ended` are the events. `level` is that of the first: `warning` for what heals itself, `error` for what
    a person must look at.
    """

    began: str
    ended: str
    level: str = "warning"
    why: str | None = field(default=None)

    def note(self, error: Exception | None) -> None:
        """Note trouble, or with None that all is well."""
        why = None if error is None else f"{type(error).__name__}: {error}"
        if why is not None and self.why is None:
            getattr(log, self.level)(self.began, why=why)
        elif why is None and self.why is not None:
            log.warning(self.ended, after=self.why)
        self.why = why


def store_trouble() -> Trouble:
    """The trouble of a process whose store is away."""
    return Trouble("store_away", "store_back")
