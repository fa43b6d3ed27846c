"""What a worker process does for each job: guards, one call, one line of log."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import redis
import structlog

from workers.delivery.dispatch import drain_side_by_side
from workers.delivery.endpoints import Endpoint
from workers.delivery.lanes import DrainReport, Fold, drain_lane
from workers.outbound import Outbound
from workers.pipeline import Pipeline
from workers.queues import JobRefusedError, JobTimeoutError
from workers.storage.articles import Articles
from workers.storage.outbox import Outbox
from workers.worker_loop import Loop

MOST_SITES = 1_000  # that are remembered as being away

T = TypeVar("T")
log = structlog.get_logger(__name__)


class EpochError(JobRefusedError):
    """A job of another store's epoch: the store was restored or replaced since it was queued."""

    def __init__(self, asked: str, ours: str) -> None:
        super().__init__(f"the job is of epoch {asked}, this store is of epoch {ours}: refused")


@dataclass(frozen=True, slots=True)
class ArticleHands:
    """Reads articles. `patient` waits for a store that is away, where the pipeline's own rooms fail at once."""

    pipeline: Pipeline
    patient: Articles
    epoch: str
    worker: str
    job_timeout: timedelta

    def read_article(self, article_id: str, epoch: str) -> None:
        """Job: read one pending article."""
        _refuse_strangers(epoch, self.epoch)
        began = time.monotonic()
        try:
            end = self.pipeline.process(article_id, self.worker, self.pipeline.clock() + self.job_timeout)
        except redis.RedisError as error:
            log.warning("article_put_back", article_id=article_id, why=str(error))
            self._put_back(article_id)
            return
        except Exception:  # the second place where STYLE allows it: one bad job never stops the rest
            log.exception("article_failed", article_id=article_id)
            return
        if end is not None:
            log.info(
                "article_ended",
                article_id=article_id,
                outcome=end.outcome.value,
                reason=end.reason,
                title=end.title,
                publisher=end.publisher,
                statements=end.statements,
                text=end.text.value,
                took_s=round(time.monotonic() - began, 3),
            )

    def _put_back(self, article_id: str) -> None:
        """Have it read again as soon as the store is back. Where that is too late, the timers find it in the end."""
        with suppress(redis.RedisError, JobTimeoutError):
            self.patient.give_back(article_id, self.pipeline.clock())
            self.patient.put_down(self.worker)

    def drain_lane(self, lane: str, epoch: str) -> None:
        """Not this worker's job: lanes are on another queue."""
        raise NotImplementedError(f"lane {lane} of epoch {epoch} was put on the queue of articles")


@dataclass(frozen=True, slots=True)
class AlertHands:
    """Sends alerts. `stopping` tells whether the process is to end; `fold` is for chat endpoints that were away.

    `worker` names this process in the leases of lanes.
    """

    loop: Loop
    outbound: Outbound
    outbox: Outbox
    endpoints: Sequence[Endpoint]
    epoch: str
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    fold: Fold | None = None
    worker: str = ""

    def drain_lane(self, lane: str, epoch: str) -> None:
        """Job: send what waits in one lane of the outbox, and in those that fall due meanwhile."""
        _refuse_strangers(epoch, self.epoch)
        try:
            drained = self.loop.run(drain_side_by_side(self.outbox, lane, self._drain, self.clock, self.stopping))
        except redis.RedisError as error:
            log.warning("lane_put_back", lane=lane, why=str(error))
            return
        for one in drained:  # an error is told and goes no further: see ArticleHands.read_article
            if one.report is None:
                log.error("lane_failed", lane=one.lane, exc_info=one.error)
            elif one.report.counts:
                log.info("lane_drained", lane=one.lane, ending=one.report.ending.value, **one.report.counts)

    def _drain(self, lane: str) -> Coroutine[Any, Any, DrainReport]:
        return drain_lane(
            self.outbox, self.endpoints, self.outbound, lane, self.clock, _jitter, fold=self.fold, holder=self.worker
        )

    def read_article(self, article_id: str, epoch: str) -> None:
        """Not this worker's job: articles are on another queue."""
        raise NotImplementedError(f"article {article_id} of epoch {epoch} was put on the queue of alerts")


def _refuse_strangers(asked: str, ours: str) -> None:
    if asked != ours:
        raise EpochError(asked, ours)


def _jitter() -> float:
    return random.uniform(-1, 1)
