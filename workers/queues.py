"""The two crossings on RQ: queue `articles` and queue `alerts`. RQ is transport; losing a job is a delay (law 1)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
import structlog
from redis.exceptions import NoPermissionError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException

from workers.storage.connection import Patience

ARTICLES = "articles"
ALERTS = "alerts"
QUEUES = (ARTICLES, ALERTS)
READ_ARTICLE = "workers.jobs.read_article"
DRAIN_LANE = "workers.jobs.drain_lane"
FUNCTIONS = (READ_ARTICLE, DRAIN_LANE)

RESULT_TTL_S = 60  # never 0: a job run again after abandonment needs its hash (ANCHORS section 3)
FAILURE_TTL = timedelta(days=7)
WORKER_TTL_S = 30
SHOWN_EVERY_S = 10.0
JobTimeoutError = JobTimeoutException  # what RQ raises inside of a job that runs for too long

log = structlog.get_logger(__name__)
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
        self._taken: dict[str, set[bytes]] = {}  # what the last look found taken and not begun, by queue

    def enqueue_articles(self, article_ids: Iterable[str], *, first: bool = False) -> None:
        """Queue the reading of these articles, `first` before all others; one that is queued is not queued twice."""
        self._enqueue(ARTICLES, READ_ARTICLE, article_ids, first=first)

    def enqueue_lanes(self, lanes: Iterable[str]) -> None:
        """Queue the draining of these lanes."""
        self._enqueue(ALERTS, DRAIN_LANE, lanes)

    def queued(self, name: str) -> set[str]:
        """Ids of the jobs that wait in a queue."""
        return set(self._queues[name].get_job_ids())

    def depth(self, name: str) -> int:
        """How many jobs wait in a queue."""
        return len(self._queues[name])

    def queued_keys(self, name: str, keys: Iterable[str]) -> set[str]:
        """Those of the keys whose job waits in a queue."""
        waiting = self.queued(name)
        return {key for key in keys if job_id(name, key) in waiting}

    def tidy(self, now: datetime) -> int:
        """Remove what RQ keeps of jobs and workers that are gone; returns how many traces there were. No lock is held.

        What is not done yet is in the store's own structures (law 1), so nothing here has to be saved. A job that was
        taken off a queue and did not begin is removed at the second look.
        """
        gone = sum(self._tidied(queue, now) for queue in self._queues.values())
        workers = [name.decode() for name in self._client.smembers("rq:workers")]
        for worker in workers:
            if not self._client.exists(worker):
                gone += self._client.srem("rq:workers", worker)
                for name in QUEUES:
                    self._client.srem(f"rq:workers:{name}", worker)
        return gone

    def _tidied(self, queue: Queue, now: datetime) -> int:
        taken = set(self._client.lrange(queue.intermediate_queue_key, 0, -1))
        stale = taken & self._taken.get(queue.name, set())
        self._taken[queue.name] = taken - stale
        until = f"({now.timestamp()}"
        started = self._client.zrangebyscore(f"rq:wip:{queue.name}", 0, until)
        with self._client.pipeline(transaction=False) as pipe:
            for identity in stale:
                pipe.lrem(queue.intermediate_queue_key, 0, identity)
            for execution in started:
                pipe.zrem(f"rq:wip:{queue.name}", execution)
                pipe.delete(f"rq:execution:{execution.decode()}")
            for registry in ("finished", "failed"):
                pipe.zremrangebyscore(f"rq:{registry}:{queue.name}", 0, until)
            return len(stale) + len(started) + int(sum(pipe.execute()[-2:]))

    def _enqueue(self, name: str, function: str, keys: Iterable[str], *, first: bool = False) -> None:
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
                at_front=first,
            )
            for identity, key in wanted.items()
            if identity not in waiting
        ]
        if jobs:
            queue.enqueue_many(jobs)


def job_id(queue_name: str, key: str) -> str:
    """The one id of the job for a key; RQ allows letters, digits, dash and underscore, and no dot works."""
    return f"{queue_name}-{_NOT_IN_IDS.sub('_', key)}"


class JobRefusedError(Exception):
    """A job is none of ours: it is not run, and says why."""


class PatientWorker(SimpleWorker):
    """An RQ worker that waits for a store that is away, runs our own jobs only, and outlives bad ones.

    RQ's own workers quit with a traceback when the store goes in the wrong moment, and at a job that cannot be read;
    they call whatever function a job names, which lets whoever writes to the store run code.
    """

    patience: Patience
    _shown_at = float("-inf")
    refused: NoPermissionError | None = None  # what ended the work: the store's user lacks a right

    def handle_warm_shutdown_request(self) -> None:
        """Wait for the store no more: called by RQ's handlers of SIGTERM and Ctrl-C before anything else."""
        self.patience.end()

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:  # noqa: ARG002 - RQ's signature
        """Show life to those who look at RQ, once in a while: our own sign of life is another (`heartbeat.py`).

        RQ sends three commands four times for each job, each of which waits for the store's disk.
        """
        if time.monotonic() - self._shown_at >= SHOWN_EVERY_S:
            self._shown_at = time.monotonic()
            super().heartbeat(self.worker_ttl + 60, pipeline)

    def set_state(self, state: str, pipeline: Any = None) -> None:  # noqa: ARG002 - RQ's signature
        """Keep the state to ourselves: nobody asks the store for it."""
        self._state = state

    def check_for_suspension(self, burst: bool) -> None:  # noqa: FBT001 - RQ's signature
        """Nobody suspends our workers: they are stopped."""

    def run_maintenance_tasks(self) -> None:
        """Leave it to our own janitor (`Queues.tidy`): RQ's holds a lock for minutes, and fails jobs that wait."""
        self.last_cleaned_at = datetime.now(UTC)  # type: ignore[assignment]  # RQ says None only

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Take the next job; one whose record cannot be read is put aside, and the next is taken."""
        while True:
            try:
                return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
            except NoPermissionError as error:
                self.refused = error
                raise StopRequested from error
            except (redis.RedisError, StopRequested):
                raise
            except Exception as error:  # noqa: BLE001 - a record that somebody else wrote fails in many ways
                log.error("job_refused", queue=self.queue_names()[0], why=f"its record cannot be read: {error!r}")  # noqa: TRY400

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job; one during which the store went away and the stop came is left to another worker (law 1)."""
        try:
            why = refusal_of(job)
            if why is None:
                super().execute_job(job, queue)
            else:
                log.error("job_refused", queue=queue.name, job_id=job.id, why=why)
                self._put_aside(job, queue)
        except redis.RedisError:
            if not self.patience.ended:
                raise
            raise StopRequested from None

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Say in one line why a job failed: an error of a job is a bug of ours, or the job is none of ours."""
        error = exc_info[1]
        if isinstance(error, JobRefusedError):
            log.error("job_refused", queue=job.origin, job_id=job.id, why=str(error))
        else:
            log.error("job_failed", queue=job.origin, job_id=job.id, why=repr(error), exc_info=error)

    def _put_aside(self, job: Job, queue: Queue) -> None:
        """Forget a job: what it was to do, if anything, is in the store's own structures."""
        with self.connection.pipeline() as pipe:
            pipe.lrem(queue.intermediate_queue_key, 0, job.id)
            pipe.delete(job.key)
            pipe.execute()


def refusal_of(job: Job) -> str | None:
    """Say why a job is none of ours, None when it is: its function and its two arguments, the key and the epoch."""
    try:
        function, args, named = job.func_name, job.args, job.kwargs
    except Exception as error:  # noqa: BLE001 - whatever somebody else wrote there
        return f"its arguments are not JSON as we write it: {error!r}"[:300]
    if function not in FUNCTIONS:
        return f"it asks for {function!r}, which this version does not know; known are {', '.join(FUNCTIONS)}"[:300]
    if named or len(args or ()) != 2 or not all(isinstance(arg, str) for arg in args):  # noqa: PLR2004
        return f"it was queued by another version: its arguments are {args!r} {named!r}, not a key and an epoch"[:300]
    return None


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
    )
    worker.patience = patience
    return worker
