from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.builders import RIVER_WAR, a_delivery, hours
from tests.receivers import Answer, Receiver
from workers.delivery import lanes
from workers.delivery.chat_services import EndpointFormat
from workers.delivery.endpoints import Endpoint
from workers.delivery.lanes import DrainReport, Ending, Pace, drain_lane
from workers.delivery.sending import Timeouts
from workers.domain.alert import Delivery, DeliveryState
from workers.domain.retry import DELAYS_S, MAX_SENDS
from workers.outbound import Outbound
from workers.storage import keys
from workers.storage.outbox import Outbox
from workers.storage.tallies import Tallies

LANE = f"newsroom~{RIVER_WAR}"
ROOT = Path(__file__).parents[3]


class Desk:
    """One endpoint with its outbox and a clock that stands still until it is moved."""

    def __init__(self, valkey: redis.Redis, outbound: Outbound, receiver: Receiver) -> None:
        self.store, self.outbound, self.receiver = valkey, outbound, receiver
        self.outbox = Outbox(valkey)
        self.endpoints = [Endpoint("newsroom", f"{receiver.url}/hook", unsigned=True)]
        self.now = hours(1)
        self.jitter = 0.0

    def stage(self, *deliveries: Delivery) -> None:
        with self.store.pipeline(transaction=True) as pipe:
            self.outbox.stage(pipe, deliveries)
            pipe.execute()

    async def drain(self, lane: str = LANE, **named: Any) -> DrainReport:
        return await drain_lane(
            self.outbox, self.endpoints, self.outbound, lane, lambda: self.now, lambda: self.jitter, **named
        )

    def found(self, sequence: int = 1) -> Delivery:
        delivery = self.outbox.find(a_delivery(sequence=sequence).delivery_id)
        assert delivery is not None
        return delivery


@pytest.fixture
def desk(valkey: redis.Redis, outbound: Outbound, receiver: Receiver) -> Desk:
    return Desk(valkey, outbound, receiver)


def some(number: int) -> list[Delivery]:
    return [a_delivery(sequence=n, body=f'{{"n":{n}}}') for n in range(1, number + 1)]


async def test_a_lane_is_sent_in_order_one_at_a_time_until_it_is_empty(desk: Desk) -> None:
    deliveries = some(20)
    desk.stage(*deliveries)
    assert await desk.drain() == DrainReport(LANE, Ending.EMPTY, {"delivered": 20})
    assert desk.receiver.ids() == [delivery.alert_id for delivery in deliveries]
    assert desk.receiver.bodies() == [delivery.body.encode() for delivery in deliveries]
    assert desk.receiver.most_at_once == 1
    assert desk.found(7).state is DeliveryState.DELIVERED
    assert desk.outbox.due_lanes(hours(99), 9) == []


async def test_an_empty_lane_is_no_trouble(desk: Desk) -> None:
    assert await desk.drain() == DrainReport(LANE, Ending.EMPTY)


async def test_two_jobs_on_one_lane_never_send_at_once(desk: Desk) -> None:
    desk.stage(*some(5))
    reports = await asyncio.gather(*(desk.drain() for _ in range(4)))
    assert sorted(report.ending for report in reports) == ["empty", "taken", "taken", "taken"]
    assert desk.receiver.most_at_once == 1
    assert len(desk.receiver.received) == 5


async def test_the_lease_is_given_back(desk: Desk) -> None:
    desk.stage(*some(1))
    await desk.drain()
    assert not desk.store.exists(keys.lane_lease(LANE))


async def test_a_failure_blocks_the_lane_until_it_is_due_and_order_is_kept(desk: Desk) -> None:
    desk.stage(*some(3))
    desk.receiver.answers.extend([Answer(), Answer(503)])
    assert await desk.drain() == DrainReport(LANE, Ending.NOT_DUE, {"delivered": 1, "retry": 1})
    assert desk.found(2).last_error == "HTTP 503 Service Unavailable"
    assert await desk.drain() == DrainReport(LANE, Ending.NOT_DUE)
    desk.now += timedelta(seconds=5)
    assert await desk.drain() == DrainReport(LANE, Ending.EMPTY, {"delivered": 2})
    assert desk.receiver.bodies() == [b'{"n":1}', b'{"n":2}', b'{"n":2}', b'{"n":3}']
    assert desk.receiver.ids()[1] == desk.receiver.ids()[2]


@pytest.mark.parametrize(("jitter", "after_s"), [(-1.0, 4.0), (0.0, 5.0), (1.0, 6.0)])
async def test_the_wait_has_jitter(desk: Desk, jitter: float, after_s: float) -> None:
    desk.stage(*some(1))
    desk.receiver.otherwise, desk.jitter = Answer(500), jitter
    await desk.drain()
    assert desk.outbox.due_at(LANE) == desk.now + timedelta(seconds=after_s)


async def test_retry_after_is_obeyed(desk: Desk) -> None:
    desk.stage(*some(1))
    desk.receiver.otherwise = Answer(429, {"Retry-After": "3600"})
    await desk.drain()
    assert desk.outbox.due_at(LANE) == desk.now + timedelta(hours=1)


@pytest.mark.parametrize("status", [200, 202, 404, 413, 422, 429, 503])
async def test_retry_after_holds_for_all_lanes_of_the_endpoint_whatever_the_status(desk: Desk, status: int) -> None:
    desk.stage(*some(2), a_delivery(lane="other-war"))
    desk.receiver.answers.append(Answer(status, {"Retry-After": "3600"}))
    await desk.drain()
    assert (await desk.drain("newsroom~other-war")).ending is Ending.RESTING
    assert len(desk.receiver.received) == 1
    until = desk.now + timedelta(hours=1)
    assert [desk.outbox.due_at(lane) for lane in (LANE, "newsroom~other-war")] == [until, until]
    desk.now = until
    assert (await desk.drain()).ending is (await desk.drain("newsroom~other-war")).ending is Ending.EMPTY


async def test_no_endpoint_is_left_alone_for_more_than_a_day_and_none_that_a_person_enables(desk: Desk) -> None:
    desk.stage(*some(2))
    desk.receiver.answers.append(Answer(200, {"Retry-After": "99999999"}))
    await desk.drain()
    assert desk.outbox.due_at(LANE) == desk.now + timedelta(days=1)
    assert 86_000 < desk.outbox.rests_for_s("newsroom") <= 86_400
    desk.outbox.close_breaker("newsroom")
    desk.outbox.hasten("newsroom", desk.now)
    assert (await desk.drain()).counts == {"delivered": 1}


@pytest.mark.parametrize(
    ("kind", "apart_s"),
    [(EndpointFormat.SLACK, 1.0), (EndpointFormat.GOOGLE_CHAT, 1.0), (EndpointFormat.DISCORD, 0.4)],
)
async def test_a_chat_service_gets_no_more_than_it_takes(desk: Desk, kind: EndpointFormat, apart_s: float) -> None:
    desk.endpoints = [replace(desk.endpoints[0], format=kind)]
    desk.stage(*some(3))
    began = desk.now
    assert await desk.drain() == DrainReport(LANE, Ending.RESTING, {"delivered": 1})
    assert desk.outbox.due_at(LANE) == began + timedelta(seconds=apart_s)
    desk.now += timedelta(seconds=apart_s)
    assert (await desk.drain()).counts == {"delivered": 1}


async def test_a_damaged_delivery_costs_itself_only_and_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.stage(*some(3))
    desk.store.hset(keys.delivery(desk.found(1).delivery_id), "frozen", '{"v":1,"body":')
    desk.store.hset(keys.delivery(desk.found(2).delivery_id), "attempts", "many")
    assert await desk.drain() == DrainReport(LANE, Ending.EMPTY, {"delivered": 1})
    assert desk.outbox.counts()["newsroom"] == {"lost": 2, "delivered": 1}
    assert capsys.readouterr().out.count("delivery_lost") == 2
    assert desk.store.ttl(keys.delivery(a_delivery().delivery_id)) > 0


async def test_a_message_that_alone_fails_has_the_whole_schedule_and_then_the_next_one_goes(desk: Desk) -> None:
    desk.stage(*some(2))
    others = iter(range(1, 99))
    moments: list[datetime] = []
    while (due_at := desk.outbox.due_at(LANE)) is not None:
        desk.now = max(desk.now, due_at)
        moments.append(desk.now)
        # What the endpoint takes on another lane shows that it is there.
        desk.receiver.answers.extend([Answer(200), Answer(500 if len(moments) <= len(DELAYS_S) else 200)])
        desk.stage(a_delivery(lane="other-war", sequence=next(others), created_at=desk.now))
        await desk.drain("newsroom~other-war")
        await desk.drain()
    waits = [(later - before).total_seconds() for before, later in itertools.pairwise(moments)]
    assert waits == list(DELAYS_S[1:])
    assert desk.found(1).state is DeliveryState.DEAD
    assert desk.found(1).attempts == 11
    assert desk.found(1).last_error == "HTTP 500 Internal Server Error, 11 times"
    assert desk.found(2).state is DeliveryState.DELIVERED
    sent = [request for request in desk.receiver.received if request.body == b'{"n":1}']
    assert len(sent) == 11
    assert len({request.headers["webhook-id"] for request in sent}) == 1


async def test_a_message_that_is_refused_for_good_does_not_hold_up_the_next(desk: Desk) -> None:
    desk.stage(*some(2))
    desk.receiver.answers.append(Answer(413))
    assert await desk.drain() == DrainReport(LANE, Ending.EMPTY, {"dead": 1, "delivered": 1})
    assert [delivery.last_error for delivery in desk.outbox.listed(DeliveryState.DEAD, 9)] == [
        "HTTP 413 Request Entity Too Large"
    ]


async def test_a_dead_delivery_that_is_replayed_arrives_with_the_same_id_and_bytes(desk: Desk) -> None:
    desk.stage(*some(1))
    desk.receiver.answers.append(Answer(422))
    await desk.drain()
    assert desk.outbox.replay(desk.found().delivery_id, desk.now)
    await desk.drain()
    first, second = desk.receiver.received
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert desk.found().state is DeliveryState.DELIVERED


async def test_gone_disables_the_endpoint_and_ends_all_that_waits_for_it(desk: Desk) -> None:
    desk.stage(*some(3), a_delivery(lane="other-war", created_at=hours(50)))
    desk.receiver.otherwise = Answer(410)
    assert await desk.drain() == DrainReport(LANE, Ending.EMPTY, {"endpoint_gone": 3})
    assert desk.outbox.due_lanes(desk.now, 9) == ["newsroom~other-war"]
    assert (await desk.drain("newsroom~other-war")).counts == {"endpoint_gone": 1}
    assert len(desk.receiver.received) == 1
    assert "410" in desk.outbox.disabled()["newsroom"].why
    assert str(desk.found(3).last_error) == "the endpoint is disabled: HTTP 410 Gone"


async def test_an_endpoint_that_is_enabled_again_is_sent_to_again(desk: Desk) -> None:
    desk.outbox.disable("newsroom", "HTTP 410 Gone", desk.now)
    desk.outbox.enable("newsroom")
    desk.stage(*some(1))
    assert (await desk.drain()).counts == {"delivered": 1}


async def test_what_waits_for_an_endpoint_that_was_removed_ends(desk: Desk) -> None:
    desk.stage(*some(2))
    desk.endpoints = []
    assert await desk.drain() == DrainReport(LANE, Ending.EMPTY, {"endpoint_gone": 2})
    assert desk.receiver.received == []
    assert desk.found().last_error == "the endpoint is no longer in the settings"


async def test_time_is_up_after_a_while_so_that_no_job_runs_too_long(desk: Desk) -> None:
    desk.stage(*some(9))

    def later() -> None:
        desk.now += timedelta(seconds=20)

    desk.receiver.otherwise = Answer(before=later)
    assert await desk.drain() == DrainReport(LANE, Ending.TIME_UP, {"delivered": 2})
    assert desk.outbox.due_lanes(desk.now, 9) == [LANE]


async def test_a_job_that_has_lost_its_lease_while_sending_gives_up_and_changes_nothing(desk: Desk) -> None:
    desk.stage(*some(2))
    desk.receiver.answers.append(Answer(hang=True, before=lambda: desk.store.delete(keys.lane_lease(LANE))))
    assert (await desk.drain(pace=Pace(renew_every_s=0.02))).ending is Ending.LOST
    assert desk.outbox.head(LANE) == a_delivery(sequence=1, body='{"n":1}', attempts=1)


async def test_a_job_whose_lane_was_taken_over_does_not_settle_it(desk: Desk) -> None:
    desk.stage(*some(2))
    desk.receiver.answers.append(Answer(before=lambda: desk.store.set(keys.lane_lease(LANE), "another")))
    assert (await desk.drain()).ending is Ending.LOST
    assert desk.found(1).state is DeliveryState.WAITING
    assert desk.store.get(keys.lane_lease(LANE)) == "another"


async def test_the_lease_is_kept_while_a_request_takes_long(desk: Desk) -> None:
    desk.stage(*some(1))
    shorten = Answer(hang=True, before=lambda: desk.store.pexpire(keys.lane_lease(LANE), 400))
    desk.receiver.answers.append(shorten)
    pace = Pace(renew_every_s=0.02, timeouts=Timeouts(total_s=0.6))
    assert (await desk.drain(pace=pace)).counts == {"retry": 1}


async def test_a_job_that_is_stopped_gives_its_lane_back_and_the_delivery_goes_again(desk: Desk) -> None:
    desk.stage(*some(1))
    desk.receiver.answers.append(Answer(hang=True))
    job = asyncio.create_task(desk.drain())
    await desk.receiver.wait_for(1)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert (await desk.drain()).counts == {"delivered": 1}
    assert len(set(desk.receiver.ids())) == 1


async def test_a_lane_that_meets_a_bug_rests_instead_of_trying_again_at_once(desk: Desk) -> None:
    desk.stage(a_delivery(alert_id="msg.with.dots", delivery_id="x~newsroom"))
    with pytest.raises(ValueError, match="message id"):
        await desk.drain()
    assert desk.outbox.due_at(LANE) == desk.now + timedelta(minutes=1)
    assert not desk.store.exists(keys.lane_lease(LANE))


async def test_a_delivery_whose_sending_kills_its_worker_time_and_again_ends(desk: Desk) -> None:
    desk.stage(*some(2))
    desk.store.hset(keys.delivery(a_delivery().delivery_id), "attempts", MAX_SENDS)
    assert (await desk.drain()).counts == {"dead": 1, "delivered": 1}
    assert str(desk.found().last_error).startswith(f"given up after {MAX_SENDS} sends")


async def test_after_a_kill_in_the_middle_of_a_request_the_same_bytes_go_again(desk: Desk, store_url: str) -> None:
    desk.stage(*some(3))
    desk.receiver.answers.extend([Answer(), Answer(hang=True)])
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.workers.delivery.draining", store_url, LANE, f"{desk.receiver.url}/hook", cwd=ROOT
    )
    await desk.receiver.wait_for(2)
    worker.kill()
    await worker.wait()
    assert (await desk.drain()).ending is Ending.TAKEN  # by the dead one, until its lease runs out
    desk.store.delete(keys.lane_lease(LANE))
    desk.now = hours(10_000_000)
    assert (await desk.drain()).counts == {"delivered": 2}
    assert desk.receiver.bodies() == [b'{"n":1}', b'{"n":2}', b'{"n":2}', b'{"n":3}']
    assert desk.receiver.ids()[1] == desk.receiver.ids()[2]
    assert (desk.found(2).attempts, desk.found(2).failures) == (2, 0)


@pytest.mark.parametrize("end", [redis.ConnectionError("away"), None])
async def test_a_step_with_the_store_that_outlives_its_job_leaves_no_complaint(end: Exception | None) -> None:
    """The store goes away, one lane says so and its neighbours are cancelled in the middle of a step."""
    begun, go_on = asyncio.Event(), threading.Event()
    loop, complaints = asyncio.get_running_loop(), list[dict[str, object]]()
    loop.set_exception_handler(lambda _loop, context: complaints.append(context))

    def step() -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)
        if end:
            raise end

    job = asyncio.create_task(lanes._kept(step))
    await begun.wait()
    job.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await job
    del job
    await asyncio.sleep(0.01)  # the loop lets go of what it held of the step
    gc.collect()
    assert complaints == []


async def test_sends_are_counted_by_what_they_were_answered(desk: Desk) -> None:
    desk.stage(*some(2))
    desk.receiver.answers.extend([Answer(), Answer(503)])
    await desk.drain()
    assert Tallies(desk.store).all()["attempts"] == {"newsroom~200": 1, "newsroom~503": 1}
