"""Lanes side by side: trouble at one endpoint costs the others nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from tests.builders import RIVER_WAR, a_delivery
from tests.receivers import Answer, Receiver, a_receiver
from workers.delivery.dispatch import drain_side_by_side
from workers.delivery.endpoints import Endpoint
from workers.delivery.lanes import DrainReport, Ending, Pace, drain_lane
from workers.delivery.sending import Timeouts
from workers.domain.alert import DeliveryState
from workers.outbound import Outbound
from workers.storage.outbox import Outbox
from workers.storage.outbox_records import endpoint_of

TROUBLE = [
    pytest.param(Answer(hang=True), DeliveryState.WAITING, id="never answers"),
    pytest.param(Answer(hang_after_head=True), DeliveryState.DELIVERED, id="never ends its answer"),
    pytest.param(Answer(flood=True), DeliveryState.DELIVERED, id="answers without end"),
    pytest.param(Answer(500), DeliveryState.WAITING, id="is broken"),
    pytest.param(Answer(410), DeliveryState.ENDPOINT_GONE, id="wants no more"),
    pytest.param(Answer(drop=True), DeliveryState.WAITING, id="hangs up"),
]


def go_on() -> bool:
    return False


def lane_of(endpoint: str) -> str:
    return f"{endpoint}~{RIVER_WAR}"


@pytest.mark.parametrize(("answer", "state"), TROUBLE)
async def test_an_endpoint_in_trouble_holds_up_nobody_else(
    valkey: redis.Redis, outbound: Outbound, receiver: Receiver, answer: Answer, state: DeliveryState
) -> None:
    outbox = Outbox(valkey)
    pace = Pace(timeouts=Timeouts(connect_s=2, total_s=2))
    receiver.otherwise = answer
    async with a_receiver() as healthy:
        endpoints = [
            Endpoint("sick", f"{receiver.url}/hook", unsigned=True),
            Endpoint("healthy", f"{healthy.url}/hook", unsigned=True),
        ]

        async def drain(lane: str) -> DrainReport:
            return await drain_lane(
                outbox, endpoints, outbound, lane, lambda: datetime.now(UTC), lambda: 0.0, pace=pace
            )

        with valkey.pipeline(transaction=True) as pipe:
            outbox.stage(pipe, [a_delivery("sick"), a_delivery("healthy")])
            pipe.execute()
        draining = asyncio.create_task(
            drain_side_by_side(outbox, lane_of("sick"), drain, lambda: datetime.now(UTC), go_on)
        )
        await receiver.wait_for(1)
        job = asyncio.create_task(
            drain_side_by_side(outbox, lane_of("healthy"), drain, lambda: datetime.now(UTC), go_on)
        )
        async with asyncio.timeout(1):
            await healthy.wait_for(1)
        await asyncio.gather(draining, job)
    assert outbox.find(a_delivery("healthy").delivery_id).state is DeliveryState.DELIVERED  # type: ignore[union-attr]
    assert outbox.find(a_delivery("sick").delivery_id).state is state  # type: ignore[union-attr]


async def test_lanes_that_fall_due_are_taken_up_while_one_hangs(
    valkey: redis.Redis, outbound: Outbound, receiver: Receiver
) -> None:
    outbox, over = Outbox(valkey), asyncio.Event()

    async def drain(lane: str) -> DrainReport:
        if endpoint_of(lane) == "sick":
            with valkey.pipeline(transaction=True) as pipe:
                outbox.stage(pipe, [a_delivery("late")])
                pipe.execute()
            await over.wait()
            return DrainReport(lane, Ending.EMPTY)
        over.set()
        return await drain_lane(
            outbox,
            [Endpoint("late", f"{receiver.url}/hook", unsigned=True)],
            outbound, lane, lambda: datetime.now(UTC), lambda: 0.0,
        )  # fmt: skip

    drained = await drain_side_by_side(outbox, lane_of("sick"), drain, lambda: datetime.now(UTC), go_on)
    assert [one.lane for one in drained if one.report and one.report.counts] == [lane_of("late")]
    assert len(receiver.received) == 1


async def test_told_to_stop_it_gives_up_what_hangs_and_the_delivery_goes_again(
    valkey: redis.Redis, outbound: Outbound, receiver: Receiver
) -> None:
    outbox, endpoints = Outbox(valkey), [Endpoint("sick", f"{receiver.url}/hook", unsigned=True)]
    receiver.otherwise = Answer(hang=True)
    with valkey.pipeline(transaction=True) as pipe:
        outbox.stage(pipe, [a_delivery("sick")])
        pipe.execute()

    def drain(lane: str) -> Coroutine[Any, Any, DrainReport]:
        return drain_lane(outbox, endpoints, outbound, lane, lambda: datetime.now(UTC), lambda: 0.0)

    async with asyncio.timeout(5):
        stopped = await drain_side_by_side(
            outbox, lane_of("sick"), drain, lambda: datetime.now(UTC), lambda: bool(receiver.received)
        )
    assert stopped == []
    assert outbox.due_lanes(datetime.now(UTC), 5) == [lane_of("sick")]


async def test_an_error_of_one_lane_ends_that_lane_only(valkey: redis.Redis) -> None:
    async def drain(_lane: str) -> DrainReport:
        raise ValueError("a bug")

    (drained,) = await drain_side_by_side(Outbox(valkey), "one~two", drain, lambda: datetime.now(UTC), go_on)
    assert str(drained.error) == "a bug"


async def test_a_store_that_goes_away_ends_all(valkey: redis.Redis) -> None:
    async def drain(_lane: str) -> DrainReport:
        raise redis.ConnectionError("away")

    with pytest.raises(redis.ConnectionError):
        await drain_side_by_side(Outbox(valkey), "one~two", drain, lambda: datetime.now(UTC), go_on)
