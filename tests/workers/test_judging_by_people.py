"""What people say of statements and of alerts that wait for them, on a real store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import redis

from tests.builders import NOON, NORTHLAND, RIVER_WAR, VANE, a_catalogue, an_article, hours
from tests.fakes import FixedClock, MarkupReader
from workers.approving import judge_alert
from workers.correcting import CorrectionError, correct
from workers.delivery.endpoints import Endpoint
from workers.domain.alert import Alert, AlertType, DeliveryState
from workers.domain.approval import Judgement
from workers.domain.article import Tier
from workers.domain.correction import Correction, Verdict
from workers.domain.policy import Policy
from workers.domain.statement import PositionScale
from workers.pipeline import Pipeline
from workers.ruling import World
from workers.stores import Stores, open_stores

REFUSAL = "[mira-vane reject] we shall sign no truce before the river is ours again"
CONSENT = "[mira-vane support] my government takes the truce as it was offered on monday"


@dataclass(frozen=True, slots=True)
class Bureau:
    """A pipeline, and people who look over its shoulder."""

    pipeline: Pipeline
    stores: Stores
    world: World
    clock: FixedClock

    def read(self, article_id: str, text: str, *, hour: float, **named: Any) -> None:
        self.clock.now = max(self.clock.now, hours(hour) + timedelta(minutes=1))
        article = an_article(article_id, hour=hour, text=f"A truce is talked about. {text}", **named)
        with self.stores.client.pipeline(transaction=True) as pipe:
            self.stores.articles.stage(pipe, article)
            pipe.execute()
        self.pipeline.process(article_id, "worker-1", NOON + timedelta(days=9))

    def say(self, verdict: Verdict, article_id: str, position: PositionScale | None = None) -> None:
        self.clock.move(hours=1)
        (spoken,) = (one for one in self.stores.ledger.statements(RIVER_WAR) if one.statement.article_id == article_id)
        statement = spoken.statement
        correction = Correction(
            statement.statement_id, article_id, RIVER_WAR, statement.actor_name, statement.quote, verdict, position,
            "an old quote", "ann", self.clock(), Tier.MAJOR,
        )  # fmt: skip
        correct(self.stores, self.world, correction, self.clock())

    def position(self, actor_id: str = VANE) -> str | None:
        held = {one.actor_id: one.position.value for one in self.stores.ledger.positions(RIVER_WAR)}
        return held.get(actor_id)

    def told(self, kind: AlertType) -> list[Alert]:
        return [alert for alert in reversed(self.stores.ledger.alerts(100)) if alert.alert_type is kind]


@pytest.fixture
def open_bureau(valkey: redis.Redis, store_url: str) -> Callable[..., Bureau]:
    def open_it(**named: Any) -> Bureau:
        stores = open_stores(store_url, timedelta(minutes=2), hours(-24))
        catalogue, clock = a_catalogue(), FixedClock()
        desk = Endpoint("desk", "http://127.0.0.1:1/hook", unsigned=True)
        world = World(catalogue, (desk,), Policy(), stores.birth.epoch, hours(-24), {}, **named)
        pipeline = Pipeline(
            reader=MarkupReader(catalogue),
            is_english=lambda _text, _tag: True,
            fetch_text=lambda _article: None,
            articles=stores.articles,
            commits=stores.commits,
            queues=stores.queues,
            world=world,
            clock=clock,
        )
        return Bureau(pipeline, stores, world, clock)

    return open_it


@pytest.fixture
def bureau(open_bureau: Callable[..., Bureau]) -> Bureau:
    """Vane refused, and a day later she consents."""
    bureau = open_bureau()
    bureau.read("a1", REFUSAL, hour=0)
    bureau.read("a2", CONSENT, hour=24)
    return bureau


def test_a_rejected_statement_gives_the_position_back_and_is_told_as_corrected(bureau: Bureau) -> None:
    bureau.say(Verdict.REJECT, "a2")
    assert (bureau.position(), bureau.position(NORTHLAND)) == ("reject", "reject")
    (alert,) = bureau.told(AlertType.POSITION_CORRECTED)
    assert [(change["from"], change["to"]) for change in alert.data["changes"]] == [("support", "reject")] * 2
    assert [one.alert_id for one in bureau.stores.outbox.listed(DeliveryState.WAITING, 9)][-1] == alert.alert_id


def test_who_said_what_when_is_kept_and_never_overwritten(bureau: Bureau) -> None:
    bureau.say(Verdict.REJECT, "a2")
    bureau.say(Verdict.ACCEPT, "a2")
    first, second = bureau.stores.ledger.corrections()
    assert [(one.verdict, one.by, one.why) for one in (first, second)] == [
        (Verdict.REJECT, "ann", "an old quote"),
        (Verdict.ACCEPT, "ann", "an old quote"),
    ]
    assert first.at < second.at
    assert bureau.position() == "support"


def test_an_accepted_statement_may_say_something_else_and_the_alert_says_that(bureau: Bureau) -> None:
    bureau.say(Verdict.ACCEPT, "a2", PositionScale.CONDITIONAL)
    (alert,) = bureau.told(AlertType.POSITION_CORRECTED)
    assert bureau.position() == "conditional"
    assert alert.data["statement"]["position"] == "conditional"
    assert [one.statement.position.value for one in bureau.stores.ledger.statements(RIVER_WAR)] == ["reject", "support"]


def test_a_correction_that_changes_no_held_position_is_told_to_nobody(bureau: Bureau) -> None:
    before = len(bureau.stores.ledger.alerts(100))
    bureau.say(Verdict.REJECT, "a1")
    assert len(bureau.stores.ledger.alerts(100)) == before
    assert [len(changes) for changes in bureau.stores.ledger.changes(RIVER_WAR).values()] == [1, 1]


def test_a_correction_outlives_a_revision_that_still_has_the_words(bureau: Bureau) -> None:
    bureau.say(Verdict.REJECT, "a2")
    bureau.read("a2", f"Edited. {CONSENT}", hour=24, revision=2)
    assert bureau.position() == "reject"


def test_an_article_of_a_low_publisher_stays_one_whatever_is_said_of_it(bureau: Bureau) -> None:
    bureau.read("a3", "[mira-vane reject] not a day of quiet will they get from us", hour=48, tier=Tier.OTHER)
    bureau.say(Verdict.REJECT, "a3")
    bureau.say(Verdict.ACCEPT, "a3")
    assert bureau.position() == "support"


def test_what_is_gone_cannot_be_corrected(bureau: Bureau) -> None:
    (spoken, _) = bureau.stores.ledger.statements(RIVER_WAR)
    statement = spoken.statement
    correction = Correction(
        "st_gone", "a1", RIVER_WAR, statement.actor_name, statement.quote, Verdict.REJECT, None, "w", "b", NOON,
        Tier.MAJOR,
    )  # fmt: skip
    with pytest.raises(CorrectionError, match="no longer held"):
        correct(bureau.stores, bureau.world, correction, NOON)
    with pytest.raises(CorrectionError, match="has left the catalogue"):
        correct(bureau.stores, bureau.world, replace(correction, conflict_id="atlantis"), NOON)


@pytest.mark.parametrize("held", [RIVER_WAR, VANE, NORTHLAND])
def test_alerts_on_what_is_held_wait_and_block_nothing(open_bureau: Callable[..., Bureau], held: str) -> None:
    bureau = open_bureau(hold=frozenset({held}))
    bureau.read("a1", REFUSAL, hour=0)
    bureau.read("a2", CONSENT, hour=24)
    (alert,) = bureau.stores.ledger.held_alerts()
    assert alert.alert_type is AlertType.POSITION_CHANGED
    assert bureau.stores.outbox.listed(DeliveryState.WAITING, 9) == []
    assert bureau.position() == "support"


def judged(bureau: Bureau, *, approved: bool) -> Judgement:
    (alert,) = bureau.stores.ledger.held_alerts()
    return Judgement(alert.alert_id, approved, "ann", "", bureau.clock())


def test_an_approved_alert_goes_once(open_bureau: Callable[..., Bureau]) -> None:
    bureau = open_bureau(hold=frozenset({RIVER_WAR}))
    bureau.read("a1", REFUSAL, hour=0)
    bureau.read("a2", CONSENT, hour=24)
    judgement = judged(bureau, approved=True)
    assert [one.endpoint for one in judge_alert(bureau.stores, bureau.world.endpoints, judgement) or ()] == ["desk"]
    assert judge_alert(bureau.stores, bureau.world.endpoints, judgement) is None
    assert [one.alert_id for one in bureau.stores.outbox.listed(DeliveryState.WAITING, 9)] == [judgement.alert_id]
    assert bureau.stores.ledger.judgement(judgement.alert_id) == judgement


def test_a_dropped_alert_ends_as_dropped_and_is_counted(open_bureau: Callable[..., Bureau]) -> None:
    bureau = open_bureau(hold=frozenset({RIVER_WAR}))
    bureau.read("a1", REFUSAL, hour=0)
    bureau.read("a2", CONSENT, hour=24)
    judge_alert(bureau.stores, bureau.world.endpoints, judged(bureau, approved=False))
    assert bureau.stores.ledger.held_alerts() == []
    assert [one.state for one in bureau.stores.outbox.listed(DeliveryState.DROPPED, 9)] == [DeliveryState.DROPPED]
    assert bureau.stores.outbox.counts()["desk"]["dropped"] == 1


def test_what_is_not_held_goes_at_once(open_bureau: Callable[..., Bureau]) -> None:
    bureau = open_bureau(hold=frozenset({"southland"}))
    bureau.read("a1", REFUSAL, hour=0)
    bureau.read("a2", CONSENT, hour=24)
    assert bureau.stores.ledger.held_alerts() == []
    assert len(bureau.stores.outbox.listed(DeliveryState.WAITING, 9)) == 1
