"""The command `trucewatch`: what each command needs is wired in `runtime.py`, what it shows is drawn in `tables.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from config.setting_docs import describe, settings_env, settings_markdown
from service.access import store_url_of
from service.checks import find_store_problems, watched_by
from service.cli_backup import saving
from service.cli_batch import batch
from service.cli_delivery import dead, endpoints, silences
from service.cli_feeds import feeding
from service.cli_judgements import approving, correcting
from service.cli_replay import replaying
from service.cli_settings import checked_settings, fail, judged_settings, read_settings
from service.cli_views import alerts, deliveries, feeds, statements, views
from service.daemon import Roles, serve
from service.health import ask_health, judge_sign
from workers.__main__ import serve_queue
from workers.queues import QUEUES

EXIT_UNHEALTHY = 1

app = typer.Typer(
    name="trucewatch",
    help="Watches news feeds for what each party to a conflict says about a ceasefire; alerts by webhook on changes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


statements.add_typer(correcting)
alerts.add_typer(approving)
app.add_typer(views)
app.add_typer(batch)
app.add_typer(replaying)
app.add_typer(saving)
feeds.add_typer(feeding)
for name, group in (
    ("statements", statements),
    ("alerts", alerts),
    ("feeds", feeds),
    ("deliveries", deliveries),
    ("endpoints", endpoints),
    ("dead", dead),
    ("silence", silences),
):
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command line; the entry point of the distribution."""
    app()


@app.command()
def run() -> None:
    """Everything on one machine: store, poller, timers, workers and web pages."""
    serve(checked_settings(), Roles(store=True, poll=True, work=True, web=True))


@app.command()
def poll() -> None:
    """Poll feeds and keep the timers; any number of these may run."""
    serve(checked_settings(own_store=False), Roles(poll=True))


@app.command()
def work(queue: Annotated[str, typer.Option(help=f"One queue only: {' or '.join(QUEUES)}.")] = "") -> None:
    """Read articles and send alerts."""
    if queue and queue not in QUEUES:
        fail([f"--queue {queue!r}: allowed are {', '.join(QUEUES)}"])
    settings = checked_settings(own_store=False)
    if queue:
        raise typer.Exit(serve_queue(settings, queue))
    serve(settings, Roles(work=True))


@app.command()
def web() -> None:
    """Serve the web pages only."""
    serve(checked_settings(own_store=False), Roles(web=True))


@app.command()
def health(
    alive: Annotated[bool, typer.Option("--alive", help="Whether the process works, whatever its store does.")] = False,
) -> None:
    """Ask the running service whether it is ready; exit 1 when it is not.

    With TRUCEWATCH_ALIVE_FILE the process is known by its file, which those without web pages have too.
    """
    settings = read_settings()
    if settings.alive_file is not None:
        answer = judge_sign(settings.alive_file, alive_only=alive)
    elif alive:
        fail(["--alive: TRUCEWATCH_ALIVE_FILE is not set; allowed is with the file of the process that is asked about"])
    else:
        answer = ask_health(settings.web_host, settings.web_port)
    typer.echo(answer.words)
    raise typer.Exit(0 if answer.ready else EXIT_UNHEALTHY)


@app.command()
def check() -> None:
    """Check settings, catalogue, feeds, endpoints and store; exit 2 with every error named."""
    settings, findings = judged_settings(doubts=True)
    url = None if settings is None else store_url_of(settings)
    if settings is not None and url is not None:
        asked = find_store_problems(url, watched_by(settings))
        findings.problems += asked.problems
        findings.warnings += asked.warnings
    for warning in findings.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if findings.problems:
        fail(findings.problems)
    typer.echo("all is well")


@app.command()
def config(
    markdown: Annotated[bool, typer.Option("--markdown", help="Write docs/settings.md instead.")] = False,
    env: Annotated[bool, typer.Option("--env", help="Write deploy/env.example instead.")] = False,
) -> None:
    """Show the effective settings, secrets masked."""
    if markdown or env:
        typer.echo(settings_markdown() if markdown else settings_env(), nl=False)
        return
    for setting in describe(read_settings()):
        typer.echo(f"{setting.variable}={setting.value}")
