"""Say what is wrong once, and once when it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Trouble:
    """Remembers whether something is in trouble, so that only changes of state are logged."""

    began: str
    ended: str
    why: str | None = field(default=None)

    def note(self, error: Exception | None) -> None:
        """Note trouble, or with None that all is well."""
        why = None if error is None else f"{type(error).__name__}: {error}"
        if why is not None and self.why is None:
            log.error(self.began, why=why)
        elif why is None and self.why is not None:
            log.info(self.ended)
        self.why = why


def room_check(free_bytes: Callable[[], int], least: int, trouble: Trouble) -> Callable[[], bool]:
    """A check whether the disk has room for what polls bring; says once when it has not."""

    def has_room() -> bool:
        free = free_bytes()
        trouble.note(OSError(f"{free} bytes free, at least {least} are needed") if free < least else None)
        return free >= least

    return has_room
