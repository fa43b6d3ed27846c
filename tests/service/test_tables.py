"""Tables for people on terminals of any width, JSON for programs, and nothing that steers a terminal."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Callable

import pytest
import redis
from rich.console import Console

from service.alert_views import view_alert
from service.board import read_board, view_statement
from service.facts import view_feed
from service.histories import read_actor_history
from service.listings import as_json
from service.tables import (
    show_alerts,
    show_deliveries,
    show_feeds,
    show_history,
    show_positions,
    show_statements,
)
from tests.builders import (
    NOON,
    RIVER_WAR,
    VANE,
    a_catalogue,
    a_delivery,
    a_feed,
    a_feed_state,
    a_statement,
    alert_data,
    an_alert,
    an_article,
)
from tests.newsroom import Newsroom
from workers.domain.alert import AlertType, DeliveryState
from workers.domain.article import Tier
from workers.domain.policy import Policy
from workers.storage.outbox_records import LaneDepth

WIDTHS = (20, 40, 80, 120, 200)
HOSTILE = "[bold red]x[/] [link=https://evil.example]y[/link] :boom: \x1b]0;title\x07\x1b[2J\x9b31m\u202eevil\r\ngone"

Shown = Callable[[Console], None]


def shown(draw: Shown, width: int = 160) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    draw(console)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.fixture
def newsroom(valkey: redis.Redis) -> Newsroom:
    return Newsroom(valkey, a_catalogue(), Policy())


def test_positions_are_shown_with_their_words_and_source(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    conditional = a_statement(
        "conditional", article="a2", hour=1, quote="We accept it if they leave.", conditions=("they leave",)
    )
    newsroom.hear(an_article("a2", hour=1), conditional)
    board = read_board(newsroom.reads)
    for width in (60, 160):
        table = shown(lambda console: show_positions(console, board.conflicts), width)
        for words in (
            "River war", "Northland", "○○○●○ Conditional", "was Rejects; moved by a leader, quoted", "2025-03-14",
            "“We accept it if they leave.”", "· they leave", "Northern Wire", "https://northern-wire.example/a2",
            "Mira Vane", "the same words", "Southland", "nothing heard yet",
        ):  # fmt: skip
            assert words in table


def test_an_empty_board_says_so() -> None:
    assert shown(lambda console: show_positions(console, [])) == "Nothing was heard yet.\n"


def test_a_history_gives_every_reason_and_what_is_missing(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    blog = an_article("a2", hour=2, publisher="A Blog", tier=Tier.OTHER)
    newsroom.hear(blog, a_statement("support", article="a2", hour=2))
    newsroom.hear(an_article("a3", hour=3), a_statement("conditional", article="a3", hour=3))
    history = read_actor_history(newsroom.reads, Policy(), newsroom.catalogue.conflict(RIVER_WAR), VANE)
    assert history is not None
    table = " ".join(shown(lambda console: show_history(console, history), 90).split())
    for words in (
        "Mira Vane on River war", "○○○●○ Conditional since 2025-03-14 15:00", "1 of 3 held back",
        "first position heard: nothing had changed", "moved the position was Rejects; leader, quoted",
        "held back: one publisher of tier other alone moves nothing needs a report of the same position by",
        "other, confidence 0.90", "wire, confidence 0.90",
    ):  # fmt: skip
        assert words in table


def test_new_conditions_of_a_position_held_are_told_and_shown(newsroom: Newsroom) -> None:
    for article, hour, term in (
        ("a1", 0, "their troops leave the valley"),
        ("a2", 5, "every prisoner comes home first"),
    ):
        said = a_statement("conditional", article=article, hour=hour, conditions=(term,))
        newsroom.hear(an_article(article, hour=hour), said)
    alert = newsroom.reads.ledger.alerts(10)[0]
    assert (alert.alert_type, alert.data["statement"]["conditions"]) == (
        AlertType.CONDITIONS_CHANGED,
        ["every prisoner comes home first"],
    )
    assert {(one["from"], one["to"]) for one in alert.data["changes"]} == {("conditional", "conditional")}
    history = read_actor_history(newsroom.reads, Policy(), newsroom.catalogue.conflict(RIVER_WAR), VANE)
    assert history is not None
    table = " ".join(shown(lambda console: show_history(console, history), 200).split())
    assert "says again what was held, under a new condition" in table
    assert f"told by {alert.alert_id}" in table


def test_alerts_tell_what_moved() -> None:
    late = view_alert(an_alert(data=alert_data(late=True)))
    other = view_alert(an_alert(2, alert_type=AlertType.FEED_GONE, lane="service", data={}))
    table = shown(lambda console: show_alerts(console, [late, other]), 200)
    assert "Mira Vane: Rejects → Supports (leader, quoted)" in table
    assert "late" in table
    assert "feed.gone" in table


def test_feeds_are_shown_with_their_trouble_and_without_their_secrets() -> None:
    feed = a_feed(url="https://me:pass@news.example/feed?key=secret")
    view = view_feed(feed, a_feed_state(problem="answered 403", failures=4))
    table = shown(lambda console: show_feeds(console, [view]), 200)
    assert "answered 403 (4 times)" in table
    assert "https://news.example/feed?…" in table
    assert "pass" not in table
    assert "secret" not in table


def test_deliveries_are_shown_with_the_lanes_that_wait() -> None:
    dead = a_delivery(state=DeliveryState.DEAD, attempts=11, last_error="answered 500")
    lane = LaneDepth("newsroom~river-war", "newsroom", 3, NOON, NOON)
    table = shown(lambda console: show_deliveries(console, [dead], [lane]), 200)
    for words in ("dead", "11", "answered 500", "newsroom~river-war", "2025-03-14 12:00"):
        assert words in table


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda console: show_statements(console, []), "No statements."),
        (lambda console: show_alerts(console, []), "No alerts."),
        (lambda console: show_feeds(console, []), "No feeds are polled."),
        (lambda console: show_deliveries(console, []), "No deliveries."),
    ],
)
def test_an_empty_list_says_so(draw: Shown, words: str) -> None:
    assert shown(draw) == f"{words}\n"


def hostile_draws(newsroom: Newsroom) -> list[Shown]:
    """Every table with hostile words in every place that strangers fill."""
    article = an_article(title=HOSTILE, publisher=HOSTILE, url="https://news.example/\x1b]8;;x")
    said = a_statement(quote=HOSTILE, conditions=(HOSTILE,), speaker_text=HOSTILE, actor_name=HOSTILE, why=HOSTILE)
    newsroom.hear(article, said)
    history = read_actor_history(newsroom.reads, Policy(), newsroom.catalogue.conflict(RIVER_WAR), VANE)
    assert history is not None
    statements = [view_statement(newsroom.catalogue, one) for one in newsroom.reads.ledger.statements(RIVER_WAR)]
    alerts = [view_alert(alert) for alert in newsroom.reads.ledger.alerts(5)]
    feed = view_feed(a_feed(HOSTILE, url="https://news.example/\x1b[2J"), a_feed_state(problem=HOSTILE))
    delivery = a_delivery(HOSTILE, last_error=HOSTILE)
    return [
        lambda console: show_positions(console, read_board(newsroom.reads).conflicts),
        lambda console: show_history(console, history),
        lambda console: show_statements(console, statements),
        lambda console: show_alerts(console, alerts),
        lambda console: show_feeds(console, [feed]),
        lambda console: show_deliveries(console, [delivery]),
    ]


def test_words_from_outside_neither_steer_nor_style_the_terminal(newsroom: Newsroom) -> None:
    for draw in hostile_draws(newsroom):
        for width in WIDTHS:
            table = shown(draw, width)
            assert not [char for char in table if char != "\n" and unicodedata.category(char) in {"Cc", "Cf"}]
            if width > 100:
                assert "[bold red]" in table
                assert ":boom:" in table


def test_no_line_is_wider_than_the_terminal(newsroom: Newsroom) -> None:
    for draw in hostile_draws(newsroom):
        for width in WIDTHS:
            assert max(len(line) for line in shown(draw, width).splitlines()) <= width


def test_json_gives_programs_the_very_words_and_steers_no_terminal(newsroom: Newsroom) -> None:
    newsroom.hear(an_article(), a_statement(quote=HOSTILE))
    written = as_json(read_board(newsroom.reads).conflicts)
    assert not [char for char in written if char != "\n" and unicodedata.category(char) in {"Cc", "Cf"}]
    northland = json.loads(written)[0]["parties"][0]
    assert northland["statement"]["quote"] == HOSTILE
    assert northland["position"] == "support"
    assert northland["since"] == "2025-03-14T12:00:00Z"
    assert northland["people"][0]["name"] == "Mira Vane"
