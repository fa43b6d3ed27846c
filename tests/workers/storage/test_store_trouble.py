"""A store that answers and takes no writes: those who are patient wait, /readyz names it, all goes on by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import pytest
import redis

from service.readiness import Check
from service.ready_checks import store_check, writes_check
from tests.builders import NOON, an_article, hours
from tests.waiting import until
from workers.queues import ARTICLES
from workers.storage.articles import Articles
from workers.storage.connection import Patience, connect, connect_queue
from workers.stores import open_stores

Set = Callable[[redis.Redis], object]
# How a healthy store is brought into each trouble, how it gets out of it, and what names it.
TROUBLES = [
    pytest.param(
        lambda store: store.replicaof("127.0.0.1", "1"),
        lambda store: store.replicaof("no", "one"),
        "read only replica",
        id="read-only",
    ),
    pytest.param(
        lambda store: store.config_set("maxmemory", "1"),
        lambda store: store.config_set("maxmemory", "0"),
        "maxmemory",
        id="over maxmemory",
    ),
    pytest.param(
        lambda store: store.config_set("min-replicas-to-write", "1"),
        lambda store: store.config_set("min-replicas-to-write", "0"),
        "Not enough good replicas",
        id="short of replicas",
    ),
]


@pytest.fixture
def troubled(valkey: redis.Redis) -> Iterator[redis.Redis]:
    """The session's store, well again when the test is over."""
    yield valkey
    for heal in ("replicaof no one", "config set maxmemory 0", "config set min-replicas-to-write 0"):
        valkey.execute_command(*heal.split())


@contextmanager
def in_the_background(work: Callable[[], object]) -> Iterator[Event]:
    """Have it done in a thread; the event tells when it is."""
    done = Event()

    def run() -> None:
        work()
        done.set()

    thread = Thread(target=run, daemon=True)
    thread.start()
    yield done
    thread.join(timeout=20)


@pytest.mark.parametrize(("hurt", "heal", "words"), TROUBLES)
def test_a_patient_writer_waits_and_goes_on_by_itself(
    troubled: redis.Redis, store_url: str, hurt: Set, heal: Set, words: str
) -> None:
    stores = open_stores(store_url, timedelta(minutes=2), NOON, Patience())
    with stores.client.pipeline(transaction=True) as pipe:
        stores.articles.stage(pipe, an_article("a1"))
        pipe.execute()
    hurt(troubled)
    with pytest.raises(redis.RedisError, match=words):
        stores.articles.set_due(["a1"], hours(1))
    with (
        in_the_background(lambda: stores.queues.enqueue_articles(["a1"])) as queued,
        in_the_background(lambda: Articles(stores.queue_client).give_back("a1", hours(2))) as given_back,
    ):
        assert not queued.wait(0.4)
        heal(troubled)
        until(lambda: queued.is_set() and given_back.is_set())
    assert stores.queues.depth(ARTICLES) == 1
    assert stores.articles.due(hours(2), 5) == ["a1"]


@pytest.mark.parametrize(("hurt", "heal", "words"), TROUBLES)
def test_readiness_names_what_is_wrong_while_the_store_still_answers(
    troubled: redis.Redis, store_url: str, hurt: Set, heal: Set, words: str
) -> None:
    client = connect(store_url)
    assert writes_check(client).ok
    hurt(troubled)
    assert store_check(client).ok
    with pytest.raises(redis.RedisError, match=words):
        writes_check(client)
    heal(troubled)
    assert writes_check(client).ok


def test_who_is_told_to_stop_waits_no_more(troubled: redis.Redis, store_url: str) -> None:
    patience = Patience()
    client = connect_queue(store_url, patience)
    troubled.config_set("maxmemory", "1")
    failed: list[redis.RedisError] = []

    def write() -> None:
        try:
            client.set("anything", "1")
        except redis.ConnectionError as error:
            failed.append(error)

    with in_the_background(write) as done:
        assert not done.wait(0.4)
        patience.end()
        until(done.is_set)
    assert "the store takes no writes" not in str(failed[0])
    assert "enough for one who is to stop" in str(failed[0])


def test_a_slow_store_is_warned_about(valkey: redis.Redis) -> None:
    times = iter([0.0, 2.5])
    assert store_check(valkey, lambda: next(times)) == Check(
        ok=False, why="slow: it answers after 2.5 s", only_warns=True
    )


def test_an_error_of_the_caller_is_no_trouble_of_the_store(valkey: redis.Redis, store_url: str) -> None:
    client = connect_queue(store_url, Patience())
    with pytest.raises(redis.ResponseError, match="wrong number of arguments"):
        client.execute_command("SET", "half")
