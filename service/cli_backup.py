"""The commands that save a store to a file and bring it back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import redis
import typer
from rich.console import Console

from config.settings import Settings
from service.access import opened_client
from service.backup import BackupError, Head, check_backup, read_backup, write_backup
from service.batch_report import Report
from service.cli_settings import fail, read_settings
from service.embedded import EmbeddedStoreError
from workers.domain.telling import utc_text
from workers.runtime import now
from workers.storage.archive import Archive, NotEmptyError
from workers.storage.client import Client
from workers.storage.connection import StoreFormatError, check_format
from workers.storage.migrating import FORMAT
from workers.stores import EPOCH_BYTES

saving = typer.Typer()

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines, gzipped; made for its owner alone.")]


@saving.command()
def backup(file: BackupFile) -> None:
    """Save everything that the store keeps to a file, while the service runs."""
    with _store(read_settings()) as client:
        check_format(client)
        store, kept = Archive(client).snapshot()
        if not store:
            fail(["the store is empty: there is nothing to save"])
        head = Head(store, utc_text(now()), f"trucewatch {version('trucewatch')}")
        report = Report(Console(stderr=True))
        try:
            write_backup(file, head, report.followed(kept, "saving", len(kept)))
        except OSError as error:
            fail([f"{file}: cannot be written ({error.strerror})"])
    typer.echo(f"{len(kept):,} keys saved to {file} ({file.stat().st_size:,} bytes)")


@saving.command()
def restore(
    file: BackupFile,
    replace: Annotated[bool, typer.Option("--replace", help="Throw away what the store holds now.")] = False,
) -> None:
    """Bring a saved store back into an empty one, or in place of one (--replace). No process may run meanwhile.

    The store gets a new epoch, so that no number of an alert is used twice.
    """
    settings = read_settings()
    try:
        head, count = check_backup(file)
    except BackupError as error:
        fail([str(error)])
    with _store(settings) as client:
        archive = Archive(client)
        if archive.is_in_use():
            fail(["the store is in use: stop every `trucewatch run`, `poll` and `work` first"])
        _refuse_newer(head, file)
        _restored(archive, file, (head, count), replace=replace)
    typer.echo(f"{count:,} keys of {head.made_at} restored")


def _restored(archive: Archive, file: Path, found: tuple[Head, int], *, replace: bool) -> None:
    head, count = found
    try:
        archive.begin_restore(replace=replace)
    except NotEmptyError as error:
        fail([f"{error}: name an empty store, or throw away what it holds by --replace"])
    with Report(Console(stderr=True)).progress("restoring", count) as bar:
        for done in archive.put(read_backup(file)):
            bar.update(bar.task_ids[0], completed=done)
    archive.finish_restore(head.store, secrets.token_hex(EPOCH_BYTES))


def _refuse_newer(head: Head, file: Path) -> None:
    if head.store_format > FORMAT:
        fail([f"{file}: it has format {head.store_format}, this trucewatch knows formats up to {FORMAT}: upgrade it"])


@contextmanager
def _store(settings: Settings) -> Iterator[Client]:
    """The store's client; what keeps it from being used is said."""
    try:
        with opened_client(settings) as client:
            yield client
    except (EmbeddedStoreError, StoreFormatError) as error:
        fail([str(error)])
    except redis.RedisError as error:
        fail([f"TRUCEWATCH_REDIS_URL: the store does not answer: {error}"])
