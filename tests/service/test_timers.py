"""The sweeper: what is pending or due and on no queue is put there again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import redis

from service.janitor import Janitor
from service.timers import AGAIN_AFTER, TIDY_EVERY, Timers
from tests.builders import NOON, an_article
from tests.fakes import FixedClock
from tests.waiting import until
from workers.domain.alert import Delivery
from workers.domain.policy import Policy
from workers.queues import ALERTS, ARTICLES
from workers.stores import Stores, open_stores


@dataclass(frozen=True, slots=True)
class Desk:
    stores: Stores
    clock: FixedClock

    def timers(self, token: str = "one") -> Timers:
        stores = self.stores
        return Timers(
            articles=stores.articles,
            presence=stores.presence,
            outbox=stores.outbox,
            queues=stores.queues,
            leases=stores.leases,
            token=token,
            clock=self.clock,
            on_trouble=lambda _error: None,
            janitor=Janitor(stores.ledger, stores.expiry, Policy(), timedelta(days=400), self.clock),
        )

    def stage(self, write: Callable[..., None]) -> None:
        with self.stores.client.pipeline(transaction=True) as pipe:
            write(pipe)
            pipe.execute()


@pytest.fixture
def desk(valkey: redis.Redis, store_url: str) -> Desk:
    return Desk(open_stores(store_url, timedelta(minutes=2), NOON), FixedClock(NOON + timedelta(hours=1)))


def test_a_pending_article_whose_job_was_lost_is_queued_again(desk: Desk) -> None:
    desk.stage(lambda pipe: desk.stores.articles.stage(pipe, an_article("a1")))
    desk.timers().tick()
    assert desk.stores.queues.queued(ARTICLES) == {"articles-a1"}
    desk.stores.queue_client.delete("rq:queue:articles")
    desk.timers().tick()
    assert desk.stores.queues.depth(ARTICLES) == 0
    desk.clock.now += AGAIN_AFTER
    desk.timers().tick()
    assert desk.stores.queues.depth(ARTICLES) == 1


def test_an_article_that_waits_on_a_long_queue_is_not_queued_twice(desk: Desk) -> None:
    desk.stage(lambda pipe: desk.stores.articles.stage(pipe, an_article("a1")))
    for _ in range(3):
        desk.timers().tick()
        desk.clock.now += AGAIN_AFTER
    assert desk.stores.queues.depth(ARTICLES) == 1


def test_an_article_in_a_living_workers_hand_is_left_alone(desk: Desk) -> None:
    desk.stage(lambda pipe: desk.stores.articles.stage(pipe, an_article("a1")))
    desk.stores.presence.beat("w1")
    desk.stores.articles.begin("a1", "w1", desk.clock.now + timedelta(minutes=5))
    desk.timers().tick()
    assert desk.stores.queues.depth(ARTICLES) == 0


def test_what_a_dead_worker_had_in_hand_is_queued_at_once(desk: Desk) -> None:
    desk.stage(lambda pipe: desk.stores.articles.stage(pipe, an_article("a1")))
    desk.stores.articles.begin("a1", "w1", desk.clock.now + timedelta(minutes=5))
    desk.timers().tick()
    assert desk.stores.queues.queued(ARTICLES) == {"articles-a1"}


def test_a_waiting_delivery_has_its_lane_queued(desk: Desk) -> None:
    delivery = Delivery("m1~desk", "m1", "desk", "river-war", "application/json", "{}", NOON)
    desk.stage(lambda pipe: desk.stores.outbox.stage(pipe, [delivery]))
    desk.timers().tick()
    assert desk.stores.queues.depth(ALERTS) == 1


def test_one_process_at_a_time_has_the_timers(desk: Desk) -> None:
    desk.timers("one").tick()
    desk.stage(lambda pipe: desk.stores.articles.stage(pipe, an_article("a1")))
    desk.timers("two").tick()
    assert desk.stores.queues.depth(ARTICLES) == 0
    desk.timers("one").tick()
    assert desk.stores.queues.depth(ARTICLES) == 1


def test_traces_of_dead_workers_in_rq_are_cleared_once_a_minute(desk: Desk) -> None:
    timers = desk.timers()
    timers.tick()
    desk.stores.queue_client.sadd("rq:workers", "rq:worker:gone")
    timers.tick()
    assert desk.stores.queue_client.scard("rq:workers") == 1
    desk.clock.now += TIDY_EVERY
    timers.tick()
    assert desk.stores.queue_client.scard("rq:workers") == 0


def test_the_timers_of_a_killed_process_are_taken_over_when_their_lease_has_run_out(desk: Desk) -> None:
    desk.timers("one").tick()
    desk.stage(lambda pipe: desk.stores.articles.stage(pipe, an_article("a1")))
    other = desk.timers("two")
    until(lambda: other.tick() or desk.stores.queues.depth(ARTICLES) == 1)
