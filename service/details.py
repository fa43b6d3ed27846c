"""What the commands show of one statement or one alert: all that is known of it, words from outside made harmless."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.alert_views import AlertView
from service.board import StatementView
from service.listings import lines, say, text, when
from service.wording import correction_words, http_link, listed, position_words, quoted, reason_words
from workers.domain.alert import Delivery
from workers.domain.correction import Correction
from workers.domain.statement import Precision

Row = tuple[str, Text]


def show_statement(console: Console, statement: StatementView, corrections: Sequence[Correction] = ()) -> None:
    """A statement with its conditions, how it was read, and where; and what people said of it, the oldest first."""
    said = when(statement.said_at)[: 10 if statement.said_at_precision is Precision.DAY else None]
    of_principal = "" if statement.actor == statement.principal else f" (speaks for {statement.principal})"
    retreat = " (takes back an earlier stance)" if statement.retreat else ""
    _show(
        console,
        statement.statement_id,
        [
            ("Actor", text(f"{statement.actor}{of_principal}")),
            ("Named as", text(statement.speaker or "")),
            ("Conflict", text(statement.conflict_id)),
            ("Position", text(f"{position_words(statement.position)}{retreat}", "bold")),
            ("Words", Text(quoted(statement.quote))),
            ("Conditions", lines(*(text(f"· {condition}") for condition in statement.conditions))),
            ("Said", text(said)),
            ("Kind", text(statement.kind.value)),
            ("Confidence", text(f"{statement.confidence:.2f}")),
            ("Why", text(statement.why)),
            ("Judged", lines(*(text(correction_words(one)) for one in corrections))),
            ("Article", text(statement.title or statement.article_id)),
            ("Published", text(f"{statement.publisher}, {when(statement.published_at) or 'undated'}")),
            ("Address", _link(statement.url)),
        ],
    )


def show_alert(console: Console, alert: AlertView, deliveries: Sequence[Delivery] = ()) -> None:
    """An alert with all that it told, and what became of its deliveries."""
    moves = [
        text(
            f"{listed(move.actors)}: {position_words(move.before) if move.before else 'nothing'} → "
            f"{position_words(move.after)} ({reason_words(move.reason)})"
        )
        for move in alert.moves
    ]
    marks = [name for name, holds in (("late", alert.late), ("test", alert.test)) if holds]
    _show(
        console,
        alert.alert_id,
        [
            ("Type", text(alert.alert_type.value)),
            ("Told", text(when(alert.told_at))),
            ("Conflict", text(alert.conflict)),
            ("Moved", lines(*moves)),
            ("Flips", text(str(alert.flips) if alert.flips else "")),
            ("Marks", text(", ".join(marks))),
            ("Speaker", text(alert.speaker or "")),
            ("Words", Text(quoted(alert.quote) if alert.quote else "")),
            ("Conditions", lines(*(text(f"· {condition}") for condition in alert.conditions))),
            ("Statement", text(alert.statement_id or "")),
            ("Article", text(alert.title or "")),
            ("Publisher", text(alert.publisher or "")),
            ("Address", _link(alert.url)),
            ("Deliveries", lines(*(_delivery(delivery) for delivery in deliveries))),
        ],
    )


def _show(console: Console, title: str, rows: Sequence[Row]) -> None:
    """The rows that have something to say, one below the other."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for name, value in rows:
        if value.plain:
            table.add_row(Text(name, "dim"), value)
    say(console, title, "bold")
    console.print(table)


def _delivery(delivery: Delivery) -> Text:
    error = f": {delivery.last_error}" if delivery.last_error else ""
    return text(f"{delivery.endpoint}: {delivery.state.value.replace('_', ' ')}, {delivery.attempts} sends{error}")


def _link(url: str | None) -> Text:
    target = http_link(url)
    return Text() if target is None else Text(target, f"link {target}")
