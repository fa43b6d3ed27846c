"""An endpoint that is away: left alone, asked by probes that cost nothing, and what it gets when it is back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from tests.builders import VANE, alert_data, an_alert, hours
from tests.receivers import Answer, Receiver
from workers.delivery.announcing import Announcer
from workers.delivery.chat_services import EndpointFormat
from workers.delivery.endpoints import Endpoint
from workers.delivery.fanout import deliveries_for
from workers.delivery.filters import Filter
from workers.delivery.lanes import DrainReport, Ending, Pace, drain_lane
from workers.delivery.sending import Timeouts
from workers.domain.alert import Alert, AlertType, DeliveryState
from workers.domain.breaker import OPEN_AFTER, PATIENCE
from workers.outbound import Outbound
from workers.storage import keys
from workers.storage.folding import Folding
from workers.storage.notices import Notice, Notices
from workers.storage.outbox import Outbox

CONFLICTS = ("river-war", "hill-war", "lake-war")


class Desk:
    """One endpoint that was down, its lanes, and a clock that stands still until it is moved."""

    def __init__(self, valkey: redis.Redis, outbound: Outbound, receiver: Receiver, kind: EndpointFormat) -> None:
        self.store, self.outbound, self.receiver = valkey, outbound, receiver
        self.outbox = Outbox(valkey)
        self.notices = Notices(valkey, self.outbox)
        self.endpoints = [Endpoint("newsroom", f"{receiver.url}/hook", unsigned=True, format=kind)]
        self.now = hours(1)
        self.announcer = Announcer(self.endpoints, "ab12cd", lambda: self.now)

    def tell(self, *numbers: int, conflict: str = "river-war") -> None:
        """Publish alerts on a conflict as a commit would."""
        for number in numbers:
            data = alert_data(conflict={"id": conflict, "name": conflict}, sequence=number)
            alert = an_alert(number, lane=conflict, data=data, timestamp=self.now)
            self.publish(alert)
            self.now += timedelta(seconds=1)

    def publish(self, alert: Alert) -> None:
        self.notices.publish(lambda _pipe, _number: Notice(alert, deliveries_for(alert, self.endpoints, self.now)))

    async def drain(self, lane: str) -> DrainReport:
        folding = Folding(self.store, self.outbox, self.notices)
        pace = Pace(timeouts=Timeouts(total_s=0.5))
        return await drain_lane(
            self.outbox, self.endpoints, self.outbound, lane, lambda: self.now, lambda: 0.0,
            pace=pace, fold=self.announcer.fold_into(folding, pace.lease_s),
        )  # fmt: skip

    async def drain_due(self) -> list[Ending]:
        return [(await self.drain(lane)).ending for lane in self.outbox.due_lanes(self.now, 99)]

    async def break_it(self) -> None:
        """Let it fail until it is left alone."""
        self.receiver.otherwise = Answer(503)
        while not self.outbox.breaker("newsroom").is_open:
            self.now += timedelta(hours=1)
            await self.drain_due()

    async def until_empty(self) -> None:
        for _ in range(200):
            if not self.outbox.depths():
                return
            self.now += timedelta(minutes=30)
            await self.drain_due()
        raise AssertionError("something waits still")

    def types(self) -> list[str]:
        return [json.loads(body).get("type", "message") for body in self.receiver.bodies()]

    def states(self, conflict: str, numbers: Sequence[int]) -> set[DeliveryState]:
        found = [self.outbox.find(f"msg_ab12cd_{conflict}_{number}~newsroom") for number in numbers]
        return {delivery.state for delivery in found if delivery is not None}


@pytest.fixture
def machine(valkey: redis.Redis, outbound: Outbound, receiver: Receiver) -> Desk:
    return Desk(valkey, outbound, receiver, EndpointFormat.STANDARD)


@pytest.fixture
def chat(valkey: redis.Redis, outbound: Outbound, receiver: Receiver) -> Desk:
    return Desk(valkey, outbound, receiver, EndpointFormat.MATTERMOST)


async def test_failures_on_several_lanes_are_the_endpoints_and_the_rest_is_not_tried(machine: Desk) -> None:
    for conflict in CONFLICTS:
        machine.tell(1, 2, conflict=conflict)
    await machine.break_it()
    assert len(machine.receiver.received) == OPEN_AFTER
    await machine.drain_due()
    assert len(machine.receiver.received) == OPEN_AFTER
    until = machine.outbox.breaker("newsroom").until
    assert until is not None
    assert all(depth.due_at >= until for depth in machine.outbox.depths())


async def test_a_probe_is_one_send_and_spends_no_attempt(machine: Desk) -> None:
    for conflict in CONFLICTS:
        machine.tell(1, conflict=conflict)
    await machine.break_it()
    before = [machine.outbox.find(f"msg_ab12cd_{conflict}_1~newsroom") for conflict in CONFLICTS]
    for number in range(1, 20):
        machine.now += timedelta(hours=2)
        await machine.drain_due()
        assert len(machine.receiver.received) == OPEN_AFTER + number
    after = [machine.outbox.find(f"msg_ab12cd_{conflict}_1~newsroom") for conflict in CONFLICTS]
    assert [(one.attempts, one.failures) for one in before if one] == [
        (one.attempts, one.failures) for one in after if one
    ]


async def test_two_lanes_never_probe_at_once(machine: Desk) -> None:
    machine.tell(1)
    machine.tell(1, conflict="hill-war")
    await machine.break_it()
    machine.now += timedelta(hours=1)
    assert machine.outbox.take_probe("newsroom", "somebody", 30)
    assert set(await machine.drain_due()) == {Ending.RESTING}
    assert len(machine.receiver.received) == OPEN_AFTER


async def test_a_machine_that_is_back_gets_every_event_in_order_without_delay(machine: Desk) -> None:
    for conflict in CONFLICTS:
        machine.tell(1, conflict=conflict)
    await machine.break_it()
    for conflict in CONFLICTS:
        machine.tell(*range(2, 8), conflict=conflict)
    machine.receiver.otherwise = Answer()
    machine.receiver.received.clear()
    machine.now += timedelta(hours=1)
    for _ in range(2):
        await machine.drain_due()
    assert machine.outbox.depths() == []
    assert not machine.outbox.breaker("newsroom").is_open
    for conflict in CONFLICTS:
        ids = [name for name in machine.receiver.ids() if conflict in name]
        assert ids == [f"msg_ab12cd_{conflict}_{number}" for number in range(1, 8)]


async def test_a_chat_that_is_back_gets_one_summary_of_all_that_waited(chat: Desk) -> None:
    for conflict in CONFLICTS:
        chat.tell(*range(1, 5), conflict=conflict)
    await chat.break_it()
    chat.receiver.received.clear()
    chat.receiver.otherwise = Answer()
    await chat.until_empty()
    (body,) = chat.receiver.bodies()
    assert "12 alerts were held while this endpoint could not be reached" in json.loads(body)["text"]
    for conflict in CONFLICTS:
        assert chat.states(conflict, range(1, 5)) == {DeliveryState.SUMMARISED}
    assert chat.outbox.counts()["newsroom"]["summarised"] == 12
    chat.tell(5)
    await chat.until_empty()
    assert len(chat.receiver.received) == 2


async def test_a_summary_that_fails_is_folded_into_the_next_one(chat: Desk) -> None:
    chat.tell(1, 2, 3)
    await chat.break_it()
    chat.receiver.received.clear()
    for number in range(4, 8):
        chat.now += timedelta(hours=1)
        await chat.drain_due()
        await chat.drain_due()
        chat.tell(number)
    chat.receiver.otherwise = Answer()
    chat.receiver.received.clear()
    await chat.until_empty()
    (body,) = chat.receiver.bodies()
    assert "7 alerts were held" in json.loads(body)["text"]


async def test_one_alert_alone_needs_no_summary(chat: Desk) -> None:
    chat.tell(1)
    await chat.break_it()
    chat.receiver.otherwise = Answer()
    await chat.until_empty()
    assert chat.states("river-war", [1]) == {DeliveryState.DELIVERED}


async def test_a_lane_that_another_job_holds_is_left_out_of_the_summary(chat: Desk) -> None:
    chat.tell(1, 2)
    chat.tell(1, conflict="hill-war")
    await chat.break_it()
    chat.store.set(keys.lane_lease("newsroom~hill-war"), "somebody", px=60_000)
    chat.now += timedelta(hours=1)
    await chat.drain("newsroom~river-war")
    assert chat.states("river-war", [1, 2]) == {DeliveryState.SUMMARISED}
    assert chat.states("hill-war", [1]) == {DeliveryState.WAITING}


@pytest.mark.parametrize("kind", [EndpointFormat.STANDARD, EndpointFormat.SLACK])
async def test_what_waits_for_an_endpoint_that_never_comes_back_is_dead_in_the_end(
    valkey: redis.Redis, outbound: Outbound, receiver: Receiver, kind: EndpointFormat
) -> None:
    desk = Desk(valkey, outbound, receiver, kind)
    desk.tell(1, 2, 3)
    started = desk.now
    await desk.break_it()
    await desk.until_empty()
    assert desk.now - started < PATIENCE + timedelta(hours=8)
    assert not [one for one in desk.outbox.listed(DeliveryState.DEAD, 9) if "has been away" not in str(one.last_error)]
    assert desk.outbox.listed(DeliveryState.DEAD, 9)


async def test_an_old_delivery_is_tried_before_it_is_given_up(machine: Desk) -> None:
    machine.tell(1)
    await machine.break_it()
    machine.receiver.otherwise = Answer()
    machine.now += PATIENCE * 2  # it was us who were away
    await machine.drain_due()
    assert machine.states("river-war", [1]) == {DeliveryState.DELIVERED}


async def test_retry_after_prolongs_the_rest(machine: Desk) -> None:
    machine.tell(1)
    await machine.break_it()
    machine.receiver.otherwise = Answer(429, {"Retry-After": "7200"})
    machine.now += timedelta(hours=1)
    await machine.drain_due()
    assert machine.outbox.breaker("newsroom").until == machine.now + timedelta(hours=2)


async def test_a_refused_message_shows_that_the_endpoint_is_there(machine: Desk) -> None:
    machine.tell(1, 2)
    await machine.break_it()
    machine.receiver.answers.append(Answer(422))
    machine.receiver.otherwise = Answer()
    machine.now += timedelta(hours=1)
    await machine.drain_due()
    assert machine.states("river-war", [1]) == {DeliveryState.DEAD}
    assert machine.states("river-war", [2]) == {DeliveryState.DELIVERED}


async def test_a_summary_asks_no_filter_since_what_it_sums_up_has_passed_it(chat: Desk) -> None:
    only_changes = Filter(types=frozenset({AlertType.POSITION_CHANGED}), actors=frozenset({VANE}))
    chat.endpoints[:] = [replace(chat.endpoints[0], filter=only_changes)]
    chat.tell(1, 2, 3)
    await chat.break_it()
    chat.receiver.otherwise = Answer()
    chat.receiver.received.clear()
    await chat.until_empty()
    (body,) = chat.receiver.bodies()
    assert "3 alerts were held" in json.loads(body)["text"]
