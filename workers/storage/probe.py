"""Ask the store whether it takes writes, which it may refuse while it answers everything else."""

from __future__ import annotations

from workers.storage import keys
from workers.storage.client import Client

_LIVES_MS = 10_000


def try_to_write(client: Client) -> None:
    """Write something that nobody needs. Raises redis.RedisError: read-only, out of memory, its disk in trouble."""
    client.set(keys.probe(), "1", px=_LIVES_MS)
