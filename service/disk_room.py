"""Whether the store's disk has room for what polls bring."""

from __future__ import annotations

from collections.abc import Callable

from workers.trouble import Trouble


def room_check(free_bytes: Callable[[], int], least: int, trouble: Trouble) -> Callable[[], bool]:
    """A check whether the disk has room for what polls bring; says once when it has not."""

    def has_room() -> bool:
        free = free_bytes()
        trouble.note(OSError(f"{free} bytes free, at least {least} are needed") if free < least else None)
        return free >= least

    return has_room
