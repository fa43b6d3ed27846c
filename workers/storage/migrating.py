"""Bring a store that an older trucewatch wrote to the present format, one step for each format.

A change of what is stored that the present code cannot read, or would read wrongly, raises FORMAT and brings the step
from the format before. Fields that are added with a default need neither: older records are read with the default, and
`tests/workers/storage/golden` holds records of every format to that. A store of a newer format is refused.

Every step may run twice, and while others read and write: processes of one service start at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import redis

from workers.storage import keys
from workers.storage.client import Client, Pipe

FORMAT = 2
_BYTE = 0xFF  # of each number of a signature, as it is kept now


def migrate(client: Client, found: int) -> None:
    """Take every step from the format `found` to the present one; nothing where it is that already."""
    for step in range(found, FORMAT):
        STEPS[step](client)
        client.hset(keys.store(), "format", step + 1)


def _shorten_signatures(client: Client) -> None:
    """Format 1 kept a signature as a list of 96 numbers below 65,536; it is their last bytes in hex digits."""
    for conflict_id in sorted(client.smembers(keys.conflicts())):
        for actor_id in client.hkeys(keys.changes(conflict_id)):
            _rewrite(client, keys.version(conflict_id), _short_hash, keys.stances(conflict_id, actor_id))
    for article_id in client.zrange(keys.corrected_articles(), 0, -1):
        _rewrite(client, keys.corrections(article_id), _short_list, keys.corrections(article_id))


def _rewrite(client: Client, watched: str, stage: Callable[[Pipe, str], None], key: str) -> None:
    """Read and write a key in one transaction; again when somebody wrote in between. `stage` begins the MULTI."""
    while True:
        with client.pipeline(transaction=True) as pipe:
            pipe.watch(watched)
            stage(pipe, key)
            try:
                pipe.execute()
            except redis.WatchError:
                continue
            return


def _short_hash(pipe: Pipe, key: str) -> None:
    held: Mapping[str, str] = pipe.hgetall(key)
    changed = {field: short for field, text in held.items() if (short := _shortened(text)) is not None}
    pipe.multi()
    if changed:
        pipe.hset(key, mapping=dict(changed))


def _short_list(pipe: Pipe, key: str) -> None:
    held: Iterable[str] = pipe.lrange(key, 0, -1)
    changed = [(place, short) for place, text in enumerate(held) if (short := _shortened(text)) is not None]
    pipe.multi()
    for place, short in changed:
        pipe.lset(key, place, short)


def _shortened(text: str) -> str | None:
    """The record with its signature as it is kept now; None where it is that already."""
    fields: dict[str, Any] = json.loads(text)
    signature = fields.get("signature")
    if not isinstance(signature, list):
        return None
    fields["signature"] = bytes(number & _BYTE for number in signature).hex()
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


STEPS: Mapping[int, Callable[[Client], None]] = {1: _shorten_signatures}
