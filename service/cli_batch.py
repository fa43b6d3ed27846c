"""The commands that read an archive of texts: `extract` and `attribute`.

They need no running service. Results go to standard output or a file, everything else to standard error.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from service.batch_archive import read_articles, read_documents
from service.batch_report import Report
from service.batch_runs import attribute as attribute_all
from service.batch_runs import extract as extract_all
from service.cli_archives import (
    EXITS,
    ArticlesFile,
    CatalogueFile,
    Jobs,
    OutFile,
    batch_settings,
    finish,
    guarded,
    opened,
    source_of,
    total_of,
    write_lines,
    written,
)
from service.cli_settings import fail
from workers.runtime import now

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
    settings = batch_settings()
    source, watched = source_of(settings, catalogue)
    if positions is not None and positions == output:
        fail([f"--positions {positions}: is the file of -o; allowed is another one"])
    report = Report(Console(stderr=True))
    with guarded(), ExitStack() as files:
        stream = files.enter_context(opened(articles))
        out = files.enter_context(written(output))
        stances_out = files.enter_context(written(positions)) if positions else None
        rows = report.followed(read_articles(stream, report.tell, now()), "reading", total_of(stream, articles))
        for found in extract_all(rows, source, watched, jobs, report.tell):
            report.counts["articles"] += 1
            report.counts["statements"] += len(found.statements)
            write_lines(out, *found.statements)
            if stances_out is not None:
                write_lines(stances_out, *found.stances)
    finish(report, "articles")


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
    source, _ = source_of(batch_settings(), None)
    report = Report(Console(stderr=True))
    with guarded(), ExitStack() as files:
        stream = files.enter_context(opened(documents))
        out = files.enter_context(written(output))
        rows = report.followed(read_documents(stream, report.tell), "reading", total_of(stream, documents))
        for line in attribute_all(rows, source, jobs, report.tell):
            report.counts["documents"] += 1
            write_lines(out, line)
    finish(report, "documents")
