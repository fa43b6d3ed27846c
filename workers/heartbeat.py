"""A worker's own sign of life in the store, by which its unfinished work is told from work in hand."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread

import redis

from workers.storage.presence import Presence

BEAT_S = 2.0


class Heartbeat:
    """Beats in a thread of its own while the process lives; a store that is away is waited for."""

    def __init__(self, presence: Presence, worker: str) -> None:
        self._presence = presence
        self._worker = worker
        self._stop = Event()
        self._thread = Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Stop beating and take the sign away."""
        self._stop.set()
        self._thread.join(timeout=BEAT_S)
        self._presence.leave(self._worker)

    def _beat(self) -> None:
        while not self._stop.is_set():
            # A store that is away: the next beat tells; if the sign runs out, the work is given to another.
            with suppress(redis.RedisError):
                self._presence.beat(self._worker)
            self._stop.wait(BEAT_S)
