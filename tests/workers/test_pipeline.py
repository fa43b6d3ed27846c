"""One queued article, all the way to the outbox, on a real store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from tests.builders import NOON, a_catalogue, an_article, hours
from tests.fakes import FixedClock, MarkupReader
from workers.delivery.endpoints import Endpoint
from workers.domain.alert import Alert, AlertType
from workers.domain.article import Article, Outcome
from workers.domain.policy import Policy
from workers.domain.statement import PositionScale
from workers.hands import ArticleHands
from workers.pipeline import MOST_BEGUN, MOST_TRIES, PAGE_PAUSE, PageAwayError, Pipeline, end_of
from workers.ruling import World
from workers.storage.articles import ArticleEnd
from workers.stores import Stores, open_stores

REFUSAL = "[mira-vane reject] we shall sign no truce before the river is ours again"
CONSENT = "[mira-vane support] my government takes the truce as it was offered on monday"
UNTIL = NOON + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Desk:
    """A pipeline with all that a test looks at."""

    pipeline: Pipeline
    stores: Stores
    reader: MarkupReader
    clock: FixedClock

    def queue(self, article: Article) -> None:
        with self.stores.client.pipeline(transaction=True) as pipe:
            self.stores.articles.stage(pipe, article)
            pipe.execute()

    def read(self, article_id: str, text: str, *, hour: float = 0, **named: Any) -> Outcome | None:
        self.clock.now = max(self.clock.now, hours(hour) + timedelta(minutes=1))
        self.queue(an_article(article_id, hour=hour, text=f"A truce is talked about. {text}", **named))
        end = self.pipeline.process(article_id, "worker-1", UNTIL)
        return end.outcome if end else None

    def alerts(self) -> list[Alert]:
        return list(reversed(self.stores.ledger.alerts(100)))

    def changed(self) -> list[Alert]:
        return [alert for alert in self.alerts() if alert.alert_type is AlertType.POSITION_CHANGED]


@pytest.fixture
def desk(valkey: redis.Redis, store_url: str) -> Desk:
    born_at = hours(-24)
    stores = open_stores(store_url, timedelta(minutes=2), born_at)
    catalogue = a_catalogue()
    clock, reader = FixedClock(), MarkupReader(catalogue)
    world = World(
        catalogue=catalogue,
        endpoints=(Endpoint("desk", "http://127.0.0.1:1/hook", unsigned=True),),
        policy=Policy(),
        epoch=stores.birth.epoch,
        born_at=born_at,
        actors_added={},
    )
    pipeline = Pipeline(
        reader=reader,
        is_english=lambda text, _tag: "ceci est" not in text,
        fetch_text=lambda _article: None,
        articles=stores.articles,
        commits=stores.commits,
        queues=stores.queues,
        world=world,
        clock=clock,
    )
    return Desk(pipeline, stores, reader, clock)


def test_the_first_words_establish_and_are_told_to_nobody_by_default(desk: Desk) -> None:
    desk.read("a1", REFUSAL)
    assert [alert.alert_type for alert in desk.alerts()] == [AlertType.POSITION_ESTABLISHED]
    assert desk.stores.outbox.depths() == []


def test_a_turn_is_one_alert_that_lists_the_person_and_the_party(desk: Desk) -> None:
    desk.read("a1", REFUSAL)
    desk.read("a2", CONSENT, hour=24)
    (alert,) = desk.changed()
    assert [(change["actor"]["id"], change["from"], change["to"]) for change in alert.data["changes"]] == [
        ("mira-vane", "reject", "support"),
        ("northland", "reject", "support"),
    ]
    assert alert.data["statement"]["quote"] == CONSENT.partition("] ")[2]
    assert alert.data["article"]["id"] == "a2"
    assert [depth.waiting for depth in desk.stores.outbox.depths()] == [1]
    assert desk.stores.queues.depth("alerts") == 1


def test_a_second_run_finds_no_token_and_writes_nothing(desk: Desk) -> None:
    desk.read("a1", REFUSAL)
    desk.read("a2", CONSENT, hour=24)
    before = (desk.alerts(), desk.stores.ledger.positions("river-war"))
    assert desk.pipeline.process("a2", "worker-2", UNTIL) is None
    assert (desk.alerts(), desk.stores.ledger.positions("river-war")) == before


def test_a_copy_by_another_publisher_alerts_nobody_and_is_a_known_source(desk: Desk) -> None:
    desk.read("a1", REFUSAL)
    desk.read("a2", CONSENT, hour=24)
    desk.read("a3", f"By our staff. {CONSENT}", hour=25, publisher="Harbour Post")
    assert len(desk.changed()) == 1
    stances = desk.stores.ledger.stances("river-war", "mira-vane")
    assert {stance.article_id: bool(stance.same_as) for stance in stances} == {"a1": False, "a2": False, "a3": True}


def test_a_page_that_is_away_is_asked_for_once_more_and_then_the_feeds_words_are_read(desk: Desk) -> None:
    asked: list[str] = []

    def fetch_text(article: Article) -> Article:
        asked.append(article.article_id)
        raise PageAwayError(article.article_id, "answered 503")

    hasty = replace(desk.pipeline, fetch_text=fetch_text)
    desk.queue(an_article("a1", text=f"A truce is talked about. {REFUSAL}"))
    assert hasty.process("a1", "worker-1", UNTIL) is None
    assert desk.stores.articles.due(desk.clock.now, 5) == []
    desk.clock.now += PAGE_PAUSE
    assert desk.stores.articles.due(desk.clock.now, 5) == ["a1"]
    end = hasty.process("a1", "worker-1", UNTIL)
    assert end is not None
    assert (end.outcome, end.statements, asked) == (Outcome.READ, 1, ["a1", "a1"])


def test_alerts_are_numbered_in_order(desk: Desk) -> None:
    desk.read("a1", REFUSAL)
    desk.read("a2", CONSENT, hour=24)
    desk.read("a3", "[mira-vane reject] the truce is dead and i say so myself this morning", hour=48)
    assert [alert.sequence for alert in desk.alerts()] == [1, 2, 3]
    assert len({alert.alert_id for alert in desk.alerts()}) == 3


def test_a_commit_that_loses_the_race_reads_and_decides_anew(desk: Desk) -> None:
    desk.read("a1", REFUSAL)
    desk.queue(an_article("a2", hour=24, text=f"A truce. {CONSENT}"))
    desk.clock.now = hours(25)
    article = desk.stores.articles.take("a2")
    assert article is not None
    statements = desk.reader.read("a2", article.title, article.body, article.published_at, article.fetched_at)
    with desk.stores.commits.transaction("a2", 1, ["river-war"]) as transaction:
        assert transaction is not None
        desk.read("a3", "[southland support] we in the south will hold our fire from friday on", hour=24)
        assert not transaction.commit(_end(article), [])
    assert statements
    assert desk.pipeline.process("a2", "worker-1", UNTIL) is not None
    positions = {held.actor_id: held.position for held in desk.stores.ledger.positions("river-war")}
    assert positions == {
        "mira-vane": PositionScale.SUPPORT,
        "northland": PositionScale.SUPPORT,
        "southland": PositionScale.SUPPORT,
    }


def test_a_revision_that_drops_the_words_takes_the_position_back(desk: Desk) -> None:
    desk.read("a1", REFUSAL)
    desk.read("a2", CONSENT, hour=24)
    desk.clock.move(hours=1)
    desk.queue(replace(an_article("a2", hour=24, text="A truce is talked about. Corrected."), revision=2))
    desk.pipeline.process("a2", "worker-1", UNTIL)
    corrected = [alert for alert in desk.alerts() if alert.alert_type is AlertType.POSITION_CORRECTED]
    assert [change["to"] for change in corrected[0].data["changes"]] == ["reject", "reject"]
    assert desk.stores.ledger.spoken("river-war", ["st_a2_25"]) == {}


@pytest.mark.parametrize("published_at", [None, datetime(2099, 1, 1, tzinfo=UTC)])
def test_an_article_of_no_date_or_of_the_future_was_said_when_it_was_fetched(
    desk: Desk, published_at: datetime | None
) -> None:
    desk.read("a1", REFUSAL)
    desk.read("a2", CONSENT, hour=24, published_at=published_at, fetched_at=hours(24))
    (alert,) = desk.changed()
    assert alert.data["statement"]["said_at"] == "2025-03-15T12:00:00Z"
    assert {held.since for held in desk.stores.ledger.positions("river-war")} == {hours(24)}


def test_an_article_of_1970_is_history(desk: Desk) -> None:
    desk.read("a1", REFUSAL)
    desk.read("a2", CONSENT, hour=24, published_at=datetime(1970, 1, 1, tzinfo=UTC), fetched_at=hours(24))
    assert desk.changed() == []
    assert {held.position for held in desk.stores.ledger.positions("river-war")} == {PositionScale.REJECT}


def test_old_news_is_recorded_and_told_to_nobody(desk: Desk) -> None:
    desk.read("a1", REFUSAL, hour=-200)
    desk.read("a2", CONSENT, hour=-150)
    assert desk.alerts() == []
    changes = desk.stores.ledger.changes("river-war")["mira-vane"]
    assert [change.after for change in changes] == [PositionScale.REJECT, PositionScale.SUPPORT]


@pytest.mark.parametrize(
    ("article", "reason"),
    [
        pytest.param({"title": "Harvest", "text": "Wheat is up."}, "off_topic", id="names no tracked conflict"),
        pytest.param({"title": "Truce", "text": "ceci est une trêve"}, "other_language", id="is in another language"),
        pytest.param({"title": " ", "text": ""}, "no_text", id="is empty"),
    ],
)
def test_an_article_that_is_not_read_ends_with_its_reason(desk: Desk, article: dict[str, str], reason: str) -> None:
    desk.queue(an_article("a1", **article))
    end = desk.pipeline.process("a1", "worker-1", UNTIL)
    assert end is not None
    assert (end.outcome, end.reason) == (Outcome.SKIPPED, reason)
    assert desk.stores.articles.counts() == {f"skipped:{reason}": 1}
    assert desk.stores.articles.pending_count() == 0
    assert desk.reader.reads == []


def test_a_stumble_leaves_the_article_pending_to_be_tried_again(desk: Desk) -> None:
    desk.reader.crashes = 1
    with pytest.raises(ValueError, match="stumbled"):
        desk.read("a1", REFUSAL)
    assert desk.stores.articles.due(desk.clock.now, 10) == []
    desk.clock.move(minutes=5)
    assert desk.stores.articles.due(desk.clock.now, 10) == ["a1"]
    end = desk.pipeline.process("a1", "worker-1", UNTIL)
    assert end is not None
    assert end.outcome is Outcome.READ


def test_an_article_that_always_fails_is_buried_with_its_error(desk: Desk) -> None:
    desk.reader.crashes = MOST_TRIES
    desk.queue(an_article("a1", text=f"A truce. {REFUSAL}"))
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(ValueError, match="stumbled"):
            desk.pipeline.process("a1", "worker-1", UNTIL)
    end = desk.pipeline.process("a1", "worker-1", UNTIL)
    assert end is not None
    assert (end.outcome, end.reason) == (Outcome.DEAD, "ValueError: the reader stumbled")
    assert [dead.article_id for dead in desk.stores.articles.ended(Outcome.DEAD, 10)] == ["a1"]


def test_an_article_whose_reading_kills_the_worker_is_buried(desk: Desk) -> None:
    desk.queue(an_article("a1", text=f"A truce. {REFUSAL}"))
    for number in range(MOST_BEGUN):
        desk.stores.articles.begin("a1", f"dead-{number}", UNTIL)
    end = desk.pipeline.process("a1", "worker-1", UNTIL)
    assert end is not None
    assert end.outcome is Outcome.DEAD
    assert desk.reader.reads == []


def test_an_article_whose_record_is_gone_is_buried_and_waits_no_more(desk: Desk) -> None:
    desk.queue(an_article("a1", text=f"A truce. {REFUSAL}"))
    desk.stores.client.delete("trucewatch:article:a1")
    end = desk.pipeline.process("a1", "worker-1", UNTIL)
    assert end is not None
    assert (end.outcome, end.reason) == (Outcome.DEAD, "its record is gone from the store")
    assert desk.stores.articles.pending_count() == 0
    assert desk.pipeline.process("a1", "worker-1", UNTIL) is None


def test_a_worker_that_is_told_to_stop_at_once_hands_its_article_back_as_if_it_had_not_begun(desk: Desk) -> None:
    def fetch_text(_article: Article) -> None:
        raise SystemExit

    desk.queue(an_article("a1", text=f"A truce. {REFUSAL}"))
    with pytest.raises(SystemExit):
        replace(desk.pipeline, fetch_text=fetch_text).process("a1", "worker-1", UNTIL)
    assert desk.stores.articles.due(desk.clock.now, 5) == ["a1"]
    assert desk.stores.presence.all_held() == set()
    assert desk.stores.articles.begin("a1", "worker-2", UNTIL) == 1


def test_tries_that_the_store_spoiled_bury_nothing(desk: Desk) -> None:
    desk.queue(an_article("a1", text=f"A truce. {REFUSAL}"))
    hands = ArticleHands(
        replace(desk.pipeline, fetch_text=_store_away), desk.stores.articles, desk.stores.birth.epoch, "worker-1",
        timedelta(minutes=3),
    )  # fmt: skip
    for _ in range(2 * MOST_BEGUN):
        hands.read_article("a1", desk.stores.birth.epoch)
    assert desk.stores.articles.due(desk.clock.now, 5) == ["a1"]
    end = desk.pipeline.process("a1", "worker-1", UNTIL)
    assert end is not None
    assert end.outcome is Outcome.READ


def test_an_article_stays_in_the_hand_of_a_worker_whose_store_went_away_until_it_is_given_back(desk: Desk) -> None:
    desk.queue(an_article("a1", text=f"A truce. {REFUSAL}"))
    away = replace(desk.pipeline, fetch_text=_store_away)
    with pytest.raises(redis.ConnectionError):
        away.process("a1", "worker-1", UNTIL)
    assert desk.stores.presence.abandoned() == {"worker-1": "a1"}
    hands = ArticleHands(away, desk.stores.articles, desk.stores.birth.epoch, "worker-1", timedelta(minutes=3))
    hands.read_article("a1", desk.stores.birth.epoch)
    assert desk.stores.presence.abandoned() == {}


def _store_away(_article: Article) -> None:
    raise redis.ConnectionError("the store is away")


def _end(article: Article) -> ArticleEnd:
    return end_of(article, Outcome.READ, "read", hours(25))
