"""Give what dead workers had in hand to others at once, instead of when signs of life and leases have run out."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.queues import ARTICLES, Queues
from workers.storage.articles import Articles
from workers.storage.outbox import Outbox
from workers.storage.presence import Presence
from workers.stores import Stores

ANYBODY = "-"  # stands in the name of every worker
QUEUED_FOR = timedelta(seconds=60)  # then the timers look after it
_LOOKED_AT = 2_000  # pending articles; more than so many wait on no healthy queue, and the sweeper finds the rest
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")


def mark_of(parent: int, pid: int | None = None) -> str:
    """What the names of a parent's workers have in them, or that of one of them. Pids are this machine's."""
    host = _NOT_IN_NAMES.sub("", socket.gethostname())[:40]
    return f"-{host}-{parent}-" + (f"{pid}-" if pid is not None else "")


@dataclass(frozen=True, slots=True)
class Relief:
    """The rooms in which a worker leaves its marks."""

    presence: Presence
    articles: Articles
    outbox: Outbox
    queues: Queues

    def relieve(self, mark: str, now: datetime) -> None:
        """Queue at once what the workers with `mark` in their names had in hand; they are dead.

        A worker that is alive after all finds its article's token or its lane's lease gone, and writes nothing.
        """
        held = self.presence.held(mark)
        self._queue(list(held.values()), now)  # first, so that one who dies here leaves nothing behind
        for worker in held:
            self.presence.forget(worker)
            self.presence.leave(worker)
        self.queues.enqueue_lanes(self.outbox.free(mark))
        self._queue(self._lost(now), now)

    def _queue(self, article_ids: Sequence[str], now: datetime) -> None:
        """Queue articles before all others: they have waited their time already."""
        self.articles.set_due(article_ids, now)
        self.queues.enqueue_articles(article_ids, first=True)
        self.articles.note_queued(article_ids, now + QUEUED_FOR)

    def _lost(self, now: datetime) -> list[str]:
        """Articles that are on no queue and in no hand: their worker died as it took them off the one, or after."""
        waiting = self.articles.under_way(now, _LOOKED_AT)
        if not waiting:
            return []
        known = self.queues.queued_keys(ARTICLES, waiting) | self.presence.all_held()
        return [article_id for article_id in waiting if article_id not in known]


def relieve(stores: Stores, mark: str, now: datetime) -> None:
    """See `Relief.relieve`."""
    Relief(stores.presence, stores.articles, stores.outbox, stores.queues).relieve(mark, now)
