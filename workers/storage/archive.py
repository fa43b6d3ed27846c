"""Take everything that is ours out of a store as it is at one moment, and put it into an empty one.

What is taken is plain (type, values, expiry), not the server's own dump: it moves between versions and between Redis
and Valkey. What RQ keeps is left out, since it is transport only (law 1), and so are leases and signs of life.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.storage import keys
from workers.storage.client import Client, Pipe

WRITTEN_AT_ONCE = 500
_READ_AT_ONCE = 1000
_MEMBERS_AT_ONCE = 1000
UNFINISHED = 1_000_000_000  # the format of a store into which a restore has begun: no version, old or new, opens it

# In one step, so that no commit lies between two of the keys. Others wait 1 s for 100,000 statements (bench/backup.py).
_SNAPSHOT = """
local cursor, seen, found = '0', {}, {}
repeat
  local page = redis.call('scan', cursor, 'match', ARGV[1], 'count', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    if not seen[key] then
      seen[key] = true
      local kind, value = redis.call('type', key).ok, nil
      if kind == 'string' then value = redis.call('get', key)
      elseif kind == 'hash' then value = redis.call('hgetall', key)
      elseif kind == 'list' then value = redis.call('lrange', key, 0, -1)
      elseif kind == 'set' then value = redis.call('smembers', key)
      elseif kind == 'zset' then value = redis.call('zrange', key, 0, -1, 'withscores') end
      if value then found[#found + 1] = {key, kind, redis.call('pttl', key), value} end
    end
  end
until cursor == '0'
return found
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One key with its value: text for a string, else a flat list as the store gives it (field, value, …).

    `left_ms` is how long it has to live from the moment of the snapshot, None for ever.
    """

    key: str
    kind: str
    value: str | Sequence[str]
    left_ms: int | None = None


class NotEmptyError(Exception):
    """The store holds something of ours already; `keys_found` is how many keys."""

    def __init__(self, keys_found: int) -> None:
        super().__init__(f"the store holds {keys_found} keys of trucewatch")
        self.keys_found = keys_found


class Archive:
    """Snapshots of a store, and their return into one."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._snapshot = client.register_script(_SNAPSHOT)

    def snapshot(self) -> tuple[Mapping[str, str], list[Kept]]:
        """The store's own record (empty: there is none), and all else that is ours, as it is at one moment."""
        record: Mapping[str, str] = {}
        kept = []
        found: list[list[Any]] = self._snapshot(args=[f"{keys.PREFIX}:*"])
        for key, kind, left_ms, value in found:
            if key == keys.store():
                record = dict(_pairs(value))
            elif not keys.is_passing(key):
                kept.append(Kept(key, kind, value, int(left_ms) if int(left_ms) >= 0 else None))
        return record, kept

    def is_in_use(self) -> bool:
        """Tell whether some process polls or works with the store now."""
        if self._client.exists(keys.lease("timers")):
            return True
        return any(True for _ in self._client.scan_iter(match=keys.worker_alive("*"), count=_READ_AT_ONCE))

    def begin_restore(self, *, replace: bool) -> None:
        """Make the store one that nobody opens until `finish_restore`, and empty it.

        Raises NotEmptyError when it holds something of ours and is not to be replaced. What an interrupted restore
        left there is taken out without asking.
        """
        found = list(self._client.scan_iter(match=f"{keys.PREFIX}:*", count=_READ_AT_ONCE))
        interrupted = self._client.hget(keys.store(), "format") == str(UNFINISHED)
        if found and not replace and not interrupted:
            raise NotEmptyError(len(found))
        self._client.hset(keys.store(), "format", UNFINISHED)
        doomed = [key for key in found if key != keys.store()]
        for start in range(0, len(doomed), WRITTEN_AT_ONCE):
            self._client.unlink(*doomed[start : start + WRITTEN_AT_ONCE])

    def put(self, kept: Iterable[Kept]) -> Iterator[int]:
        """Write keys, many at a time; yields how many are written after each time."""
        done, batch = 0, list[Kept]()
        for one in kept:
            batch.append(one)
            if len(batch) >= WRITTEN_AT_ONCE:
                done += self._write(batch)
                batch = []
                yield done
        yield done + self._write(batch)

    def finish_restore(self, store: Mapping[str, str], epoch: str) -> None:
        """Write the store's own record with a new epoch: from now on it can be opened."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.delete(keys.store())
            pipe.hset(keys.store(), mapping={**store, "epoch": epoch})
            pipe.execute()

    def _write(self, batch: Sequence[Kept]) -> int:
        if batch:
            with self._client.pipeline(transaction=False) as pipe:
                for one in batch:
                    _stage(pipe, one)
                pipe.execute()
        return len(batch)


def _stage(pipe: Pipe, one: Kept) -> None:
    if one.kind == "string":
        pipe.set(one.key, one.value)
    for start in range(0, len(one.value), _MEMBERS_AT_ONCE * 2) if one.kind != "string" else ():
        part = one.value[start : start + _MEMBERS_AT_ONCE * 2]
        match one.kind:
            case "hash":
                pipe.hset(one.key, mapping=dict(_pairs(part)))
            case "list":
                pipe.rpush(one.key, *part)
            case "set":
                pipe.sadd(one.key, *part)
            case "zset":
                pipe.zadd(one.key, {member: float(score) for member, score in _pairs(part)})
    if one.left_ms is not None:
        pipe.pexpire(one.key, max(1, one.left_ms))


def _pairs(flat: str | Sequence[str]) -> Iterable[tuple[str, str]]:
    return zip(flat[0::2], flat[1::2], strict=True)
