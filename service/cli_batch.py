"""The commands that read an archive of articles: `extract`, `attribute`, `replay`.

They need no running service and send nothing. Results go to standard output or a file, everything else to standard
error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console

from config.log import set_up_logging
from config.settings import Settings
from service.batch_archive import count_lines, read_articles, read_documents
from service.batch_readers import ReadersError, ReaderSource
from service.batch_report import Report
from service.batch_runs import attribute as attribute_all
from service.batch_runs import extract as extract_all
from service.cli_settings import fail, read_settings
from workers.domain.catalogue import Catalogue
from workers.provisions import ProvisionError, load_catalogue
from workers.runtime import now

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

batch = typer.Typer()


@batch.command(epilog=EXITS)
def extract(
    articles: ArticlesFile,
    catalogue: CatalogueFile = None,
    output: OutFile = None,
    positions: Annotated[
        Path | None, typer.Option("--positions", metavar="FILE", help="Write the weighed stances of the articles here.")
    ] = None,
    jobs: Jobs = 1,
) -> None:
    """Write the statements of an archive's articles, one a line.

    An undated article is read at the date of the line before it.
    """
    settings = _settings()
    source, watched = _source(settings, catalogue)
    if positions is not None and positions == output:
        fail([f"--positions {positions}: is the file of -o; allowed is another one"])
    report = Report(Console(stderr=True))
    with _guarded(), ExitStack() as files:
        stream = files.enter_context(_opened(articles))
        out = files.enter_context(_written(output))
        stances_out = files.enter_context(_written(positions)) if positions else None
        rows = report.followed(read_articles(stream, report.tell, now()), "reading", _total(stream, articles))
        for found in extract_all(rows, source, watched, jobs, report.tell):
            report.counts["articles"] += 1
            report.counts["statements"] += len(found.statements)
            _write(out, *found.statements)
            if stances_out is not None:
                _write(stances_out, *found.stances)
    _finish(report, "articles")


@batch.command(epilog=EXITS)
def attribute(
    documents: Annotated[
        Path, typer.Argument(metavar="DOCS", help='JSON Lines of {"id", "text"}; - is standard input.')
    ],
    output: OutFile = None,
    jobs: Jobs = 1,
) -> None:
    """Write who says what in documents, whatever the subject, one document a line.

    With several --jobs only the measured `seconds` differ.
    """
    source, _ = _source(_settings(), None)
    report = Report(Console(stderr=True))
    with _guarded(), ExitStack() as files:
        stream = files.enter_context(_opened(documents))
        out = files.enter_context(_written(output))
        rows = report.followed(read_documents(stream, report.tell), "reading", _total(stream, documents))
        for line in attribute_all(rows, source, jobs, report.tell):
            report.counts["documents"] += 1
            _write(out, line)
    _finish(report, "documents")


def _settings() -> Settings:
    settings = read_settings()
    set_up_logging("warning", "auto", settings.secret_values())
    return settings


def _source(settings: Settings, catalogue: Path | None) -> tuple[ReaderSource, Catalogue]:
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
def _guarded() -> Iterator[None]:
    """Tell what ends the work early."""
    try:
        yield
    except ReadersError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_NOTHING_READ) from error
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        raise typer.Exit(0) from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        fail([f"{path}: cannot be read: {error.strerror}"])
    with stream:
        yield stream


def _total(stream: BinaryIO, path: Path) -> int | None:
    return count_lines(stream) if path.is_file() else None


@contextmanager
def _written(path: Path | None) -> Iterator[BinaryIO]:
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


def _write(out: BinaryIO, *lines: str) -> None:
    out.write("".join(f"{line}\n" for line in lines).encode())


def _finish(report: Report, what: str) -> None:
    report.sum_up()
    if not report.counts[what]:
        raise typer.Exit(EXIT_NOTHING_READ)
