"""What the commands on archives share: their arguments, their files, how they end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, BinaryIO

import redis
import typer

from config.log import set_up_logging
from config.settings import Settings
from service.batch_archive import count_lines
from service.batch_readers import ReadersError, ReaderSource
from service.batch_report import Report
from service.cli_settings import fail, read_settings
from service.embedded import EmbeddedStoreError
from workers.domain.catalogue import Catalogue
from workers.provisions import ProvisionError, load_catalogue

EXIT_NOTHING_READ = 1
EXITS = (
    "A line that cannot be read is named on standard error and costs only itself. "
    "Exit code: 0 when anything was read, 1 when nothing could be, 2 for wrong arguments or settings."
)

ArticlesFile = Annotated[Path, typer.Argument(metavar="ARTICLES", help="JSON Lines of articles; - is standard input.")]
CatalogueFile = Annotated[
    Path | None, typer.Option("--catalogue", metavar="FILE", help="Conflicts and actors; else those of the settings.")
]
OutFile = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Else standard output.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, max=64, help="Reading processes; the output is the same.")]


def batch_settings() -> Settings:
    """The settings of the environment; the log goes to standard error, and SIGTERM ends the work like Ctrl-C."""
    signal.signal(signal.SIGTERM, _end)
    settings = read_settings()
    set_up_logging("warning", "auto", settings.secret_values())
    return settings


def source_of(settings: Settings, catalogue: Path | None) -> tuple[ReaderSource, Catalogue]:
    """What to read with; a catalogue that is named is taken whole, that of the settings with the picked conflicts."""
    path, conflict_ids = (catalogue, ()) if catalogue else (settings.catalogue, settings.conflicts)
    try:
        watched = load_catalogue(path, conflict_ids)
    except ProvisionError as error:
        fail(
            [
                problem.replace("TRUCEWATCH_CATALOGUE", "--catalogue") if catalogue else problem
                for problem in error.problems
            ]
        )
    return ReaderSource(settings.spacy_model, path, tuple(conflict_ids)), watched


@contextmanager
def guarded() -> Iterator[None]:
    """Tell in one line what ends the work early."""
    try:
        yield
    except (ReadersError, EmbeddedStoreError, redis.RedisError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_NOTHING_READ) from error
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        raise typer.Exit(0) from None


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to read, standard input for `-`."""
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        fail([f"{path}: cannot be read: {error.strerror}"])
    with stream:
        yield stream


def total_of(stream: BinaryIO, path: Path) -> int | None:
    """How many lines there are, None when that can only be known by reading them."""
    return count_lines(stream) if path.is_file() else None


@contextmanager
def written(path: Path | None) -> Iterator[BinaryIO]:
    """A file to write, standard output for None."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        stream = path.open("wb")
    except OSError as error:
        fail([f"{path}: cannot be written: {error.strerror}"])
    with stream:
        yield stream


def write_lines(out: BinaryIO, *lines: str) -> None:
    """Write lines in UTF-8."""
    out.write("".join(f"{line}\n" for line in lines).encode())


def finish(report: Report, what: str) -> None:
    """Sum up; exit with 1 when nothing could be read."""
    report.sum_up()
    if not report.counts[what]:
        raise typer.Exit(EXIT_NOTHING_READ)


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)
