"""Which workers are alive, and what each has in hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from workers.storage import keys
from workers.storage.client import Client

SIGN_LIVES = timedelta(seconds=5)  # five beats of a second: some late beats are no death


class Presence:
    """Signs of life of worker processes."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def beat(self, worker: str) -> None:
        """Show that the worker is alive."""
        self._client.set(keys.worker_alive(worker), "1", px=int(SIGN_LIVES.total_seconds() * 1000))

    def leave(self, worker: str) -> None:
        """Take the sign away: the worker has ended, or is known to be dead."""
        self._client.delete(keys.worker_alive(worker))

    def abandoned(self) -> dict[str, str]:
        """Workers that show no life, with the article that each had in hand."""
        in_hand: dict[str, str] = self._client.hgetall(keys.in_hand())
        if not in_hand:
            return {}
        signs = self._client.mget([keys.worker_alive(worker) for worker in in_hand])
        return {worker: held for (worker, held), sign in zip(in_hand.items(), signs, strict=True) if sign is None}

    def alive(self, workers: Sequence[str]) -> int:
        """How many of these show life."""
        return int(self._client.exists(*map(keys.worker_alive, workers))) if workers else 0

    def forget(self, worker: str) -> None:
        """Note that what the worker had in hand was given to another."""
        self._client.hdel(keys.in_hand(), worker)

    def held(self, mark: str) -> dict[str, str]:
        """Workers whose name has `mark`, with what each has in hand."""
        in_hand: dict[str, str] = self._client.hgetall(keys.in_hand())
        return {worker: held for worker, held in in_hand.items() if mark in worker}

    def all_held(self) -> set[str]:
        """What any worker has in hand."""
        return set(self._client.hvals(keys.in_hand()))
