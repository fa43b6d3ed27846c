"""When the service last gave a sign of life, and which gone feeds were told of."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from workers.storage import keys
from workers.storage.client import Client, Pipe


class Signs:
    """Notes of what the timers have told, so that it is told once."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def last_heartbeat(self) -> datetime | None:
        """When the last sign of life was made (aware UTC), None before the first, or when the note is damaged."""
        try:
            return datetime.fromisoformat(self._client.get(keys.heartbeat()) or "")
        except ValueError:
            return None

    def note_heartbeat(self, at: datetime, pipe: Pipe | None = None) -> None:
        """Count from now to the next one; with a `pipe`, in the caller's MULTI."""
        (pipe or self._client).set(keys.heartbeat(), at.isoformat())

    def told_gone(self) -> set[str]:
        """The feeds whose end is told."""
        return set(self._client.hkeys(keys.feeds_told_gone()))

    def note_gone(self, feed_id: str, at: datetime, pipe: Pipe) -> None:
        """Add to the caller's MULTI that a feed's end is told."""
        pipe.hset(keys.feeds_told_gone(), feed_id, at.isoformat())

    def forget_gone_but(self, feed_ids: Collection[str]) -> None:
        """Forget the feeds that are not gone any more: their next end is told again."""
        for feed_id in self._client.hkeys(keys.feeds_told_gone()):
            if feed_id not in feed_ids:
                self._client.hdel(keys.feeds_told_gone(), feed_id)
