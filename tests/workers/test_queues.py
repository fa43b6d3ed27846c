"""Jobs on a real queue: those that are none of ours cost only themselves, and the janitor clears what RQ leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from tests.builders import NOON
from workers.hands import EpochError
from workers.jobs import take_up
from workers.queues import ALERTS, ARTICLES, PatientWorker, worker_of
from workers.storage.connection import Patience, connect_queue
from workers.stores import Stores, open_stores


@dataclass(slots=True)
class Hands:
    """Notes what it is asked for; of another epoch it takes nothing."""

    epoch: str
    read: list[str] = field(default_factory=list)

    def read_article(self, article_id: str, epoch: str) -> None:
        if epoch != self.epoch:
            raise EpochError(epoch, self.epoch)
        self.read.append(article_id)

    def drain_lane(self, lane: str, epoch: str) -> None:
        raise AssertionError(lane)


@dataclass(slots=True)
class Desk:
    stores: Stores
    worker: PatientWorker
    hands: Hands
    said: list[str] = field(default_factory=list)

    def work(self) -> list[str]:
        with capture_logs() as lines:
            self.worker.work(burst=True, logging_level="WARNING")
        self.said = [line["why"] for line in lines if line["event"] == "job_refused"]
        return self.hands.read

    def enqueue(self, function: str, *args: object, job_id: str = "odd", **named: object) -> None:
        queue = Queue(ARTICLES, connection=self.stores.queue_client, serializer=JSONSerializer)
        queue.enqueue_call(function, args, named, job_id=job_id)


@pytest.fixture
def desk(valkey: redis.Redis, store_url: str) -> Iterator[Desk]:
    stores = open_stores(store_url, timedelta(minutes=2), NOON)
    patience = Patience()
    client = connect_queue(store_url, patience)
    hands = Hands(stores.birth.epoch)
    take_up(hands)
    yield Desk(stores, worker_of(ARTICLES, client, "articles-test-1", patience), hands)
    client.close()


def test_a_job_of_ours_is_done(desk: Desk) -> None:
    desk.stores.queues.enqueue_articles(["a1", "a2"])
    assert desk.work() == ["a1", "a2"]
    assert desk.said == []


@pytest.mark.parametrize(
    ("function", "args", "words"),
    [
        pytest.param("os.system", ("true", "x"), "asks for 'os.system', which this", id="a foreign function"),
        pytest.param("workers.jobs.rewrite", ("a1", "e"), "known are workers.jobs.", id="of a newer version"),
        pytest.param("workers.jobs.read_article", ("a1",), "not a key and an epoch", id="of an older version"),
        pytest.param("workers.jobs.read_article", ("a1", 7), "not a key and an epoch", id="of another kind"),
        pytest.param("workers.jobs.read_article", ("a1", "fe0000"), "of epoch fe0000", id="of another store"),
    ],
)  # fmt: skip
def test_a_job_that_is_none_of_ours_is_refused_says_why_and_stops_nothing(
    desk: Desk, function: str, args: tuple[object, ...], words: str
) -> None:
    desk.enqueue(function, *args)
    desk.stores.queues.enqueue_articles(["a1"])
    assert desk.work() == ["a1"]
    (why,) = desk.said
    assert words in why


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("data", b"\x80\x04\x95pickle", id="a pickle"),
        pytest.param("data", b'["workers.jobs.read_article", null, 5', id="half a JSON"),
        pytest.param("data", json.dumps({"a": 1}).encode(), id="another JSON"),
        pytest.param("created_at", b"yesterday", id="a date in words"),
        pytest.param("timeout", b"soon", id="a timeout in words"),
    ],
)
def test_a_job_whose_record_is_damaged_is_refused_and_stops_nothing(desk: Desk, field: str, value: bytes) -> None:
    desk.enqueue("workers.jobs.read_article", "odd", desk.hands.epoch)
    desk.stores.queue_client.hset("rq:job:odd", field, value)
    desk.stores.queues.enqueue_articles(["a1"])
    assert desk.work() == ["a1"]
    assert len(desk.said) == 1


def test_a_job_whose_record_is_gone_is_passed_over(desk: Desk) -> None:
    desk.enqueue("workers.jobs.read_article", "odd", desk.hands.epoch)
    desk.stores.queue_client.delete("rq:job:odd")
    desk.stores.queues.enqueue_articles(["a1"])
    assert desk.work() == ["a1"]


def test_a_user_without_the_needed_right_is_told_which_command_was_refused(desk: Desk, store_url: str) -> None:
    desk.stores.client.acl_setuser(
        "guest", enabled=True, nopass=True, keys=["*"], channels=["*"], categories=["+@all"], commands=["-lmove"]
    )
    try:
        guest = redis.Redis.from_url(store_url, username="guest", password="x")
        worker = worker_of(ARTICLES, guest, "articles-test-2", Patience())
        worker.work(burst=True, logging_level="CRITICAL")
        assert "'lmove'" in str(worker.refused)
    finally:
        desk.stores.client.acl_deluser("guest")


def test_the_janitor_clears_what_dead_workers_left_in_rq_at_the_second_look_and_takes_no_lock(desk: Desk) -> None:
    queue_client = desk.stores.queue_client
    queue_client.lpush("rq:queue:articles:intermediate", "articles-a1")
    queue_client.sadd("rq:workers", "rq:worker:gone")
    queue_client.sadd("rq:workers:alerts", "rq:worker:gone")
    queue_client.zadd("rq:wip:alerts", {"alerts-x:1": 5.0})
    queue_client.zadd("rq:finished:alerts", {"alerts-x": 5.0, "alerts-y": 4_000_000_000.0})
    assert desk.stores.queues.tidy(NOON) == 3
    assert desk.stores.queues.tidy(NOON) == 1
    assert desk.stores.queues.tidy(NOON) == 0
    assert queue_client.zrange("rq:finished:alerts", 0, -1) == [b"alerts-y"]
    assert queue_client.exists("rq:queue:articles:intermediate", "rq:workers", "rq:workers:alerts") == 0
    assert queue_client.keys("rq:clean_registries*") == []
    assert desk.stores.queues.depth(ALERTS) == 0
