"""The commands that show what is known: tables for people, `--json` for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any

import redis
import typer
from rich.console import Console

from service.access import opened_stores, reads_of
from service.alert_views import AlertView, find_alert, latest_changes, view_alert
from service.board import (
    Board,
    ConflictView,
    Reads,
    StatementView,
    find_conflict,
    read_board,
    read_conflict,
    view_statement,
)
from service.cli_settings import checked_settings, fail
from service.details import show_alert, show_statement
from service.embedded import EmbeddedStoreError
from service.facts import read_service
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
from workers.domain.alert import Delivery, DeliveryState
from workers.domain.correction import Correction
from workers.runtime import policy_of

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]
MostShown = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Show at most so many.")]
InConflict = Annotated[str, typer.Option("--conflict", help="Only this conflict, by id.")]
SHOWN = 50


@dataclass(frozen=True, slots=True)
class AlertDetails:
    """An alert as people read it, its body's data as endpoints got it, and its deliveries."""

    alert: AlertView
    data: Mapping[str, Any]
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class StatementDetails(StatementView):
    """A statement with what people said of it, the oldest first."""

    judged: tuple[Correction, ...] = ()


def fields_of(view: StatementView) -> dict[str, Any]:
    """The fields of a statement's read model, as they are."""
    return {field.name: getattr(view, field.name) for field in fields(view)}


views = typer.Typer()
statements = typer.Typer(help="What was said.", no_args_is_help=True)
alerts = typer.Typer(help="What was told.", no_args_is_help=True)
feeds = typer.Typer(help="What is polled, and how it fares.", no_args_is_help=True)
deliveries = typer.Typer(help="Alerts on their way to endpoints.", no_args_is_help=True)


@views.command()
def positions(conflict: InConflict = "", json_output: AsJson = False) -> None:
    """Where every actor stands now."""

    def read(reads: Reads) -> Sequence[Any]:
        if conflict and find_conflict(reads, conflict) is None:
            _conflicts_named(reads, conflict)
        board = read_board(reads)
        former = [replace(one, name=f"{one.name} (inactive: not in the catalogue)") for one in _former(reads, board)]
        return [one for one in (*board.conflicts, *former) if conflict in {"", one.conflict_id}]

    _show(read, show_positions, json_output)


@views.command()
def explain(
    actor: Annotated[str, typer.Argument(help="An actor's id or name.")],
    conflict: Annotated[str, typer.Argument(help="A conflict's id; all of the actor's without it.")] = "",
    json_output: AsJson = False,
) -> None:
    """Why an actor's position is what it is, and why there was no alert."""
    settings = checked_settings()

    def read(reads: Reads) -> Sequence[Any]:
        actor_ids = _actors_named(reads, actor)
        wanted = [one for name in _conflicts_named(reads, conflict) if (one := find_conflict(reads, name))]
        found = [
            read_actor_history(reads, policy_of(settings), one, actor_id) for one in wanted for actor_id in actor_ids
        ]
        return [history for history in found if history is not None]

    def show(console: Console, histories: Sequence[Any]) -> None:
        for history in histories:
            show_history(console, history)
        if not histories:
            console.print(f"Nothing was heard of {actor!r}.", markup=False)

    _show(read, show, json_output)


@statements.command("list")
def list_statements(
    conflict: InConflict = "",
    actor: Annotated[str, typer.Option("--actor", help="Only of this actor or party, by id or name.")] = "",
    limit: MostShown = SHOWN,
    json_output: AsJson = False,
) -> None:
    """The latest statements, newest first."""

    def read(reads: Reads) -> Sequence[Any]:
        spoken = [one for name in _conflicts_named(reads, conflict) for one in reads.ledger.statements(name)]
        if actor:
            wanted = set(_actors_named(reads, actor))
            spoken = [one for one in spoken if wanted & {one.statement.actor_id, one.statement.principal_id}]
        spoken.sort(key=lambda one: one.statement.said_at, reverse=True)
        return [view_statement(reads.catalogue, one) for one in spoken[:limit]]

    _show(read, show_statements, json_output)


@statements.command("show")
def show_one_statement(
    statement_id: Annotated[str, typer.Argument(help="As `statements list` shows it.")], json_output: AsJson = False
) -> None:
    """Everything about one statement."""

    def read(reads: Reads) -> StatementDetails:
        for conflict_id in reads.ledger.conflict_ids():
            if (spoken := reads.ledger.spoken(conflict_id, [statement_id]).get(statement_id)) is not None:
                held = reads.ledger.corrections_of(spoken.statement.article_id)
                about = [one for one in held if one.meets(spoken.statement)]
                return StatementDetails(**fields_of(view_statement(reads.catalogue, spoken)), judged=tuple(about))
        return fail([f"statement {statement_id!r} is unknown; `trucewatch statements list` shows those that are held"])

    _show(read, lambda console, found: show_statement(console, found, found.judged), json_output)


@alerts.command("list")
def list_alerts(
    limit: MostShown = SHOWN,
    every: Annotated[bool, typer.Option("--all", help="First positions, signs of life and tests too.")] = False,
    json_output: AsJson = False,
) -> None:
    """The latest alerts that told of a change, newest first."""

    def read(reads: Reads) -> Sequence[Any]:
        if every:
            return [view_alert(alert) for alert in reads.ledger.alerts(limit)]
        return latest_changes(reads.ledger, limit)

    _show(read, show_alerts, json_output)


@alerts.command("held")
def list_held_alerts(json_output: AsJson = False) -> None:
    """Alerts that wait until a person approves or drops them, oldest first."""
    _show(lambda reads: [view_alert(alert) for alert in reads.ledger.held_alerts()], show_alerts, json_output)


@alerts.command("show")
def show_one_alert(
    alert_id: Annotated[str, typer.Argument(help="As `alerts list` shows it.")], json_output: AsJson = False
) -> None:
    """Everything about one alert, and what became of its deliveries."""

    def read(reads: Reads) -> AlertDetails:
        alert = find_alert(reads.ledger, alert_id)
        if alert is None:
            fail([f"alert {alert_id!r} is unknown; `trucewatch alerts list --all` shows those that were made"])
        endpoints = {*reads.outbox.counts(), *(lane.endpoint for lane in reads.outbox.depths())}
        found = [reads.outbox.find(f"{alert_id}~{endpoint}") for endpoint in sorted(endpoints)]
        return AlertDetails(view_alert(alert), alert.data, [one for one in found if one is not None])

    _show(read, lambda console, found: show_alert(console, found.alert, found.deliveries), json_output)


@feeds.command("list")
def list_feeds(json_output: AsJson = False) -> None:
    """Every polled feed, with its health."""
    _show(lambda reads: read_service(reads.feeds, reads.articles, reads.outbox).feeds, show_feeds, json_output)


@deliveries.command("list")
def list_deliveries(
    state: Annotated[DeliveryState, typer.Option(help="Only those in this state.")] = DeliveryState.WAITING,
    limit: MostShown = SHOWN,
    json_output: AsJson = False,
) -> None:
    """Deliveries in one state."""
    _show(lambda reads: reads.outbox.listed(state, limit), show_deliveries, json_output)


def _show(read: Callable[[Reads], Any], show: Callable[[Console, Any], None], json_output: bool) -> None:
    """Read from the store, then write a table or JSON."""
    settings = checked_settings()
    try:
        with opened_stores(settings) as stores:
            found = read(reads_of(settings, stores))
    except (EmbeddedStoreError, redis.RedisError) as error:
        fail([f"the store cannot be read: {error}"])
    if json_output:
        typer.echo(as_json(found))
    else:
        show(Console(), found)


def _former(reads: Reads, board: Board) -> list[ConflictView]:
    """The conflicts that left the catalogue and keep their history."""
    return [read_conflict(reads, found) for name in board.former if (found := find_conflict(reads, name)) is not None]


def _actors_named(reads: Reads, name: str) -> list[str]:
    known = {actor.actor_id for actor in reads.catalogue.actors}
    found = [actor.actor_id for actor in reads.catalogue.actors if actor.name.casefold() == name.casefold()]
    if name not in known and not found:
        if any(name in reads.ledger.changes(conflict_id) for conflict_id in reads.ledger.conflict_ids()):
            return [name]  # it left the catalogue, and its history is kept
        fail([f"actor {name!r} is not in the catalogue; allowed is an id or a name of it"])
    return [name] if name in known else found


def _conflicts_named(reads: Reads, name: str) -> list[str]:
    known = reads.ledger.conflict_ids()
    if not name:
        return known
    if find_conflict(reads, name) is None:
        fail([f"conflict {name!r} is unknown; those with history are: {', '.join(known) or 'none'}"])
    return [name]
