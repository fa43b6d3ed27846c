"""Leases: who may do a thing that only one process does at a time."""

from __future__ import annotations

from workers.storage import keys
from workers.storage.client import Client

_RENEW = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end
return redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
"""
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class Leases:
    """Named leases with a token; a holder that dies loses its lease when it runs out."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._renew = client.register_script(_RENEW)
        self._release = client.register_script(_RELEASE)

    def hold(self, name: str, token: str, lease_s: float) -> bool:
        """Take or renew the lease; tells whether `token` holds it now."""
        return bool(self._renew(keys=[keys.lease(name)], args=[token, int(lease_s * 1000)]))

    def release(self, name: str, token: str) -> bool:
        """Give the lease back; False when `token` did not hold it."""
        return bool(self._release(keys=[keys.lease(name)], args=[token]))

    def free(self, name: str) -> None:
        """Take the lease from whoever holds it, who is known to be dead."""
        self._client.delete(keys.lease(name))
