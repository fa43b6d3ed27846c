"""What a dead worker had in hand goes to others at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis

from tests.builders import NOON, a_delivery, an_article, hours
from workers.queues import ALERTS, ARTICLES
from workers.relief import ANYBODY, mark_of, relieve
from workers.storage.outbox_records import lane_of
from workers.stores import Stores, open_stores

NOW = hours(1)
LATER = NOW + timedelta(minutes=5)
WORKER = f"articles{mark_of(10, 11)}abc"
OTHER = f"articles{mark_of(20, 21)}def"


@pytest.fixture
def stores(valkey: redis.Redis, store_url: str) -> Stores:
    return open_stores(store_url, timedelta(minutes=2), NOON)


def queue(stores: Stores, *names: str) -> None:
    with stores.client.pipeline(transaction=True) as pipe:
        for name in names:
            stores.articles.stage(pipe, an_article(name))
        pipe.execute()


def test_an_article_in_the_hand_of_a_dead_worker_is_due_at_once_and_that_of_another_is_not(stores: Stores) -> None:
    queue(stores, "a1", "a2")
    stores.articles.begin("a1", WORKER, LATER)
    stores.articles.begin("a2", OTHER, LATER)
    relieve(stores, mark_of(10, 11), NOW)
    assert stores.queues.queued_keys(ARTICLES, ["a1", "a2"]) == {"a1"}
    assert stores.presence.all_held() == {"a2"}


def test_a_supervisor_frees_all_of_a_parents_workers_and_an_owner_everybodys(stores: Stores) -> None:
    queue(stores, "a1", "a2")
    stores.articles.begin("a1", WORKER, LATER)
    stores.articles.begin("a2", OTHER, LATER)
    relieve(stores, mark_of(10), NOW)
    assert stores.queues.queued_keys(ARTICLES, ["a1", "a2"]) == {"a1"}
    relieve(stores, ANYBODY, NOW)
    assert stores.queues.queued_keys(ARTICLES, ["a1", "a2"]) == {"a1", "a2"}


def test_what_was_in_hand_goes_before_what_waits(stores: Stores) -> None:
    queue(stores, "a1", "a2")
    stores.queues.enqueue_articles(["a2"])
    stores.articles.begin("a1", WORKER, LATER)
    relieve(stores, mark_of(10, 11), NOW)
    assert stores.queue_client.lindex("rq:queue:articles", 0) == b"articles-a1"


def test_a_job_that_was_lost_between_queue_and_hand_is_queued_and_an_article_that_is_paused_is_left_alone(
    stores: Stores,
) -> None:
    queue(stores, "lost", "lost-again", "waiting", "begun", "paused")
    stores.queues.enqueue_articles(["waiting"])
    stores.articles.begin("lost-again", WORKER, LATER)
    stores.articles.put_down(WORKER)
    stores.articles.note_queued(["lost", "lost-again", "waiting"], LATER)
    stores.articles.begin("begun", OTHER, LATER)
    stores.articles.pause("paused", LATER, NOW)
    relieve(stores, mark_of(10, 11), NOW)
    names = ["lost", "lost-again", "waiting", "begun", "paused"]
    assert stores.queues.queued_keys(ARTICLES, names) == {"lost", "lost-again", "waiting"}


def test_the_lanes_and_probes_of_a_dead_sender_are_free_and_those_of_another_are_not(stores: Stores) -> None:
    one, two = a_delivery("desk"), a_delivery("radio")
    with stores.client.pipeline(transaction=True) as pipe:
        stores.outbox.stage(pipe, [one, two])
        pipe.execute()
    assert stores.outbox.claim(lane_of(one), f"{WORKER}-1", 60)
    assert stores.outbox.take_probe("desk", f"{WORKER}-1", 60)
    assert stores.outbox.claim(lane_of(two), f"{OTHER}-1", 60)
    relieve(stores, mark_of(10, 11), NOW)
    assert stores.queues.queued_keys(ALERTS, [lane_of(one), lane_of(two)]) == {lane_of(one)}
    assert stores.outbox.claim(lane_of(one), "next", 60)
    assert stores.outbox.take_probe("desk", "next", 60)
    assert not stores.outbox.claim(lane_of(two), "next", 60)


def test_a_lane_that_its_dead_sender_had_emptied_is_free_as_well(stores: Stores) -> None:
    lane = lane_of(a_delivery("desk"))
    assert stores.outbox.claim(lane, f"{WORKER}-1", 60)
    relieve(stores, mark_of(10, 11), NOW)
    assert stores.outbox.claim(lane, "next", 60)
    assert stores.outbox.release(lane, "next")
    assert stores.client.exists("trucewatch:lanes:leased") == 0


def test_a_claim_whose_answer_was_lost_is_no_failure_when_asked_again(stores: Stores) -> None:
    assert stores.outbox.claim("desk~river-war", "mine", 60)
    assert stores.outbox.claim("desk~river-war", "mine", 60)
    assert not stores.outbox.claim("desk~river-war", "yours", 60)


def test_a_try_that_the_store_spoiled_is_given_back_unless_the_article_is_settled(stores: Stores) -> None:
    queue(stores, "a1")
    assert stores.articles.begin("a1", WORKER, LATER) == 1
    assert stores.articles.give_back("a1", NOW)
    assert stores.articles.due(NOW, 10) == ["a1"]
    assert stores.articles.begin("a1", WORKER, LATER) == 1
    assert not stores.articles.give_back("unknown", NOW)
