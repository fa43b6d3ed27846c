"""The two crossings on RQ: queue `articles` and queue `alerts`. RQ is transport; losing a job is a delay (law 1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

ARTICLES = "articles"
ALERTS = "alerts"
QUEUES = (ARTICLES, ALERTS)

RESULT_TTL_S = 60  # never 0: a job run again after abandonment needs its hash (ANCHORS section 3)
FAILURE_TTL = timedelta(days=7)
WORKER_TTL_S = 30
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]")


class Queues:
    """Puts jobs on the queues. Every job carries the store's epoch; a worker refuses those of another."""

    def __init__(self, client: Any, epoch: str, job_timeout: timedelta) -> None:
        self._client = client
        self._epoch = epoch
        self._timeout_s = int(job_timeout.total_seconds())
        self._queues = {
            name: Queue(name, connection=client, serializer=JSONSerializer, default_timeout=self._timeout_s)
            for name in QUEUES
        }

    def enqueue_articles(self, article_ids: Iterable[str]) -> None:
        """Queue the reading of these articles; one that is queued already is not queued twice."""
        self._enqueue(ARTICLES, "workers.jobs.read_article", article_ids)

    def enqueue_lanes(self, lanes: Iterable[str]) -> None:
        """Queue the draining of these lanes."""
        self._enqueue(ALERTS, "workers.jobs.drain_lane", lanes)

    def queued(self, name: str) -> set[str]:
        """Ids of the jobs that wait in a queue."""
        return set(self._queues[name].get_job_ids())

    def depth(self, name: str) -> int:
        """How many jobs wait in a queue."""
        return len(self._queues[name])

    def _enqueue(self, name: str, function: str, keys: Iterable[str]) -> None:
        wanted = {job_id(name, key): key for key in keys}
        waiting = self.queued(name) if wanted else set()
        queue = self._queues[name]
        jobs = [
            Queue.prepare_data(
                function,
                args=(key, self._epoch),
                job_id=identity,
                timeout=self._timeout_s,
                result_ttl=RESULT_TTL_S,
                failure_ttl=int(FAILURE_TTL.total_seconds()),
                description=identity,
            )
            for identity, key in wanted.items()
            if identity not in waiting
        ]
        if jobs:
            queue.enqueue_many(jobs)


def job_id(queue_name: str, key: str) -> str:
    """The one id of the job for a key; RQ allows letters, digits, dash and underscore, and no dot works."""
    return f"{queue_name}-{_NOT_IN_IDS.sub('_', key)}"


def worker_of(queue_name: str, client: Any, name: str) -> SimpleWorker:
    """An RQ worker for one queue; one queue per process, since BLMOVE loses no job and BLPOP may."""
    queue = Queue(queue_name, connection=client, serializer=JSONSerializer)
    return SimpleWorker(
        [queue],
        connection=client,
        name=name,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=60,
    )
