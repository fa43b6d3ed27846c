"""The commands on delivery: endpoints, single deliveries, what is dead, silences."""

from __future__ import annotations

import asyncio
import secrets as randomness
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import redis
import typer
from rich.console import Console

from config.setting_kinds import parse_duration
from config.settings import Settings
from service.access import opened_stores, reads_of
from service.cli_settings import checked_settings, fail
from service.cli_views import AsJson, MostShown, deliveries
from service.delivery_tables import show_dead, show_delivery, show_endpoints, show_silences
from service.delivery_views import view_dead, view_endpoints, view_silences
from service.embedded import EmbeddedStoreError
from service.listings import as_json
from service.wording import clean
from workers.delivery.announcing import Announcer
from workers.delivery.endpoints import Endpoint
from workers.delivery.fanout import deliveries_for
from workers.delivery.payloads import schemas
from workers.delivery.sending import SendResult, Timeouts, send
from workers.delivery.verifying import examine
from workers.domain.alert import AlertType, DeliveryState
from workers.domain.retry import Verdict
from workers.domain.silence import Silence
from workers.provisions import load_catalogue
from workers.runtime import endpoint_outbound_of, endpoints_of, now
from workers.storage.outbox_records import lane_of
from workers.storage.records import RecordError
from workers.stores import Stores

EXIT_FAILED = 1
LONGEST_SILENCE = timedelta(days=90)
TEST_WORDS = "If you read this, alerts arrive here."
SHOWN = 50

endpoints = typer.Typer(help="Where alerts are sent, and how that fares.", no_args_is_help=True)
dead = typer.Typer(help="What could not be delivered or read.", no_args_is_help=True)
silences = typer.Typer(help="Hold alerts on an actor back for a while.", no_args_is_help=True)

EndpointName = Annotated[str, typer.Argument(metavar="NAME", help="As `endpoints list` shows it.")]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command on delivery works with."""

    settings: Settings
    stores: Stores
    endpoints: tuple[Endpoint, ...]

    def endpoint(self, name: str) -> Endpoint:
        """An endpoint of the settings; exits with 2 for any other name."""
        found = {one.name: one for one in self.endpoints}
        if name not in found:
            fail([f"endpoint {clean(name)!r} is not in the settings; those are: {', '.join(found) or 'none'}"])
        return found[name]


@endpoints.command("list")
def list_endpoints(json_output: AsJson = False) -> None:
    """Every endpoint with its state."""
    _shown(lambda desk: view_endpoints(desk.endpoints, desk.stores.outbox), show_endpoints, json_output)


@endpoints.command("test")
def test_endpoint(name: EndpointName) -> None:
    """Send one test now, and say what came of it; exit 1 when it did not arrive."""
    result = _with_desk(lambda desk: _tested(desk, desk.endpoint(name)))
    if result.verdict is Verdict.DELIVERED:
        typer.echo(f"{name}: delivered, {f'HTTP {result.status}' if result.status else 'says apprise'}")
        return
    typer.echo(f"error: {name}: {clean(result.why or result.verdict.value)}", err=True)
    raise typer.Exit(EXIT_FAILED)


@endpoints.command("enable")
def enable_endpoint(name: EndpointName) -> None:
    """Send to an endpoint again: what waits for it goes now."""

    def enable(desk: Desk) -> str:
        outbox = desk.stores.outbox
        desk.endpoint(name)
        enabled, closed = outbox.enable(name), outbox.close_breaker(name)
        lanes = outbox.hasten(name, now())
        desk.stores.queues.enqueue_lanes(outbox.lanes_of(name))
        missed = outbox.counts().get(name, {}).get(DeliveryState.ENDPOINT_GONE, 0)
        hint = f"; `trucewatch deliveries replay --endpoint {name}` sends what it missed" if missed else ""
        words = "enabled" if enabled else "asked again" if closed else "was not disabled"
        return f"{name}: {words}, {lanes} lanes go now{hint}"

    typer.echo(_with_desk(enable))


@endpoints.command("disable")
def disable_endpoint(
    name: EndpointName, why: Annotated[str, typer.Option("--why", help="Shown in lists.")] = "disabled by hand"
) -> None:
    """Send nothing more to an endpoint; what waits for it ends."""

    def disable(desk: Desk) -> str:
        outbox = desk.stores.outbox
        desk.endpoint(name)
        disabled = outbox.disable(name, clean(why), now())
        outbox.hasten(name, now())
        return f"{name}: disabled" if disabled else f"{name}: was disabled already"

    typer.echo(_with_desk(disable))


@endpoints.command("schema")
def show_schema() -> None:
    """Write the JSON Schemas of all bodies, by type."""
    typer.echo(as_json(schemas()))


@deliveries.command("show")
def show_one_delivery(
    delivery_id: Annotated[str, typer.Argument(help="As `deliveries list` shows it.")], json_output: AsJson = False
) -> None:
    """One delivery, with its bytes."""

    def read(desk: Desk) -> Any:
        found = desk.stores.outbox.find(delivery_id)
        return found or fail([f"delivery {clean(delivery_id)!r} is unknown; `trucewatch deliveries list` shows some"])

    _shown(read, show_delivery, json_output)


@deliveries.command("replay")
def replay_deliveries(
    delivery_ids: Annotated[list[str] | None, typer.Argument(help="Ids of deliveries that have ended.")] = None,
    endpoint: Annotated[str, typer.Option("--endpoint", help="All of this endpoint that are in --state.")] = "",
    state: Annotated[DeliveryState, typer.Option(help="With --endpoint.")] = DeliveryState.ENDPOINT_GONE,
    limit: MostShown = 1_000,
) -> None:
    """Send deliveries that have ended once more, the first first: same id, same bytes, behind what waits."""
    if bool(delivery_ids) is bool(endpoint):
        fail(["name deliveries, or an --endpoint; allowed is one of them"])
    if endpoint and state is DeliveryState.WAITING:
        fail(["--state waiting: has not ended; allowed is any other state"])

    def replay(desk: Desk) -> int:
        if not endpoint:
            return _replayed(desk, delivery_ids or [])
        ended = desk.stores.outbox.ended_ids(state, endpoint)
        if len(ended) > limit:
            typer.echo(f"{len(ended) - limit} later ones are left for the next time: --limit is {limit}", err=True)
        return _replayed(desk, ended[:limit])

    _counted(_with_desk(replay), len(delivery_ids or ()))


@deliveries.command("verify")
def verify_delivery(
    body: Annotated[Path, typer.Argument(metavar="BODY", help="File of the raw bytes received; - is standard input.")],
    header: Annotated[list[str], typer.Option("--header", "-H", help="`webhook-id: …`, and so on; as curl takes it.")],
    endpoint: Annotated[str, typer.Option("--endpoint", help="Whose secrets; else all of the settings.")] = "",
) -> None:
    """Check a request that your receiver got, against the secrets of the settings; exit 1 when it is not genuine."""
    settings = checked_settings()
    known = endpoints_of(settings, load_catalogue(settings.catalogue, settings.conflicts))
    keys = dict.fromkeys(
        (secret, f"secret {number} of {one.name}")
        for one in known
        if endpoint in {"", one.name}
        for number, secret in enumerate(one.secrets, 1)
    )
    parts = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in header)}
    raw = typer.get_binary_stream("stdin").read() if str(body) == "-" else _read(body)
    found = examine(parts, raw, [secret for secret, _ in keys], now())
    for problem in found.problems:
        typer.echo(f"error: {clean(problem)}", err=True)
    if not found.genuine or found.signed_by is None:
        raise typer.Exit(EXIT_FAILED)
    typer.echo(f"genuine: signed with {[name for _, name in keys][found.signed_by - 1]}")


@dead.command("list")
def list_dead(limit: MostShown = SHOWN, json_output: AsJson = False) -> None:
    """Dead deliveries and articles, latest first."""
    _shown(lambda desk: view_dead(desk.stores.outbox, desk.stores.articles, limit), show_dead, json_output)


@dead.command("show")
def show_one_dead(
    dead_id: Annotated[str, typer.Argument(metavar="ID", help="As `dead list` shows it.")], json_output: AsJson = False
) -> None:
    """One dead delivery or article."""

    def read(desk: Desk) -> Any:
        found = [one for one in view_dead(desk.stores.outbox, desk.stores.articles, 10_000) if one.dead_id == dead_id]
        return found or fail([f"{clean(dead_id)!r} is not dead; `trucewatch dead list` shows what is"])

    _shown(read, show_dead, json_output)


@dead.command("retry")
def retry_dead(
    dead_ids: Annotated[list[str] | None, typer.Argument(metavar="ID…")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are listed.")] = False,
) -> None:
    """Deliver or read dead ones once more."""
    if bool(dead_ids) is every:
        fail(["name ids, or --all; allowed is one of them"])

    def retry(desk: Desk) -> int:
        listed = view_dead(desk.stores.outbox, desk.stores.articles, 10_000)
        chosen = [one for one in listed if every or one.dead_id in (dead_ids or ())]
        articles = [one.dead_id for one in chosen if one.kind == "article"]
        revived = sum(desk.stores.articles.revive(article_id, now()) for article_id in articles)
        return revived + _replayed(desk, [one.dead_id for one in chosen if one.kind == "delivery"][::-1])

    _counted(_with_desk(retry), len(dead_ids or ()))


@silences.command("add")
def add_silence(
    actor: Annotated[str, typer.Argument(help="An actor's id or name.")],
    span: Annotated[str, typer.Option("--for", help="How long, such as 6h or 2d.")],
    why: Annotated[str, typer.Option("--why", help="Told in the summary at the end.")],
    conflict: Annotated[str, typer.Option("--conflict", help="Only on this conflict, by id.")] = "",
) -> None:
    """Hold back the alerts that are all about this actor, and sum them up at the end."""
    try:
        length = parse_duration(span)
    except ValueError as error:
        fail([f"--for {clean(span)!r} {error}; allowed is a duration such as 90m, 6h or 2d"])
    if not isinstance(length, timedelta) or not timedelta() < length <= LONGEST_SILENCE:
        fail([f"--for {clean(span)!r}: allowed is more than nothing and at most {LONGEST_SILENCE.days}d"])

    def add(desk: Desk) -> Silence:
        catalogue = reads_of(desk.settings, desk.stores).catalogue
        named = [one.actor_id for one in catalogue.actors if actor in {one.actor_id, one.name}]
        if not named:
            fail([f"actor {clean(actor)!r} is not in the catalogue; allowed is an id or a name of it"])
        if conflict and not catalogue.has_conflict(conflict):
            fail([f"conflict {clean(conflict)!r} is not in the catalogue"])
        at = now()
        made = Silence(f"si_{randomness.token_hex(4)}", named[0], conflict or None, at, at + length, clean(why))
        desk.stores.silences.add(made)
        return made

    made = _with_desk(add)
    typer.echo(f"{made.silence_id}: {made.actor_id} is silent until {made.until:%Y-%m-%d %H:%M} UTC")


@silences.command("list")
def list_silences(json_output: AsJson = False) -> None:
    """Every silence of the last month, with how much it holds back."""

    def read(desk: Desk) -> Any:
        catalogue = reads_of(desk.settings, desk.stores).catalogue
        names = {actor.actor_id: actor.name for actor in catalogue.actors}
        return view_silences(desk.stores.silences, names, now())

    _shown(read, show_silences, json_output)


@silences.command("end")
def end_silence(silence_id: Annotated[str, typer.Argument(help="As `silence list` shows it.")]) -> None:
    """End a silence now; the running service tells what was held within a second."""

    def end(desk: Desk) -> int:
        found = desk.stores.silences.find(silence_id)
        if found is None or not found.is_active(now()):
            fail([f"silence {clean(silence_id)!r} is not active; `trucewatch silence list` shows those that are"])
        desk.stores.silences.shorten(found, now())
        return desk.stores.silences.held_count(silence_id)

    typer.echo(f"{clean(silence_id)}: ended, {_with_desk(end)} deliveries are summed up")


def _tested(desk: Desk, endpoint: Endpoint) -> SendResult:
    """Send a test straight to the endpoint: no lane, no retry."""
    announcer = Announcer([endpoint], desk.stores.birth.epoch, now)
    number = int(now().timestamp())  # it is in no log and no lane: only two tests must not be one
    alert = announcer.service_alert(AlertType.WEBHOOK_TEST, {"message": TEST_WORDS}, number, now())
    (delivery,) = deliveries_for(alert, [endpoint], now())

    async def sent() -> SendResult:
        async with endpoint_outbound_of(desk.settings) as outbound:
            return await send(outbound, endpoint, delivery, now(), Timeouts())

    return asyncio.run(sent())


def _replayed(desk: Desk, delivery_ids: list[str]) -> int:
    """Put deliveries back, the first first; returns how many could be."""
    outbox, lanes, count = desk.stores.outbox, set[str](), 0
    for delivery_id in delivery_ids:
        if outbox.replay(delivery_id, now()):
            count += 1
            found = outbox.find(delivery_id)
            lanes |= {lane_of(found)} if found else set()
    desk.stores.queues.enqueue_lanes(sorted(lanes))
    return count


def _counted(done: int, asked: int) -> None:
    """Say how many go again; exit 1 when one that was named cannot."""
    typer.echo(f"{done} go again")
    if done < asked:
        typer.echo(f"error: {asked - done} are unknown, forgotten, or wait already", err=True)
        raise typer.Exit(EXIT_FAILED)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fail([f"{path}: cannot be read: {error.strerror}"])


def _shown(read: Callable[[Desk], Any], show: Callable[[Console, Any], None], json_output: bool) -> None:
    """Read from the store, then write a table or JSON."""
    found = _with_desk(read)
    if json_output:
        typer.echo(as_json(found))
    else:
        show(Console(), found)


def _with_desk(act: Callable[[Desk], T]) -> T:
    settings = checked_settings()
    known = endpoints_of(settings, load_catalogue(settings.catalogue, settings.conflicts))
    try:
        with opened_stores(settings) as stores:
            return act(Desk(settings, stores, known))
    except (EmbeddedStoreError, redis.RedisError) as error:
        fail([f"the store cannot be used: {error}"])
    except RecordError as error:
        fail([clean(str(error))])
