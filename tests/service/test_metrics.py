from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import redis
import structlog

from service.exposition import written
from service.metrics import Metrics
from tests.builders import a_catalogue, a_feed, a_feed_state, a_statement, an_article
from tests.newsroom import Newsroom
from workers.domain.alert import DeliveryState
from workers.domain.article import Outcome
from workers.domain.policy import Policy
from workers.storage import keys
from workers.storage.records import records_of
from workers.storage.tallies import stage_poll
from workers.stores import Stores, open_stores

NOW = datetime.now(UTC)


@pytest.fixture
def newsroom(valkey: redis.Redis) -> Newsroom:
    return Newsroom(valkey, a_catalogue(), Policy())


@pytest.fixture
def stores(valkey: redis.Redis, store_url: str) -> Stores:
    structlog.reset_defaults()
    return open_stores(store_url, timedelta(seconds=60), NOW)


def told_by(stores: Stores, *endpoints: str, later: timedelta = timedelta()) -> dict[str, float]:
    """What /metrics says, by name and labels."""
    # The queues' own times are those of the clock, which goes on while the tests before this one run.
    now = datetime.now(UTC) if later else NOW
    metrics = Metrics(stores, endpoints, lambda: now + later, free_bytes=lambda: 123)
    lines = written(metrics.gather()).splitlines()
    series = [line.removeprefix("trucewatch_").rpartition(" ") for line in lines if not line.startswith("#")]
    assert len({name for name, _, _ in series}) == len(series), "a series stands twice"
    return {name: float(value) for name, _, value in series}


def test_an_empty_store_has_every_counter_at_nought(stores: Stores) -> None:
    told = told_by(stores, "desk")
    noughts = (
        'polls_total{outcome="failed"}', "entries_total", "feed_gaps_total", "articles_pending",
        'statements_total{position="reject"}', 'changes_total{to="support"}', 'alerts_total{type="position.changed"}',
        "alerts_late_total", "duplicates_total", 'queue_jobs{queue="articles"}', 'outbox_deliveries{endpoint="desk"}',
        'endpoint_breaker_open{endpoint="desk"}', 'dead_letters{kind="delivery"}', "fetch_to_alert_seconds_count",
        'worker_starts_total{queue="alerts"}', 'deliveries_total{endpoint="desk",outcome="delivered"}',
    )  # fmt: skip
    assert {name: told.get(name) for name in noughts} == dict.fromkeys(noughts, 0)
    assert (told["store_up"], told["store_durable"], told["store_evicts"], told["store_free_bytes"]) == (1, 1, 0, 123)


def test_what_was_heard_and_told_is_counted(stores: Stores, newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("support"), endpoint="desk")
    newsroom.hear(an_article("a2", hour=30), a_statement("reject", article="a2", hour=30), endpoint="desk")
    newsroom.skip(an_article("a3"), "off_topic")
    newsroom.skip(an_article("a4"), "it broke", Outcome.DEAD)
    told = told_by(stores)
    assert told['articles_total{outcome="read",reason="read"}'] == 2
    assert told['articles_total{outcome="skipped",reason="off_topic"}'] == 1
    assert told['dead_letters{kind="article"}'] == 1
    assert told['statements_total{position="reject"}'] == 1
    assert told['alerts_total{type="position.changed"}'] == 1
    assert told["fetch_to_alert_seconds_count"] == sum(
        count for name, count in told.items() if name.startswith("alerts_total")
    )
    assert told['outbox_deliveries{endpoint="desk"}'] > 0
    assert told['outbox_oldest_seconds{endpoint="desk"}'] > 0


def test_pending_articles_have_an_age_from_when_they_came(stores: Stores, newsroom: Newsroom) -> None:
    newsroom.receive(an_article("old"))
    before = told_by(stores, later=timedelta(hours=1))
    assert before["articles_pending"] == 1
    # Less than the hour by what has passed since this module was loaded, minutes in a whole run.
    assert 1_000 < before["articles_pending_oldest_seconds"] < 3_700
    stores.client.zrem(keys.pending(), "old")  # as an older process would settle it, which knows no ages
    assert told_by(stores, later=timedelta(hours=1))["articles_pending_oldest_seconds"] == 0
    assert stores.client.zcard(keys.pending_since()) == 0


def test_feeds_are_told_by_state_with_their_gaps_and_their_lag(stores: Stores) -> None:
    well, failing, gone = a_feed("One"), a_feed("Two"), a_feed("Three")
    stores.feeds.register([well, failing, gone], NOW - timedelta(minutes=2))
    states = [
        (well, replace(a_feed_state(), gaps=2)),
        (failing, replace(a_feed_state(), problem="503", gaps=1)),
        (gone, replace(a_feed_state(), problem="410", gone=True)),
    ]
    with stores.client.pipeline() as pipe:
        for feed, state in states:
            pipe.set(keys.feed_state(feed.feed_id), records_of(type(state)).dump(state))
            stage_poll(pipe, state, entries=None, articles=0)
        pipe.execute()
    told = told_by(stores)
    assert [told[f'feeds{{state="{state}"}}'] for state in ("well", "failing", "gone")] == [1, 1, 1]
    assert told["feed_gaps_total"] == 3
    assert 110 < told["poll_lag_seconds"] < 130
    assert [told[f'polls_total{{outcome="{one}"}}'] for one in ("read", "not_modified", "failed", "gone")] == [
        0,
        1,
        1,
        1,
    ]


def test_queues_tell_what_waits_and_who_works(stores: Stores) -> None:
    stores.queues.enqueue_articles(["a1", "a2"])
    told = told_by(stores, later=timedelta(minutes=5))
    assert told['queue_jobs{queue="articles"}'] == 2
    assert 299 < told['queue_oldest_seconds{queue="articles"}'] < 400
    assert told['queue_jobs{queue="alerts"}'] == 0
    assert told['workers{queue="articles"}'] == 0


def test_endpoints_tell_attempts_breakers_and_ends(stores: Stores) -> None:
    stores.tallies.count_answers("desk", {"200": 3, "503": 1})
    stores.outbox.disable("desk", "410", NOW)
    told = told_by(stores, "desk")
    assert told['delivery_attempts_total{endpoint="desk",status="200"}'] == 3
    assert told['delivery_attempts_total{endpoint="desk",status="503"}'] == 1
    assert told['endpoint_disabled{endpoint="desk"}'] == 1
    assert told[f'deliveries_total{{endpoint="desk",outcome="{DeliveryState.DELIVERED}"}}'] == 0
