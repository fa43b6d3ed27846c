"""The janitor, in a real store: what is old goes, where everyone stands stays."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import redis
from rich.console import Console

from service.histories import read_actor_history
from service.janitor import ROUND, Janitor
from service.tables import show_history
from tests.builders import RIVER_WAR, VANE, a_catalogue, a_statement, an_article, hours
from tests.fakes import FixedClock
from tests.newsroom import Newsroom
from workers.domain.policy import Policy
from workers.storage import keys
from workers.storage.expiry import Expiry
from workers.storage.ledger import Ledger

KEPT = timedelta(hours=100)


@pytest.fixture
def newsroom(valkey: redis.Redis) -> Newsroom:
    room = Newsroom(valkey, a_catalogue(), Policy())
    for article, position, hour in (("a1", "reject", -900), ("a2", "doubt", -800), ("a3", "support", -200)):
        room.hear(an_article(article, hour=hour), a_statement(position, article=article, hour=hour))
    return room


def janitor_of(newsroom: Newsroom, clock: FixedClock) -> Janitor:
    return Janitor(Ledger(newsroom.client), Expiry(newsroom.client), Policy(), KEPT, clock)


def test_old_statements_stances_and_alerts_go_and_positions_stay(newsroom: Newsroom) -> None:
    ledger = newsroom.reads.ledger
    before = ledger.positions(RIVER_WAR)
    janitor_of(newsroom, FixedClock()).tick()
    assert ledger.positions(RIVER_WAR) == before
    assert [one.statement.statement_id for one in ledger.statements(RIVER_WAR)] == ["st_a3"]
    assert [stance.article_id for stance in ledger.stances(RIVER_WAR, VANE)] == ["a3"]
    assert ledger.alerts(10) == []


def test_what_is_heard_next_is_compared_with_the_position_that_stayed(newsroom: Newsroom) -> None:
    janitor_of(newsroom, FixedClock()).tick()
    newsroom.hear(an_article("a4", hour=0), a_statement("reject", article="a4", hour=0))
    (alert,) = newsroom.reads.ledger.alerts(10)
    moves = {change["actor"]["id"]: (change["from"], change["to"]) for change in alert.data["changes"]}
    assert moves[VANE] == ("support", "reject")


def test_a_damaged_record_on_one_conflict_ends_no_round(newsroom: Newsroom, capsys: pytest.CaptureFixture[str]) -> None:
    newsroom.client.sadd(keys.conflicts(), "hill-war")
    newsroom.client.hset(keys.changes("hill-war"), VANE, "{")
    newsroom.client.hset(keys.stances("hill-war", VANE), "a1", "{")
    janitor = janitor_of(newsroom, FixedClock())
    janitor.tick()
    janitor.tick()
    assert len(newsroom.reads.ledger.statements(RIVER_WAR)) == 1
    assert capsys.readouterr().out.count("conflict_id=hill-war") == 1


def test_it_makes_its_rounds_an_hour_apart(newsroom: Newsroom) -> None:
    clock = FixedClock()
    clock.now = hours(-850)
    janitor = janitor_of(newsroom, clock)
    janitor.tick()
    assert len(newsroom.reads.ledger.statements(RIVER_WAR)) == 3
    clock.now = hours(0)
    janitor.tick()
    janitor.tick()
    assert len(newsroom.reads.ledger.statements(RIVER_WAR)) == 1
    clock.now += ROUND - timedelta(seconds=1)
    newsroom.hear(an_article("a0", hour=-950), a_statement("reject", article="a0", hour=-950))
    janitor.tick()
    assert len(newsroom.reads.ledger.statements(RIVER_WAR)) == 2


def test_what_was_forgotten_is_still_told_of_by_its_changes(newsroom: Newsroom) -> None:
    ledger = newsroom.reads.ledger
    before = ledger.changes(RIVER_WAR)[VANE]
    janitor_of(newsroom, FixedClock()).tick()
    assert ledger.changes(RIVER_WAR)[VANE] == before
    conflict = newsroom.catalogue.conflict(RIVER_WAR)
    history = read_actor_history(newsroom.reads, Policy(), conflict, VANE)
    assert history is not None
    assert [change.article_id for change in history.folded] == ["a1"]
    console = Console(file=io.StringIO(), width=120)
    show_history(console, history)
    assert "Earlier, whose words are kept no longer" in console.file.getvalue()  # type: ignore[attr-defined]
