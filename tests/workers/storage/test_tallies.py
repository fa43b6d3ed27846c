from __future__ import annotations

from datetime import timedelta

import pytest
import redis

from tests.builders import NOON, a_catalogue, a_feed_state, a_statement, an_article, hours
from tests.newsroom import Newsroom
from workers.domain.alert import Alert, AlertType
from workers.domain.feed import FeedState
from workers.domain.policy import Policy
from workers.storage.tallies import Tallies, last_statement_at, latency_of, stage_alert, stage_poll


@pytest.fixture
def newsroom(valkey: redis.Redis) -> Newsroom:
    return Newsroom(valkey, a_catalogue(), Policy())


def an_alert(took: timedelta | None, *, late: bool = False) -> Alert:
    data = {"late": late, "changes": []}
    if took is not None:
        data["article"] = {"fetched_at": (NOON - took).isoformat()}
    return Alert("msg_ab12cd_river-war_1", AlertType.POSITION_CHANGED, "river-war", 1, NOON, data)


def staged(valkey: redis.Redis, *alerts: Alert) -> dict[str, dict[str, int]]:
    with valkey.pipeline(transaction=True) as pipe:
        for alert in alerts:
            stage_alert(pipe, alert)
        pipe.execute()
    return Tallies(valkey).all()


def test_an_article_counts_what_it_says_and_moves(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("support"))
    newsroom.hear(an_article("a2", hour=30), a_statement("reject", article="a2", hour=30))
    counts = Tallies(newsroom.client).all()
    assert counts["statements"] == {"support": 1, "reject": 1}
    assert counts["changes"] == {"support": 2, "reject": 2}  # of Vane, and of Northland, for which she speaks
    assert counts["alerts"]["position.changed"] == 1
    assert last_statement_at(counts) == int((hours(30) + timedelta(minutes=1)).timestamp())


def test_copies_of_the_same_words_are_counted_as_such(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("support"))
    copy = a_statement("support", article="a2", quote=a_statement().quote)
    newsroom.hear(an_article("a2", publisher="Other Wire"), copy)
    assert Tallies(newsroom.client).all()["duplicates"] == {"": 2}


def test_a_commit_that_writes_nothing_counts_nothing(newsroom: Newsroom) -> None:
    newsroom.skip(an_article("a1"), "off_topic")
    assert Tallies(newsroom.client).all() == {}


def test_the_time_to_an_alert_is_counted_in_buckets(valkey: redis.Redis) -> None:
    counts = staged(valkey, an_alert(timedelta(seconds=5)), an_alert(timedelta(seconds=6)), an_alert(timedelta(days=1)))
    found = latency_of(counts)
    assert (found.buckets[5], found.buckets[10], found.buckets[3600]) == (1, 1, 0)
    assert (found.count, found.sum_s) == (3, 86_411.0)


def test_late_alerts_and_those_without_an_article_are_told_apart(valkey: redis.Redis) -> None:
    counts = staged(valkey, an_alert(timedelta(seconds=1), late=True), an_alert(None))
    assert counts["late"] == {"": 1}
    assert counts["alerts"] == {"position.changed": 2}
    assert latency_of(counts).count == 1


@pytest.mark.parametrize(
    ("state", "entries", "outcome"),
    [
        pytest.param(a_feed_state(), 3, "read", id="a document"),
        pytest.param(a_feed_state(), None, "not_modified", id="no document"),
        pytest.param(FeedState(problem="503"), None, "failed", id="a failure"),
        pytest.param(FeedState(problem="410", gone=True), None, "gone", id="taken away"),
    ],
)
def test_a_poll_is_counted_by_what_came_of_it(
    valkey: redis.Redis, state: FeedState, entries: int | None, outcome: str
) -> None:
    with valkey.pipeline(transaction=True) as pipe:
        stage_poll(pipe, state, entries=entries, articles=1)
        pipe.execute()
    counts = Tallies(valkey).all()
    assert counts["polls"] == {outcome: 1}
    assert counts.get("entries", {}).get("", 0) == (entries or 0)
    assert counts["articles"] == {"": 1}


def test_sends_and_starts_are_counted_by_what_they_are_about(valkey: redis.Redis) -> None:
    tallies = Tallies(valkey)
    tallies.count_answers("desk|one", {"200": 2, "no_answer": 1})
    tallies.count_start("articles")
    counts = tallies.all()
    assert counts["attempts"] == {"desk|one~200": 2, "desk|one~no_answer": 1}
    assert counts["worker_starts"] == {"articles": 1}
