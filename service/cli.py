"""The command `trucewatch`: what each command needs is wired in `runtime.py`, what it shows is drawn in `tables.py`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from config.setting_docs import describe, settings_env, settings_markdown
from config.settings import Settings, SettingsError, load_settings
from service.checks import find_problems, find_store_problems
from service.daemon import Roles, serve
from service.health import ask_health
from workers.__main__ import work_forever
from workers.queues import QUEUES

EXIT_WRONG_SETTINGS = 2
EXIT_UNHEALTHY = 1

app = typer.Typer(
    name="trucewatch",
    help="Watches news feeds for what each party to a conflict says about a ceasefire; alerts by webhook on changes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line; the entry point of the distribution."""
    app()


@app.command()
def run() -> None:
    """Everything on one machine: store, poller, timers, workers and web pages."""
    serve(_checked_settings(), Roles(store=True, poll=True, work=True, web=True))


@app.command()
def poll() -> None:
    """Poll feeds and keep the timers; any number of these may run."""
    serve(_checked_settings(), Roles(poll=True))


@app.command()
def work(queue: Annotated[str, typer.Option(help=f"One queue only: {' or '.join(QUEUES)}.")] = "") -> None:
    """Read articles and send alerts."""
    if queue and queue not in QUEUES:
        fail([f"--queue {queue!r}: allowed are {', '.join(QUEUES)}"])
    settings = _checked_settings()
    if queue:
        work_forever(settings, queue)
    else:
        serve(settings, Roles(work=True))


@app.command()
def web() -> None:
    """Serve the web pages only."""
    serve(_checked_settings(), Roles(web=True))


@app.command()
def health() -> None:
    """Ask the running service whether it is ready; exit 1 when it is not."""
    settings = _settings()
    answer = ask_health(settings.web_host, settings.web_port)
    typer.echo(answer.words)
    raise typer.Exit(0 if answer.ready else EXIT_UNHEALTHY)


@app.command()
def check() -> None:
    """Check settings, catalogue, feeds, endpoints and store; exit 2 with every error named."""
    settings = _settings()
    findings = find_problems(settings)
    if settings.redis_url is not None:
        asked = find_store_problems(settings.redis_url.get_secret_value())
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
    for setting in describe(_settings()):
        typer.echo(f"{setting.variable}={setting.value}")


def _settings() -> Settings:
    try:
        return load_settings(os.environ)
    except SettingsError as error:
        fail(error.problems)


def _checked_settings() -> Settings:
    """Settings that name only what exists: catalogue, conflicts, endpoints and feeds are read once at the start."""
    settings = _settings()
    findings = find_problems(settings)
    if findings.problems:
        fail(findings.problems)
    return settings


def fail(problems: Sequence[str]) -> NoReturn:
    """Name every error and exit with 2."""
    for problem in problems:
        typer.echo(f"error: {problem}", err=True)
    raise typer.Exit(EXIT_WRONG_SETTINGS)
