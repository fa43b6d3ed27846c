"""What a worker tells its parent without a store: which job it has in hand, and by when that must be over.

It lies in memory that both processes see, so that the parent can read it of a worker that hangs in a library.
"""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LAYOUT = struct.Struct("=d240s")  # when the job must be over, 0.0 for none; its name
_NAME_BYTES = 240


class Watch:
    """One worker's job in hand. `limit_s`: after so many seconds a job is taken to hang. `clock` never goes back.

    Make it before the worker is forked: it is the same memory in both then.
    """

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._memory = mmap.mmap(-1, _LAYOUT.size)

    @contextmanager
    def over(self, job: str) -> Iterator[None]:
        """Have the job watched for the length of a `with` block."""
        self._write(self._clock() + self._limit_s, job)
        try:
            yield
        finally:
            self.clear()

    def hung(self) -> str | None:
        """The job that should be over by now, None while all is well."""
        until, name = _LAYOUT.unpack(self._memory[:])
        if not until or self._clock() < until:
            return None
        return str(name.rstrip(b"\0").decode(errors="replace"))

    def clear(self) -> None:
        """Note that no job is in hand: a new worker begins."""
        self._write(0.0, "")

    def _write(self, until: float, job: str) -> None:
        self._memory[:] = _LAYOUT.pack(until, job.encode()[:_NAME_BYTES])
