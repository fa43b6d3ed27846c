"""How the store itself is: what it promises to keep, how much memory it uses, what time it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import redis

from workers.storage import keys
from workers.storage.client import Client


@dataclass(frozen=True, slots=True)
class Vital:
    """What a store tells of itself; None where it does not let us ask.

    `durable`: what it acknowledged is on its disk (AOF always). `evicts`: when it is full it throws keys away.
    """

    used_bytes: int
    durable: bool | None
    evicts: bool | None


class Vitals:
    """Asks the store about itself. Every method raises redis.RedisError when it is away."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self) -> Vital:
        """Read what /metrics tells of the store."""
        told = self.told("appendonly", "appendfsync")
        durable = (told.get("appendonly"), told.get("appendfsync")) == ("yes", "always") if told else None
        policy = self.told("maxmemory-policy").get("maxmemory-policy")
        return Vital(
            used_bytes=int(self._client.info("memory")["used_memory"]),
            durable=durable,
            evicts=policy != "noeviction" if policy else None,
        )

    def told(self, *names: str) -> Mapping[str, str]:
        """What the store tells of settings of its own; nothing when it does not let us ask."""
        found: dict[str, str] = {}
        for name in names:
            try:
                found |= self._client.config_get(name)
            except redis.ResponseError:
                return {}
        return found

    def clock(self) -> datetime:
        """The store's own time, aware UTC."""
        seconds, microseconds = self._client.time()
        return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(microseconds))

    def is_held(self, lease: str) -> bool:
        """Tell whether any process holds the lease of this name now."""
        return bool(self._client.exists(keys.lease(lease)))
