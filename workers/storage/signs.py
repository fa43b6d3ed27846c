"""When the service last gave a sign of life, and which gone feeds were told of."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from workers.storage import keys
from workers.storage.client import Client


class Signs:
    """Notes of what the timers have told, so that it is told once."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def last_heartbeat(self) -> datetime | None:
        """When the last sign of life was made (aware UTC), None before the first."""
        text = self._client.get(keys.heartbeat())
        return datetime.fromisoformat(text) if text else None

    def note_heartbeat(self, at: datetime) -> None:
        """Count from now to the next one."""
        self._client.set(keys.heartbeat(), at.isoformat())

    def note_gone(self, feed_id: str, at: datetime) -> bool:
        """Note that a feed's end is told; False when it was told already."""
        return bool(self._client.hsetnx(keys.feeds_told_gone(), feed_id, at.isoformat()))

    def forget_gone_but(self, feed_ids: Collection[str]) -> None:
        """Forget the feeds that are not gone any more: their next end is told again."""
        for feed_id in self._client.hkeys(keys.feeds_told_gone()):
            if feed_id not in feed_ids:
                self._client.hdel(keys.feeds_told_gone(), feed_id)
