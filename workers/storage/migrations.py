"""Bring a store of an earlier version up to date, while processes of both versions use it.

A step only adds what newer processes look at: older ones neither need nor harm it. It goes on in small batches and
notes how far it is, so that it may be interrupted at any moment and goes on from there. What older processes could not
read is no step: it raises `connection.FORMAT`, and they refuse the store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workers.storage import keys
from workers.storage.client import Client

DONE = "done"
_AT_ONCE = 500
_LEASE_MS = 60_000

Batch = Callable[[Client, str], str]
"""Do some of a step from a cursor on; answers the next cursor, or DONE. May be done twice for the same cursor."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name in the store's record, for ever, and how a batch of it is done."""

    name: str
    batch: Batch


class Migrations:
    """Takes the steps that a store has not had."""

    def __init__(self, client: Client, steps: Sequence[Step] | None = None) -> None:
        self._client = client
        self._steps = STEPS if steps is None else steps

    def pending(self) -> list[str]:
        """The names of the steps that are not done, in order."""
        found = self._client.hmget(keys.migrations(), [step.name for step in self._steps]) if self._steps else []
        return [step.name for step, state in zip(self._steps, found, strict=True) if state != DONE]

    def run(self, token: str, keep_on: Callable[[], bool] = lambda: True) -> list[str]:
        """Take every step that is not done; returns those that this call finished.

        One process at a time does so; another one returns at once, and so does this one when told not to `keep_on`.
        """
        waiting = set(self.pending())
        if not waiting or not self._client.set(keys.lease("migrations"), token, nx=True, px=_LEASE_MS):
            return []
        try:
            return [step.name for step in self._steps if step.name in waiting and self._finished(step, keep_on)]
        finally:
            if self._client.get(keys.lease("migrations")) == token:
                self._client.delete(keys.lease("migrations"))

    def _finished(self, step: Step, keep_on: Callable[[], bool]) -> bool:
        cursor = self._client.hget(keys.migrations(), step.name) or "0"
        while cursor != DONE and keep_on():
            cursor = step.batch(self._client, cursor)
            self._client.hset(keys.migrations(), step.name, cursor)
            self._client.pexpire(keys.lease("migrations"), _LEASE_MS)
        return cursor == DONE


def note_pending_since(client: Client, cursor: str) -> str:
    """Give the articles that were pending before ages were kept one from now on."""
    following, found = client.zscan(keys.pending(), cursor=int(cursor), count=_AT_ONCE)
    if found:
        client.zadd(keys.pending_since(), dict.fromkeys((article_id for article_id, _ in found), time.time()), nx=True)
    return DONE if int(following) == 0 else str(following)


STEPS = (Step("pending_since", note_pending_since),)
