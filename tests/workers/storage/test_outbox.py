from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.builders import RIVER_WAR, a_delivery, hours
from workers.domain.alert import Delivery, DeliveryState
from workers.storage import keys
from workers.storage.outbox import Outbox
from workers.storage.outbox_records import LaneDepth, lane_of
from workers.storage.records import RecordError

LANE = f"newsroom~{RIVER_WAR}"


@pytest.fixture
def outbox(valkey: redis.Redis) -> Outbox:
    return Outbox(valkey)


def staged(valkey: redis.Redis, outbox: Outbox, *deliveries: Delivery, filtered: tuple[str, ...] = ()) -> None:
    with valkey.pipeline(transaction=True) as pipe:
        outbox.stage(pipe, deliveries, filtered)
        pipe.execute()


def ended(outbox: Outbox, delivery: Delivery, state: DeliveryState = DeliveryState.DELIVERED, **named: Any) -> None:
    """Take the lane's lease, end its head, give the lease back."""
    lane = lane_of(delivery)
    assert outbox.claim(lane, "t", 60)
    assert outbox.end(lane, "t", delivery, state, **({"at": hours(2)} | named))
    assert outbox.release(lane, "t")


def test_what_is_staged_comes_out_first_in_first_out(valkey: redis.Redis, outbox: Outbox) -> None:
    first, second = a_delivery(sequence=1), a_delivery(sequence=2)
    staged(valkey, outbox, first, second)
    assert outbox.head(LANE) == first
    ended(outbox, first)
    assert outbox.head(LANE) == second
    ended(outbox, second)
    assert outbox.head(LANE) is None


def test_nothing_is_staged_until_the_callers_own_transaction_is_done(valkey: redis.Redis, outbox: Outbox) -> None:
    pipe = valkey.pipeline(transaction=True)
    outbox.stage(pipe, [a_delivery()])
    assert outbox.head(LANE) is None
    pipe.execute()
    assert outbox.head(LANE) == a_delivery()


def test_each_endpoint_and_conflict_has_a_lane_of_its_own(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery("desk"), a_delivery("radio"), a_delivery("desk", lane="other-war"))
    assert sorted(outbox.due_lanes(hours(1), 10)) == ["desk~other-war", f"desk~{RIVER_WAR}", f"radio~{RIVER_WAR}"]


def test_a_lane_is_due_when_its_first_delivery_is(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery(created_at=hours(1)))
    assert outbox.due_lanes(hours(0.9), 10) == []
    assert outbox.due_lanes(hours(1), 10) == [LANE]
    assert outbox.due_at(LANE) == hours(1)


def test_the_lane_that_is_overdue_longest_comes_first_and_the_limit_holds(valkey: redis.Redis, outbox: Outbox) -> None:
    names = ["c", "a", "b"]
    staged(valkey, outbox, *(a_delivery(name, created_at=hours(number)) for number, name in enumerate(names)))
    assert [lane[0] for lane in outbox.due_lanes(hours(5), 2)] == ["c", "a"]


def test_a_lane_that_is_being_drained_is_not_due(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery(), a_delivery("radio"))
    outbox.claim(LANE, "t", 60)
    assert outbox.due_lanes(hours(1), 1) == [f"radio~{RIVER_WAR}"]


def test_only_one_holds_a_lane(outbox: Outbox) -> None:
    assert outbox.claim(LANE, "mine", 60)
    assert not outbox.claim(LANE, "yours", 60)
    assert not outbox.renew(LANE, "yours", 60)
    assert not outbox.release(LANE, "yours")
    assert outbox.renew(LANE, "mine", 60)
    assert outbox.release(LANE, "mine")
    assert outbox.claim(LANE, "yours", 60)


def test_a_lease_runs_out_by_itself(valkey: redis.Redis, outbox: Outbox) -> None:
    outbox.claim(LANE, "t", 45)
    assert 44_000 < valkey.pttl(keys.lane_lease(LANE)) <= 45_000
    outbox.renew(LANE, "t", 90)
    assert 89_000 < valkey.pttl(keys.lane_lease(LANE)) <= 90_000


def test_an_attempt_counts_before_the_request_leaves(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery())
    outbox.claim(LANE, "t", 1)
    begun = outbox.begin(LANE, "t", a_delivery(), 60)
    assert begun == a_delivery(attempts=1)
    assert outbox.head(LANE) == a_delivery(attempts=1)
    assert valkey.pttl(keys.lane_lease(LANE)) > 1_000


@pytest.mark.parametrize("token", ["yours", ""])
def test_who_has_lost_the_lease_changes_nothing(valkey: redis.Redis, outbox: Outbox, token: str) -> None:
    staged(valkey, outbox, a_delivery())
    outbox.claim(LANE, "mine", 60)
    before = everything(valkey)
    assert outbox.begin(LANE, token, a_delivery(), 60) is None
    assert not outbox.end(LANE, token, a_delivery(), DeliveryState.DELIVERED, at=hours(1))
    assert not outbox.postpone(LANE, token, a_delivery(), hours(1), "HTTP 500")
    assert not outbox.defer(LANE, token, hours(9))
    assert everything(valkey) == before


def test_only_the_head_of_a_lane_can_be_settled(valkey: redis.Redis, outbox: Outbox) -> None:
    second = a_delivery(sequence=2)
    staged(valkey, outbox, a_delivery(), second)
    outbox.claim(LANE, "t", 60)
    before = everything(valkey)
    assert outbox.begin(LANE, "t", second, 60) is None
    assert not outbox.end(LANE, "t", second, DeliveryState.DELIVERED, at=hours(1))
    assert not outbox.postpone(LANE, "t", second, hours(1), "HTTP 500")
    assert everything(valkey) == before


def everything(valkey: redis.Redis) -> dict[str, bytes]:
    """All that is stored, without the lease, which ticks."""
    raw = redis.Redis(connection_pool=redis.ConnectionPool.from_url(f"unix://{socket_of(valkey)}"))
    return {key.decode(): raw.dump(key) for key in raw.scan_iter() if b":lease" not in key}


def socket_of(valkey: redis.Redis) -> str:
    return str(valkey.connection_pool.connection_kwargs["path"])


def test_a_failure_moves_the_lane_and_what_comes_in_later_waits_behind_it(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery())
    outbox.claim(LANE, "t", 60)
    assert outbox.postpone(LANE, "t", a_delivery(), hours(3), "HTTP 503")
    outbox.release(LANE, "t")
    staged(valkey, outbox, a_delivery(sequence=2, created_at=hours(1)))
    assert outbox.head(LANE) == a_delivery(failures=1, last_error="HTTP 503")
    assert outbox.due_lanes(hours(2), 10) == []
    assert outbox.due_lanes(hours(3), 10) == [LANE]


def test_a_lane_can_be_left_to_rest(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery())
    outbox.claim(LANE, "t", 60)
    assert outbox.defer(LANE, "t", hours(4))
    assert outbox.due_at(LANE) == hours(4)
    assert outbox.head(LANE) == a_delivery()


def test_when_the_head_has_ended_the_next_is_due_at_once(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery(), a_delivery(sequence=2))
    outbox.claim(LANE, "t", 60)
    outbox.postpone(LANE, "t", a_delivery(), hours(30), "HTTP 503")
    outbox.end(LANE, "t", a_delivery(), DeliveryState.DEAD, at=hours(2), why="HTTP 413")
    assert outbox.due_at(LANE) == hours(2)


@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.ENDPOINT_GONE])
def test_an_end_is_recorded_listed_and_counted(valkey: redis.Redis, outbox: Outbox, state: DeliveryState) -> None:
    staged(valkey, outbox, a_delivery())
    ended(outbox, a_delivery(), state, why="because")
    expected = a_delivery(state=state, last_error="because", ended_at=hours(2))
    assert outbox.find(expected.delivery_id) == expected
    assert outbox.listed(state, 10) == [expected]
    assert outbox.counts() == {"newsroom": {state.value: 1}}
    assert outbox.depths() == []


def test_what_has_ended_is_kept_for_a_time_and_then_forgotten(valkey: redis.Redis) -> None:
    outbox = Outbox(valkey, kept=timedelta(hours=10))
    first, second = a_delivery(sequence=1), a_delivery(sequence=2)
    staged(valkey, outbox, first, second)
    ended(outbox, first, at=hours(2))
    assert valkey.ttl(keys.delivery(first.delivery_id)) in range(35_990, 36_001)
    ended(outbox, second, at=hours(13))
    assert [delivery.delivery_id for delivery in outbox.listed(DeliveryState.DELIVERED, 9)] == [second.delivery_id]


def test_what_waits_is_kept_for_ever(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery())
    assert [valkey.ttl(key) for key in valkey.scan_iter()] == [-1, -1, -1]


def test_a_dead_delivery_is_sent_again_with_the_same_id_and_bytes(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery(body="old bytes"), a_delivery(sequence=2))
    ended(outbox, a_delivery(), DeliveryState.DEAD, why="HTTP 413")
    assert outbox.replay(a_delivery().delivery_id, hours(5))
    assert [delivery.delivery_id for delivery in outbox.listed(DeliveryState.WAITING, 9)] == [
        a_delivery(sequence=2).delivery_id,
        a_delivery().delivery_id,
    ]
    assert outbox.find(a_delivery().delivery_id) == a_delivery(body="old bytes", since=hours(5))
    assert outbox.listed(DeliveryState.DEAD, 9) == []
    assert valkey.ttl(keys.delivery(a_delivery().delivery_id)) == -1


def test_a_delivery_that_waits_or_is_unknown_is_not_replayed(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery())
    assert not outbox.replay(a_delivery().delivery_id, hours(5))
    assert not outbox.replay("msg_x_y_1~nobody", hours(5))
    assert len(outbox.listed(DeliveryState.WAITING, 9)) == 1


def test_a_replayed_delivery_makes_its_empty_lane_due(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery())
    ended(outbox, a_delivery(), DeliveryState.DEAD)
    outbox.replay(a_delivery().delivery_id, hours(5))
    assert outbox.due_at(LANE) == hours(5)


def test_what_is_filtered_is_counted_with_what_is_staged(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery(), filtered=("radio", "tv"))
    assert outbox.counts() == {"radio": {"filtered": 1}, "tv": {"filtered": 1}}


def test_depths_say_how_much_waits_where_since_when(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery(created_at=hours(1)), a_delivery(sequence=2, created_at=hours(2)))
    assert outbox.depths() == [LaneDepth(LANE, "newsroom", 2, oldest_at=hours(1), due_at=hours(1))]


def test_a_disabled_endpoint_stays_so_until_it_is_enabled(outbox: Outbox) -> None:
    assert outbox.disable("newsroom", "410 Gone", hours(1))
    assert not outbox.disable("newsroom", "410 Gone", hours(2))
    assert outbox.disabled()["newsroom"].at == hours(1)
    assert outbox.enable("newsroom")
    assert not outbox.enable("newsroom")
    assert outbox.disabled() == {}


def test_hastening_an_endpoint_makes_its_waiting_lanes_due(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery(created_at=hours(9)), a_delivery("radio", created_at=hours(9)))
    staged(valkey, outbox, a_delivery(lane="other", created_at=hours(1)))
    assert outbox.hasten("newsroom", hours(2)) == 2
    assert outbox.hasten("nobody", hours(2)) == 0
    assert outbox.due_lanes(hours(2), 9) == ["newsroom~other", LANE]
    assert outbox.due_at("newsroom~other") == hours(1)


def test_a_record_that_is_gone_does_not_block_its_lane_and_is_counted(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery(), a_delivery(sequence=2))
    valkey.delete(keys.delivery(a_delivery().delivery_id))
    assert outbox.head(LANE) == a_delivery(sequence=2)
    assert outbox.counts() == {"newsroom": {"lost": 1}}


@pytest.mark.parametrize(
    "damage",
    [
        {"frozen": "{"},
        {"frozen": "[1]"},
        {"frozen": '{"v":"1"}'},
        {"frozen": '{"v":1}'},
        {"state": "lying"},
        {"failures": "x"},
    ],
)
def test_a_damaged_record_costs_itself_only(valkey: redis.Redis, outbox: Outbox, damage: dict[str, str]) -> None:
    staged(valkey, outbox, a_delivery(), a_delivery(sequence=2))
    name = a_delivery().delivery_id
    valkey.hset(keys.delivery(name), mapping=damage)
    assert [one.delivery_id for one in outbox.listed(DeliveryState.WAITING, 9)] == [a_delivery(sequence=2).delivery_id]
    assert outbox.depths()[0].waiting == 2
    lost: list[str] = []
    found = outbox.look(LANE, lambda delivery_id, _why: lost.append(delivery_id))
    assert found is not None
    assert (found.delivery, lost) == (a_delivery(sequence=2), [name])
    assert outbox.counts() == {"newsroom": {"lost": 1}}
    assert not outbox.replay(name, hours(1))


def test_an_endpoint_whose_record_is_damaged_stays_disabled(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery())
    valkey.hset(keys.endpoints_disabled(), "newsroom", "{")
    valkey.hset(keys.endpoint_trouble("newsroom"), "failures", "x")
    assert "damaged" in outbox.disabled()["newsroom"].why
    found = outbox.look(LANE)
    assert found is not None
    assert found.disabled is not None
    assert not found.breaker.is_open


def test_a_rest_is_prolonged_and_never_cut_short(outbox: Outbox) -> None:
    outbox.rest("newsroom", hours(2), hours(1))
    outbox.rest("newsroom", hours(1.5), hours(1))
    assert 3_500 < outbox.rests_for_s("newsroom") <= 3_600
    outbox.rest("newsroom", hours(4), hours(1))
    assert 10_700 < outbox.rests_for_s("newsroom") <= 10_800
    assert outbox.rests_for_s("radio") == 0


def test_what_ended_outside_of_a_lane_is_listed_as_long_as_the_rest_and_kept_as_long_as_it_is_needed(
    valkey: redis.Redis, outbox: Outbox
) -> None:
    for number, day in ((1, 0), (2, 40)):
        with valkey.pipeline(transaction=True) as pipe:
            at = hours(24 * day)
            outbox.stage_end(pipe, a_delivery(sequence=number), DeliveryState.SILENCED, at, timedelta(days=50))
            pipe.execute()
    assert outbox.ended_ids(DeliveryState.SILENCED, "newsroom") == [a_delivery(sequence=2).delivery_id]
    assert outbox.ended_count(DeliveryState.SILENCED) == 1
    assert valkey.ttl(keys.delivery(a_delivery().delivery_id)) > 79 * 86_400


def test_a_record_of_a_newer_format_blocks_its_lane_until_an_upgrade(valkey: redis.Redis, outbox: Outbox) -> None:
    staged(valkey, outbox, a_delivery())
    valkey.hset(keys.delivery(a_delivery().delivery_id), "frozen", '{"v":2}')
    with pytest.raises(RecordError):
        outbox.head(LANE)
    assert valkey.llen(keys.lane(LANE)) == 1


class OutboxMachine(RuleBasedStateMachine):
    """Whatever is staged, tried, killed, settled and replayed in whatever order: nothing is lost, order is kept."""

    client: redis.Redis

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        self.outbox = Outbox(self.client)
        self.sequence = 0
        self.waiting: dict[str, list[str]] = {}
        self.over: list[str] = []
        self.tokens = 0

    @rule(endpoint=st.sampled_from("ab"), lane=st.sampled_from("xy"))
    def stage(self, endpoint: str, lane: str) -> None:
        self.sequence += 1
        delivery = a_delivery(endpoint, lane=lane, sequence=self.sequence)
        staged(self.client, self.outbox, delivery)
        self.waiting.setdefault(lane_of(delivery), []).append(delivery.delivery_id)

    @precondition(lambda self: any(self.waiting.values()))
    @rule(data=st.data(), fate=st.sampled_from(["delivered", "dead", "retry", "killed", "stale"]))
    def drain_one(self, data: st.DataObject, fate: str) -> None:
        lane = data.draw(st.sampled_from(sorted(lane for lane, ids in self.waiting.items() if ids)))
        self.tokens += 1
        token = str(self.tokens)
        assert self.outbox.claim(lane, token, 60)
        head = self.outbox.head(lane)
        assert head is not None
        assert head.delivery_id == self.waiting[lane][0]
        assert self.outbox.begin(lane, token, head, 60) is not None
        if fate in {"killed", "stale"}:
            self.client.delete(keys.lane_lease(lane))  # as when it runs out
        if fate == "stale":
            assert not self.outbox.end(lane, token, head, DeliveryState.DELIVERED, at=hours(1))
        if fate == "retry":
            assert self.outbox.postpone(lane, token, head, hours(2), "HTTP 500")
        if fate in {"delivered", "dead"}:
            assert self.outbox.end(lane, token, head, DeliveryState(fate), at=hours(1))
            self.over.append(self.waiting[lane].pop(0))
        self.outbox.release(lane, token)

    @precondition(lambda self: bool(self.over))
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        delivery_id = data.draw(st.sampled_from(self.over))
        assert self.outbox.replay(delivery_id, hours(3))
        self.over.remove(delivery_id)
        found = self.outbox.find(delivery_id)
        assert found is not None
        self.waiting[lane_of(found)].append(delivery_id)

    @invariant()
    def every_delivery_is_where_it_belongs(self) -> None:
        lanes = {lane: self.client.lrange(keys.lane(lane), 0, -1) for lane in self.waiting}
        assert lanes == self.waiting
        due = set(self.client.zrange(keys.lanes_due(), 0, -1))
        assert due == {lane for lane, ids in self.waiting.items() if ids}
        listed = [d.delivery_id for state in list(DeliveryState)[1:] for d in self.outbox.listed(state, 999)]
        assert sorted(listed) == sorted(self.over)


def test_nothing_is_lost_whatever_happens_in_whatever_order(valkey: redis.Redis) -> None:
    class Machine(OutboxMachine):
        client = valkey

    case = Machine.TestCase
    case.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
    case().runTest()
