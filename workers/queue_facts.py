"""How the queues fare, for those who look on: what waits, since when, what runs, which workers are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.worker_registration import get_keys

from workers.queues import QUEUES
from workers.storage.client import Client

_WORKER_KEY = "rq:worker:"


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """One queue: jobs that wait, since when the first does (aware UTC, None: none waits), jobs that run, workers."""

    name: str
    waiting: int
    oldest_at: datetime | None
    running: int
    workers: Sequence[str]


def look_at_queues(client: Client) -> list[QueueFacts]:
    """Look at every queue. `client` is RQ's own, which reads bytes."""
    return [_look(Queue(name, connection=client, serializer=JSONSerializer)) for name in QUEUES]


def _look(queue: Queue) -> QueueFacts:
    started = StartedJobRegistry(queue=queue, serializer=JSONSerializer)
    return QueueFacts(
        name=queue.name,
        waiting=len(queue),
        oldest_at=_oldest_at(queue),
        running=int(queue.connection.zcard(started.key)),  # plain: `count` first tidies up, and we only look on
        workers=sorted(name.removeprefix(_WORKER_KEY) for name in get_keys(queue=queue)),
    )


def _oldest_at(queue: Queue) -> datetime | None:
    job_ids = queue.get_job_ids(0, 1)
    if not job_ids:
        return None
    try:
        return queue.job_class.fetch(job_ids[0], connection=queue.connection, serializer=JSONSerializer).enqueued_at
    except NoSuchJobError:  # taken meanwhile
        return None
