"""Drain a lane of the outbox: send what waits to one endpoint on one conflict, in order, one at a time."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ParamSpec, TypeVar

import redis
import structlog

from workers.delivery.endpoints import Endpoint
from workers.delivery.sending import SendResult, Timeouts, send
from workers.domain.alert import Delivery, DeliveryState
from workers.domain.breaker import CLOSED, Breaker, after_failure, has_waited_too_long
from workers.domain.retry import MAX_SENDS, Verdict, wait_after
from workers.outbound import Outbound
from workers.storage.outbox import Outbox
from workers.storage.outbox_records import LaneHead, endpoint_of

P = ParamSpec("P")
T = TypeVar("T")
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
    RESTING = "resting"  # the endpoint is left alone: it is away, asked for it, or its service takes so many a second


ASKED_AGAIN_AFTER = timedelta(seconds=5)  # a lane looks so soon what came of another lane's probe
PROBE_LEASE_S = 30.0  # longer than a send may take

Fold = Callable[[Endpoint, str, str, Breaker], bool]
"""Folds what waits for a chat endpoint that was away into one summary: endpoint, lane, the lane's token, its breaker.

Answers False when there is too little to fold."""


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
    fold: Fold | None = None,
    holder: str = "",
) -> DrainReport:
    """Send the lane's deliveries that are due, in order, until it is empty, blocked by a failure, or time is up.

    `holder` names the worker in the lease, by which its lanes are freed when it has died.

    `jitter` gives a number in -1..1 for each failure. With `fold`, a chat endpoint that was away gets a summary. One
    job drains a lane at a time; one that comes second does nothing. What the store or a bug raises goes through; after
    a bug the lane rests for `pace.rest`.
    """
    pace = pace or Pace()
    token = f"{holder}-{secrets.token_hex(16)}"
    if not outbox.claim(lane, token, pace.lease_s):
        return DrainReport(lane, Ending.TAKEN)
    by_name = {endpoint.name: endpoint for endpoint in endpoints}
    drain = _Drain(outbox, by_name.get(endpoint_of(lane)), outbound, lane, token, now, jitter, pace, fold)
    try:
        ending = await drain.run()
        if drain.answers:
            await _kept(outbox.note_answers, endpoint_of(lane), drain.answers)
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
    fold: Fold | None = None
    counts: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)  # sends by status

    async def run(self) -> Ending:
        until = self.now() + self.pace.drain_for
        while (found := await _kept(self.outbox.look, self.lane, _note_lost)) is not None:
            now = self.now()
            if found.due_at is not None and found.due_at > now:
                return Ending.NOT_DUE
            if now >= until:
                return Ending.TIME_UP
            ending = await self._step(found)
            if ending is not None:
                return ending
        return Ending.EMPTY

    async def _step(self, found: LaneHead) -> Ending | None:
        """Bring the head of the lane one step on; None to go on with the lane."""
        delivery = found.delivery
        if found.disabled is not None or self.endpoint is None:
            why = f"the endpoint is disabled: {found.disabled.why}" if found.disabled else None
            ended = self._end(delivery, DeliveryState.ENDPOINT_GONE, why or "the endpoint is no longer in the settings")
            return None if ended else Ending.LOST
        if not found.breaker.is_open:
            if found.rests_until is not None and found.rests_until > self.now():
                return Ending.RESTING if self.outbox.defer(self.lane, self.token, found.rests_until) else Ending.LOST
            return None if await self._settled(delivery, self.endpoint, CLOSED) else Ending.LOST
        rests_until = found.breaker.rests_until(self.now())
        if rests_until is None:
            return await self._probe(delivery, self.endpoint, found.breaker)
        if has_waited_too_long(delivery.waits_since, self.now()):
            return None if self._end(delivery, DeliveryState.DEAD, _away(delivery, found.breaker)) else Ending.LOST
        return Ending.RESTING if self.outbox.defer(self.lane, self.token, rests_until) else Ending.LOST

    async def _probe(self, delivery: Delivery, endpoint: Endpoint, breaker: Breaker) -> Ending | None:
        """Ask an endpoint that was away, by one send of all its lanes; a chat endpoint is sent a summary."""
        if not self.outbox.take_probe(endpoint.name, self.token, PROBE_LEASE_S):
            held = self.outbox.defer(self.lane, self.token, self.now() + ASKED_AGAIN_AFTER)
            return Ending.RESTING if held else Ending.LOST
        try:
            if self.fold is not None and not endpoint.format.for_machines:
                folded = await _kept(self.fold, endpoint, self.lane, self.token, breaker)
                if folded:
                    return None
            return None if await self._settled(delivery, endpoint, breaker) else Ending.LOST
        finally:
            self.outbox.leave_probe(endpoint.name, self.token)

    async def _settled(self, delivery: Delivery, endpoint: Endpoint, breaker: Breaker) -> bool:
        """Send the head of the lane; with an open `breaker` that is its probe. False when the lease is lost."""
        began = time.monotonic()
        probe = breaker.is_open
        begun = await _kept(self._begin, delivery, endpoint, probe)
        if begun is None:
            return False
        if begun.attempts > MAX_SENDS:
            return self._end(begun, DeliveryState.DEAD, f"given up after {MAX_SENDS} sends; {begun.last_error}")
        result = await self._sent(begun, endpoint)
        if result is None:
            return False
        self.answers[_answer_of(result)] += 1
        log.info(
            "delivery_sent",
            delivery_id=begun.delivery_id,
            endpoint=begun.endpoint,
            verdict=result.verdict.value,
            status=result.status,
            why=result.why,
            attempts=begun.attempts,
            probe=probe,
            took_s=round(time.monotonic() - began, 3),
        )
        return await _kept(self._settle, begun, result, breaker)

    def _begin(self, delivery: Delivery, endpoint: Endpoint, probe: bool) -> Delivery | None:  # noqa: FBT001 - handed on by position
        begun = self.outbox.begin(self.lane, self.token, delivery, self.pace.lease_s, probe=probe)
        if begun is not None and endpoint.format.apart_s:
            self.outbox.rest(endpoint.name, self.now() + timedelta(seconds=endpoint.format.apart_s), self.now())
        return begun

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

    def _settle(self, delivery: Delivery, result: SendResult, breaker: Breaker) -> bool:
        if result.retry_after_s and result.verdict is not Verdict.GONE:
            # Asked for with whatever status, it holds for the endpoint: its other lanes are no better.
            until = self.now() + timedelta(seconds=result.retry_after_s)
            self.outbox.rest(delivery.endpoint, until, self.now())
        match result.verdict:
            case Verdict.DELIVERED:
                return self._answered(delivery, DeliveryState.DELIVERED, None, breaker)
            case Verdict.DEAD:
                return self._answered(delivery, DeliveryState.DEAD, result.why, breaker)
            case Verdict.GONE:
                self.outbox.disable(delivery.endpoint, result.why or "", self.now())
                log.error("endpoint_disabled", endpoint=delivery.endpoint, why=result.why)
                # Its other lanes may wait for hours until they are due; they end as soon as they are looked at.
                self.outbox.hasten(delivery.endpoint, self.now())
                return self._end(delivery, DeliveryState.ENDPOINT_GONE, result.why, answered=True)
            case Verdict.RETRY:
                return self._postpone(delivery, result, breaker)

    def _answered(self, delivery: Delivery, state: DeliveryState, why: str | None, breaker: Breaker) -> bool:
        """End a delivery that the endpoint took or refused; one that was away is back for all its lanes."""
        ended = self._end(delivery, state, why, answered=True)
        if ended and breaker.is_open:
            log.info("endpoint_back", endpoint=delivery.endpoint, away_since=str(breaker.opened_at))
            self.outbox.hasten(delivery.endpoint, self.now())
        return ended

    def _postpone(self, delivery: Delivery, result: SendResult, breaker: Breaker) -> bool:
        """Let the lane wait: for this delivery's next send, or for the next probe of an endpoint that is away."""
        failures = delivery.failures + (0 if breaker.is_open else 1)
        wait = wait_after(failures, self.jitter(), result.retry_after_s)
        if wait is None:
            return self._end(delivery, DeliveryState.DEAD, f"{result.why}, {failures} times")
        self.counts["retry"] += 1
        due_at, why = self.now() + wait, result.why or ""
        in_a_row = self.outbox.postpone(self.lane, self.token, delivery, due_at, why, probe=breaker.is_open)
        if not in_a_row:
            return False
        until = self._left_alone_until(delivery.endpoint, breaker, in_a_row, result)
        if breaker.is_open and has_waited_too_long(delivery.waits_since, self.now()):
            return self._end(delivery, DeliveryState.DEAD, _away(delivery, breaker))
        return until is None or self.outbox.defer(self.lane, self.token, until)

    def _left_alone_until(self, endpoint: str, probed: Breaker, in_a_row: int, result: SendResult) -> datetime | None:
        """Until when the endpoint as a whole is left alone after a failure, None when only this lane waits."""
        known = probed if probed.is_open else self.outbox.breaker(endpoint)
        if known.is_open and not probed.is_open:  # another lane's failure was the last straw
            return known.until
        after = after_failure(replace(known, failures=in_a_row), self.now(), self.jitter(), result.retry_after_s)
        if after.is_open:
            log.warning("endpoint_away", endpoint=endpoint, failures=in_a_row, until=str(after.until), why=result.why)
            self.outbox.open_breaker(endpoint, after)
        return after.until

    def _end(self, delivery: Delivery, state: DeliveryState, why: str | None, *, answered: bool = False) -> bool:
        self.counts[state.value] += 1
        return self.outbox.end(self.lane, self.token, delivery, state, at=self.now(), why=why, answered=answered)


async def _kept(step: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Take a step with the store in a thread: what it waits for on its disk then holds up no other lane.

    Many lanes' steps share one write to the disk. A step that is begun is waited for also when the job is cancelled.
    """
    taken = asyncio.ensure_future(asyncio.to_thread(step, *args, **named))
    try:
        return await asyncio.shield(taken)
    except asyncio.CancelledError:
        await asyncio.wait([taken])
        with suppress(redis.RedisError):  # the store went away: the job ends for that very reason
            taken.result()
        raise


def _note_lost(delivery_id: str, why: str) -> None:
    log.error("delivery_lost", delivery_id=delivery_id, why=why)


def _answer_of(result: SendResult) -> str:
    """What a send is counted under: its status, or a word where there is none."""
    if result.status is not None:
        return str(result.status)
    return "delivered" if result.verdict is Verdict.DELIVERED else "no_answer"


def _away(delivery: Delivery, breaker: Breaker) -> str:
    since = breaker.opened_at or delivery.waits_since
    return f"the endpoint has been away since {since:%Y-%m-%d %H:%M} UTC; {delivery.last_error or 'not tried'}"
