"""Timers, leased among any number of `poll` processes (law 12): sweeper of articles and lanes, herald, janitor.

RQ is transport only (law 1): what is pending or due in the store and on no queue is put there again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import redis

from service.herald import Herald
from service.janitor import Janitor
from service.wait import pause
from workers.queues import Queues
from workers.relief import Relief
from workers.storage.articles import Articles
from workers.storage.leases import Leases
from workers.storage.outbox import Outbox
from workers.storage.presence import Presence

TICK_S = 0.5
LEASE_S = 4.0  # so long the timers rest when the process that has them is killed; a tick takes milliseconds
TIDY_EVERY = timedelta(seconds=60)
SWEPT_AT_ONCE = 500
AGAIN_AFTER = timedelta(seconds=60)  # a job that is neither done nor queued after a minute was lost


@dataclass(frozen=True, slots=True)
class Timers:
    """What the timers look after. `token` names this process as the holder of their lease."""

    articles: Articles
    presence: Presence
    outbox: Outbox
    queues: Queues
    leases: Leases
    token: str
    clock: Callable[[], datetime]
    on_trouble: Callable[[Exception | None], None]
    janitor: Janitor
    herald: Herald | None = None
    _tidied: list[datetime] = field(default_factory=list, repr=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until told to stop. A store that is away is waited for."""
        while not stop.is_set():
            try:
                await asyncio.to_thread(self.tick)
                self.on_trouble(None)
            except redis.RedisError as error:
                self.on_trouble(error)
            await pause(stop, TICK_S)
        await asyncio.to_thread(self._give_back)

    def tick(self) -> None:
        """Do what is due, if the lease is ours."""
        if not self.leases.hold("timers", self.token, LEASE_S):
            return
        self.release_abandoned()
        self.sweep_articles()
        if self.herald is not None:
            self.herald.tick()
        self.sweep_lanes()
        self.tidy()
        self.janitor.tick()

    def release_abandoned(self) -> None:
        """Make what dead workers had in hand due at once."""
        relief = Relief(self.presence, self.articles, self.outbox, self.queues)
        for worker in self.presence.abandoned():
            relief.relieve(worker, self.clock())

    def tidy(self) -> None:
        """Once a minute remove what RQ keeps of jobs and workers that are gone."""
        now = self.clock()
        if not self._tidied or now - self._tidied[-1] >= TIDY_EVERY:
            self._tidied[:] = [now]
            self.queues.tidy(now)

    def sweep_articles(self) -> None:
        """Queue the pending articles that are due."""
        now = self.clock()
        due = self.articles.due(now, SWEPT_AT_ONCE)
        if due:
            self.queues.enqueue_articles(due)
            self.articles.note_queued(due, now + AGAIN_AFTER)

    def sweep_lanes(self) -> None:
        """Queue the lanes whose first delivery is due."""
        due = self.outbox.due_lanes(self.clock(), SWEPT_AT_ONCE)
        if due:
            self.queues.enqueue_lanes(due)

    def _give_back(self) -> None:
        try:
            self.leases.release("timers", self.token)
        except redis.RedisError:
            return  # it runs out by itself
