"""Settings for the commands: read, checked, and every error named at once with exit 2."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NoReturn

import typer

from config.settings import Settings, SettingsError, load_settings
from service.checks import Findings, find_problems
from workers.__main__ import NO_SERVER

EXIT_WRONG_SETTINGS = 2


def read_settings() -> Settings:
    """The settings of the environment."""
    try:
        return load_settings(os.environ)
    except SettingsError as error:
        fail(error.problems)


def checked_settings(*, own_store: bool = True) -> Settings:
    """Settings that name only what exists: catalogue, conflicts, endpoints and feeds are read once at the start.

    Without an `own_store` to start, they must name a server.
    """
    settings, findings = judged_settings()
    if settings is not None and settings.redis_url is None and not own_store:
        findings.problems.append(NO_SERVER)
    if settings is None or findings.problems:
        fail(findings.problems)
    return settings


def judged_settings(*, doubts: bool = False) -> tuple[Settings | None, Findings]:
    """The settings of the environment, None when they are wrong, with all that is wrong with them and what they name.

    With `doubts` also what a person should look at in the catalogue.
    """
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        named = find_problems(error.sound, error.failed, doubts=doubts) if error.sound else Findings()
        return None, Findings([*error.problems, *named.problems], named.warnings)
    return settings, find_problems(settings, doubts=doubts)


def fail(problems: Sequence[str]) -> NoReturn:
    """Name every error and exit with 2."""
    for problem in problems:
        typer.echo(f"error: {problem}", err=True)
    raise typer.Exit(EXIT_WRONG_SETTINGS)
