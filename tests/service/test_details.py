"""One statement or alert in full, the alerts that tell of a change, and why there was none."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable

import pytest
import redis
from rich.console import Console

from service.alert_views import find_alert, latest_changes, view_alert
from service.board import view_statement
from service.details import show_alert, show_statement
from service.histories import read_actor_history
from service.tables import show_history
from tests.builders import RIVER_WAR, VANE, a_catalogue, a_delivery, a_statement, an_article, hours
from tests.newsroom import Newsroom
from workers.domain.alert import AlertType
from workers.domain.policy import Policy

HOSTILE = "[bold red]x[/] \x1b]0;title\x07\x1b[2J\x9b31m\u202eevil\r\ngone"


def shown(draw: Callable[[Console], None], width: int = 120) -> str:
    file = io.StringIO()
    draw(Console(file=file, width=width, force_terminal=False))
    return file.getvalue()


@pytest.fixture
def newsroom(valkey: redis.Redis) -> Newsroom:
    return Newsroom(valkey, a_catalogue(), Policy())


def test_a_statement_is_shown_with_its_conditions_its_reading_and_its_source(newsroom: Newsroom) -> None:
    said = a_statement("conditional", quote="We accept it if they leave.", conditions=("they leave",))
    newsroom.hear(an_article(), said)
    view = view_statement(newsroom.catalogue, newsroom.reads.ledger.statements(RIVER_WAR)[0])
    words = " ".join(shown(lambda console: show_statement(console, view)).split())
    for part in (
        "st_a1", "Mira Vane (speaks for Northland)", "Conditional", "“We accept it if they leave.”", "· they leave",
        "2025-03-14 12:00", "direct", "0.90", "verb of agreement", "Northern Wire, 2025-03-14 12:00",
        "https://northern-wire.example/a1",
    ):  # fmt: skip
        assert part in words


def test_an_alert_is_shown_with_its_moves_and_deliveries(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=1), a_statement("support", article="a2", hour=1), endpoint="desk")
    (view,) = latest_changes(newsroom.reads.ledger, 10)
    delivery = newsroom.outbox.find(f"{view.alert_id}~desk")
    assert delivery is not None
    words = " ".join(shown(lambda console: show_alert(console, view, [delivery])).split())
    for part in (
        view.alert_id, "position.changed", "Mira Vane and Northland: Rejects → Supports (leader, quoted)", "st_a2",
        "desk: waiting, 0 sends",
    ):  # fmt: skip
        assert part in words


def test_first_positions_do_not_fill_the_list_of_alerts(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=1), a_statement("support", article="a2", hour=1))
    ledger = newsroom.reads.ledger
    assert [alert.alert_type for alert in ledger.alerts(10)] == [
        AlertType.POSITION_CHANGED, AlertType.POSITION_ESTABLISHED,
    ]  # fmt: skip
    assert [one.alert_type for one in latest_changes(ledger, 10)] == [AlertType.POSITION_CHANGED]


def test_changes_are_found_however_many_other_alerts_lie_between(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a0"), a_statement("reject", article="a0"))
    newsroom.hear(an_article("a1", hour=1), a_statement("support", article="a1", hour=1))
    for number in range(2, 12):
        said = a_statement(
            "support", article=f"a{number}", hour=number, actor_id=f"nobody-{number}", principal_id="southland"
        )
        newsroom.hear(an_article(f"a{number}", hour=number), said)
    assert len(latest_changes(newsroom.reads.ledger, 1)) == 1


def test_an_alert_is_found_by_its_id(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    (alert,) = newsroom.reads.ledger.alerts(10)
    assert find_alert(newsroom.reads.ledger, alert.alert_id) == alert
    assert find_alert(newsroom.reads.ledger, "msg_x") is None


def test_a_history_names_the_alert_that_told_a_change_or_says_that_none_did(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=1), a_statement("support", article="a2", hour=1))
    old = an_article("a3", hour=2, fetched_at=hours(500))
    newsroom.hear(old, a_statement("doubt", article="a3", hour=2))
    history = read_actor_history(newsroom.reads, Policy(), newsroom.catalogue.conflict(RIVER_WAR), VANE)
    assert history is not None
    (changed,) = latest_changes(newsroom.reads.ledger, 10)
    assert [one.told_by for one in history.stances] == [None, changed.alert_id, None]
    table = " ".join(shown(lambda console: show_history(console, history), 90).split())
    assert f"told by {changed.alert_id}" in table
    assert "no alert: said before it was watched, or too long ago to alert" in table


@pytest.mark.parametrize("width", [20, 60, 200])
def test_words_from_outside_neither_steer_nor_style_the_terminal(newsroom: Newsroom, width: int) -> None:
    article = an_article(title=HOSTILE, publisher=HOSTILE, url="https://news.example/\x1b]8;;x")
    newsroom.hear(
        article,
        a_statement(quote=HOSTILE, conditions=(HOSTILE,), speaker_text=HOSTILE, actor_name=HOSTILE, why=HOSTILE),
    )
    statement = view_statement(newsroom.catalogue, newsroom.reads.ledger.statements(RIVER_WAR)[0])
    alert = view_alert(newsroom.reads.ledger.alerts(1)[0])
    for drawn in (
        shown(lambda console: show_statement(console, statement), width),
        shown(lambda console: show_alert(console, alert, [a_delivery(HOSTILE, last_error=HOSTILE)]), width),
    ):
        assert not [char for char in drawn if char != "\n" and unicodedata.category(char) in {"Cc", "Cf"}]
        assert max(len(line) for line in drawn.splitlines()) <= width
