"""The rights that docs/store.md gives the store's user are enough for what the service does."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from config.settings import Settings, load_settings
from service.ready_checks import checks_of
from service.runtime import register_feeds, release_all_work, seed_store, settle_history, timers_of
from tests.bench.queue import Stage
from tests.chaos.reader import StoryReader
from workers.domain.alert import DeliveryState
from workers.domain.article import Outcome
from workers.hands import Loop
from workers.heartbeat import Heartbeat
from workers.jobs import take_up
from workers.provisions import load_catalogue
from workers.queue_facts import look_at_queues
from workers.queues import ALERTS, ARTICLES, worker_of
from workers.relief import mark_of
from workers.runtime import Preloaded, hands_of
from workers.storage.connection import Patience, connect_queue
from workers.stores import Stores, open_stores
from workers.trouble import store_trouble

DOCS = Path(__file__).parents[3] / "docs" / "store.md"
PASSWORD = "not-a-secret"


def rights() -> list[str]:
    """The rights of the one user that the document shows."""
    (line,) = re.findall(r"^user trucewatch on >PASSWORD (.+)$", DOCS.read_text(), re.MULTILINE)
    return line.split()


@pytest.fixture
def stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        made = Stage(Path(folder))
        made.stores.client.execute_command("ACL", "SETUSER", "trucewatch", "on", f">{PASSWORD}", *rights())
        made.environ["TRUCEWATCH_REDIS_URL"] = made.store.url.replace("unix://", f"unix://trucewatch:{PASSWORD}@")
        yield made
        made.stop()


def work(settings: Settings, stores: Stores, queue_name: str) -> None:
    """Do all jobs of a queue as a worker process does, with the rights of the settings' user."""
    patience = Patience()
    assert settings.redis_url is not None
    client = connect_queue(settings.redis_url.get_secret_value(), patience)
    catalogue = load_catalogue(settings.catalogue, ())
    reader = StoryReader(catalogue, pause=lambda _s: None) if queue_name == ARTICLES else None
    loaded = Preloaded(queue_name, catalogue, reader, (lambda _text, _tag: True) if reader else None)
    with asyncio.Runner() as runner:
        loop = Loop(runner)
        take_up(hands_of(settings, stores, loaded, f"{queue_name}{mark_of(1, 2)}x", loop, lambda: False))
        worker = worker_of(queue_name, client, f"{queue_name}-rights", patience)
        worker.work(burst=True, logging_level="ERROR")
        assert worker.refused is None
        loop.close()


def test_the_rights_that_the_documents_give_are_enough(stage: Stage) -> None:
    settings = load_settings(stage.environ)
    stores = open_stores(stage.environ["TRUCEWATCH_REDIS_URL"], timedelta(minutes=3), datetime.now(UTC))
    seed_store(settings, stores)
    settle_history(settings, stores)
    register_feeds(settings, stores)
    stage.stores = stores
    stage.queue(range(60))
    work(settings, stores, ARTICLES)
    work(settings, stores, ALERTS)
    timers = timers_of(settings, stores, store_trouble())
    timers.tick()
    release_all_work(stores)
    heartbeat = Heartbeat(stores.presence, "articles-rights", store_trouble().note)
    heartbeat.start()
    heartbeat.stop()
    assert len(stores.articles.ended(Outcome.READ, 100)) == 60 + 1  # the seed story
    assert stores.outbox.listed(DeliveryState.DELIVERED, 100)
    assert {name: check().state for name, check in checks_of(stores.client, None, None).items()} == {
        "store": "ok", "writes": "ok", "durability": "ok", "eviction": "ok",
    }  # fmt: skip
    assert [facts.waiting for facts in look_at_queues(stores.queue_client)] == [0, 0]
    with pytest.raises(redis.RedisError, match="no permissions to run the 'flushall' command"):
        stores.client.flushall()
