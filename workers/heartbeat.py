"""A worker's own sign of life in the store, by which its unfinished work is told from work in hand."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

import redis

from workers.storage.presence import Presence

BEAT_S = 1.0


class Heartbeat:
    """Beats in a thread of its own while the process lives.

    A store that is away is waited for: `on_trouble` is told of it at each beat, and None at each that is well.
    """

    def __init__(self, presence: Presence, worker: str, on_trouble: Callable[[Exception | None], None]) -> None:
        self._presence = presence
        self._worker = worker
        self._on_trouble = on_trouble
        self._stop = Event()
        self._thread = Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Stop beating and take the sign away."""
        self._stop.set()
        self._thread.join(timeout=BEAT_S)
        with suppress(redis.RedisError):  # the sign runs out by itself
            self._presence.leave(self._worker)

    def _beat(self) -> None:
        while not self._stop.is_set():
            # A store that is away: the next beat tells; if the sign runs out, the work is given to another.
            try:
                self._presence.beat(self._worker)
                self._on_trouble(None)
            except redis.RedisError as error:
                self._on_trouble(error)
            self._stop.wait(BEAT_S)
