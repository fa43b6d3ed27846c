"""The two crossings on RQ: queue `articles` and queue `alerts`. RQ is transport; losing a job is a delay (law 1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import redis
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException

from workers.storage.connection import Patience

ARTICLES = "articles"
ALERTS = "alerts"
QUEUES = (ARTICLES, ALERTS)

RESULT_TTL_S = 60  # never 0: a job run again after abandonment needs its hash (ANCHORS section 3)
FAILURE_TTL = timedelta(days=7)
WORKER_TTL_S = 30
JobTimeoutError = JobTimeoutException  # what RQ raises inside of a job that runs for too long
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


class PatientWorker(SimpleWorker):
    """Waits for a store that is away; RQ's own workers quit with a traceback when it goes in the wrong moment."""

    patience: Patience

    def handle_warm_shutdown_request(self) -> None:
        """Wait for the store no more: called by RQ's handlers of SIGTERM and Ctrl-C before anything else."""
        self.patience.end()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job; one during which the store went away and the stop came is left to another worker (law 1)."""
        try:
            super().execute_job(job, queue)
        except redis.RedisError:
            if not self.patience.ended:
                raise
            raise StopRequested from None


def worker_of(queue_name: str, client: Any, name: str, patience: Patience) -> PatientWorker:
    """An RQ worker for one queue; one queue per process, since BLMOVE loses no job and BLPOP may.

    `patience` is that of the `client`.
    """
    worker = PatientWorker(
        [Queue(queue_name, connection=client, serializer=JSONSerializer)],
        connection=client,
        name=name,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=60,
    )
    worker.patience = patience
    return worker
