"""Drain a lane of the outbox: send what waits to one endpoint on one conflict, in order, one at a time."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import redis
import structlog

from workers.delivery.endpoints import Endpoint
from workers.delivery.sending import SendResult, Timeouts, send
from workers.domain.alert import Delivery, DeliveryState
from workers.domain.retry import MAX_SENDS, Verdict, wait_after
from workers.outbound import Outbound
from workers.storage.outbox import Outbox, endpoint_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a job holds a lane.

    `lease_s`: so long a killed job's lane waits for the next one. `renew_every_s`: a stall of the loop or the store
    may eat two renewals before the lease is lost. `drain_for`: then the lane is left to the next job, so that no job
    runs into RQ's limit. `rest`: how long a lane is left alone after an error of our own. `timeouts` are those of one
    send.
    """

    lease_s: float = 10.0
    renew_every_s: float = 3.0
    drain_for: timedelta = timedelta(seconds=30)
    rest: timedelta = timedelta(seconds=60)
    timeouts: Timeouts = field(default_factory=Timeouts)


class Ending(StrEnum):
    """Why a drain ended."""

    EMPTY = "empty"
    NOT_DUE = "not_due"  # the first delivery waits to be tried again
    TAKEN = "taken"  # another job drains the lane
    LOST = "lost"  # the lease ran out under us; another job may have the lane now
    TIME_UP = "time_up"  # more is due; the next job goes on


@dataclass(frozen=True, slots=True)
class DrainReport:
    """What one job did with a lane: why it ended, and how often a send came to what (`delivered`, `retry`, …)."""

    lane: str
    ending: Ending
    counts: Mapping[str, int] = field(default_factory=dict)


async def drain_lane(  # noqa: PLR0917 - the parts that a worker has, in the order of its own fields
    outbox: Outbox,
    endpoints: Iterable[Endpoint],
    outbound: Outbound,
    lane: str,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    *,
    pace: Pace | None = None,
) -> DrainReport:
    """Send the lane's deliveries that are due, in order, until it is empty, blocked by a failure, or time is up.

    `jitter` gives a number in -1..1 for each failure. One job drains a lane at a time; one that comes second does
    nothing. What the store or a bug raises goes through; after a bug the lane rests for `pace.rest`.
    """
    pace = pace or Pace()
    token = secrets.token_hex(16)
    if not outbox.claim(lane, token, pace.lease_s):
        return DrainReport(lane, Ending.TAKEN)
    by_name = {endpoint.name: endpoint for endpoint in endpoints}
    drain = _Drain(outbox, by_name.get(endpoint_of(lane)), outbound, lane, token, now, jitter, pace)
    try:
        ending = await drain.run()
    except redis.RedisError:  # the store went away: nothing is wrong with the lane
        raise
    except Exception:
        # Whatever it was would come again at once, as often as the timers look, and use up the sends of a delivery.
        outbox.defer(lane, token, now() + pace.rest)
        raise
    finally:
        outbox.release(lane, token)
    return DrainReport(lane, ending, dict(drain.counts))


@dataclass(frozen=True, slots=True)
class _Drain:
    """One job's hold of one lane. `endpoint` is None when the settings no longer have it."""

    outbox: Outbox
    endpoint: Endpoint | None
    outbound: Outbound
    lane: str
    token: str
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    pace: Pace
    counts: Counter[str] = field(default_factory=Counter)

    async def run(self) -> Ending:
        until = self.now() + self.pace.drain_for
        while (delivery := self.outbox.head(self.lane)) is not None:
            due_at = self.outbox.due_at(self.lane)
            if due_at is not None and due_at > self.now():
                return Ending.NOT_DUE
            if self.now() >= until:
                return Ending.TIME_UP
            if not await self._settled(delivery):
                return Ending.LOST
        return Ending.EMPTY

    async def _settled(self, delivery: Delivery) -> bool:
        """Bring the head of the lane one step on; False when the lease is lost."""
        closed = self._closed(delivery)
        if closed is not None or self.endpoint is None:
            return self._end(delivery, DeliveryState.ENDPOINT_GONE, closed)
        began = time.monotonic()
        begun = self.outbox.begin(self.lane, self.token, delivery, self.pace.lease_s)
        if begun is None:
            return False
        if begun.attempts > MAX_SENDS:
            return self._end(begun, DeliveryState.DEAD, f"given up after {MAX_SENDS} sends; {begun.last_error}")
        result = await self._sent(begun, self.endpoint)
        if result is None:
            return False
        log.info(
            "delivery_sent",
            delivery_id=begun.delivery_id,
            endpoint=begun.endpoint,
            verdict=result.verdict.value,
            status=result.status,
            why=result.why,
            attempts=begun.attempts,
            took_s=round(time.monotonic() - began, 3),
        )
        return self._settle(begun, result)

    def _closed(self, delivery: Delivery) -> str | None:
        """Why nothing can be sent to the endpoint any more, None when it is open."""
        if self.endpoint is None:
            return "the endpoint is no longer in the settings"
        disabled = self.outbox.disabled().get(delivery.endpoint)
        return f"the endpoint is disabled: {disabled.why}" if disabled else None

    async def _sent(self, delivery: Delivery, endpoint: Endpoint) -> SendResult | None:
        """Send while the lease is kept; None when it was lost, and the request given up."""
        sending = asyncio.create_task(send(self.outbound, endpoint, delivery, self.now(), self.pace.timeouts))
        keeping = asyncio.create_task(self._keep_lease())
        try:
            await asyncio.wait({sending, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                return sending.result()
            keeping.result()  # raises what kept the store from answering
            return None
        finally:
            for task in (sending, keeping):
                task.cancel()
            await asyncio.gather(sending, keeping, return_exceptions=True)

    async def _keep_lease(self) -> None:
        """Renew the lease until it is lost."""
        held = True
        while held:
            await asyncio.sleep(self.pace.renew_every_s)
            held = self.outbox.renew(self.lane, self.token, self.pace.lease_s)

    def _settle(self, delivery: Delivery, result: SendResult) -> bool:
        match result.verdict:
            case Verdict.DELIVERED:
                return self._end(delivery, DeliveryState.DELIVERED, None)
            case Verdict.DEAD:
                return self._end(delivery, DeliveryState.DEAD, result.why)
            case Verdict.GONE:
                self.outbox.disable(delivery.endpoint, result.why or "", self.now())
                # Its other lanes may wait for hours until they are due; they end as soon as they are looked at.
                self.outbox.hasten(delivery.endpoint, self.now())
                return self._end(delivery, DeliveryState.ENDPOINT_GONE, result.why)
            case Verdict.RETRY:
                return self._postpone(delivery, result)

    def _postpone(self, delivery: Delivery, result: SendResult) -> bool:
        failures = delivery.failures + 1
        wait = wait_after(failures, self.jitter(), result.retry_after_s)
        if wait is None:
            return self._end(delivery, DeliveryState.DEAD, f"{result.why}, {failures} times")
        self.counts["retry"] += 1
        return self.outbox.postpone(self.lane, self.token, delivery, self.now() + wait, result.why or "")

    def _end(self, delivery: Delivery, state: DeliveryState, why: str | None) -> bool:
        self.counts[state.value] += 1
        return self.outbox.end(self.lane, self.token, delivery, state, at=self.now(), why=why)
