"""The command `replay`: what alerts an archive would have raised, under this catalogue and that policy."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from config.settings import Settings
from service.batch_archive import ArchivedArticle, Flaw, read_articles
from service.batch_corrections import Corrections, read_corrections
from service.batch_folder import FolderRules, read_folder
from service.batch_outcome import outcome_of
from service.batch_policy import PolicyError, with_policy
from service.batch_readers import read_in_order
from service.batch_replay import Replayed, Rules, in_order, read_whole, throw_away_store
from service.batch_replay import replay as replay_all
from service.batch_report import Report
from service.cli_archives import (
    EXITS,
    CatalogueFile,
    Jobs,
    OutFile,
    batch_settings,
    finish,
    guarded,
    opened,
    source_of,
    write_lines,
    written,
)
from service.cli_settings import fail
from service.entries import UrlRules
from service.feeds import load_feeds
from service.listings import as_json
from workers.assets import bundled_text, toml_of
from workers.domain.article import Outcome
from workers.domain.catalogue import Catalogue
from workers.provisions import ProvisionError
from workers.runtime import now, policy_of

replaying = typer.Typer()


@replaying.command(epilog=EXITS)
def replay(  # noqa: PLR0917 - every argument is an option
    articles: Annotated[
        Path,
        typer.Argument(
            metavar="ARTICLES|FOLDER", help="JSON Lines of articles, or a folder of recorded feed files and pages."
        ),
    ],
    catalogue: CatalogueFile = None,
    corrections: Annotated[
        Path | None, typer.Option("--corrections", metavar="FILE", help="What people say of statements; JSON Lines.")
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option("--policy", metavar="NAME=VALUE", help="Another threshold, such as least_confidence=0.7."),
    ] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write what became of everything here, as JSON.")
    ] = None,
    output: OutFile = None,
    jobs: Jobs = 1,
) -> None:
    """Write the alerts that an archive would have raised, one webhook body a line; nothing is sent.

    The articles go through the real pipeline in the order of publication, on a throw-away store born at the first
    date. An undated article takes the date of the line before it.
    """
    settings = batch_settings()
    source, watched = source_of(settings, catalogue)
    rules = _rules(settings, watched, policy or [])
    report = Report(Console(stderr=True))
    with guarded(), ExitStack() as files:
        corrected = _corrections(corrections, report)
        ordered = in_order(_archive(articles, settings, report))
        if not ordered:
            finish(report, "articles")
        out = files.enter_context(written(output))
        report_out = files.enter_context(written(report_file)) if report_file else None
        stores = files.enter_context(throw_away_store(ordered[0].dated_at))
        readings = read_in_order(read_whole, report.followed(ordered, "replaying", len(ordered)), source, jobs)
        alerts: Counter[str] = Counter()
        for replayed in replay_all(readings, rules, stores, corrected):
            _count(report, replayed)
            write_lines(out, *replayed.bodies)
            alerts.update(json.loads(body)["type"] for body in replayed.bodies)
        for unmet in corrected.unmet():
            report.tell(Flaw(f"corrections, {unmet.place}", "meets no statement", lost=False))
        if report_out is not None:
            write_lines(report_out, as_json(outcome_of(stores, rules, alerts, corrected.unmet())))
    finish(report, "articles")


def _rules(settings: Settings, watched: Catalogue, assignments: list[str]) -> Rules:
    try:
        policy = with_policy(policy_of(settings), assignments)
        listed = [*load_feeds(None), *load_feeds(settings.feeds)]
    except PolicyError as error:
        fail(error.problems)
    except ProvisionError as error:
        fail(error.problems)
    tiers = {feed.publisher.casefold(): feed.tier for feed in listed}
    return Rules(watched, policy, tiers, settings.web_base_url, settings.retention)


def _corrections(path: Path | None, report: Report) -> Corrections:
    if path is None:
        return Corrections.of([])
    with opened(path) as stream:
        return Corrections.of(read_corrections(stream, report.tell))


def _archive(path: Path, settings: Settings, report: Report) -> list[ArchivedArticle]:
    if path.is_dir():
        urls = UrlRules.of(toml_of(bundled_text("config", "urls.toml"), "config/urls.toml"))
        return read_folder(path, FolderRules(urls, load_feeds(settings.feeds)), report.tell, now())
    with opened(path) as stream:
        return list(read_articles(stream, report.tell, now()))


def _count(report: Report, replayed: Replayed) -> None:
    end = replayed.end
    if end is not None and end.outcome is Outcome.DEAD:
        place = f"{replayed.article.place} (article {replayed.article.article_id})"
        report.tell(Flaw(place, f"cannot be read: {end.reason}"))
        return
    report.counts["articles"] += 1
    report.counts["statements"] += end.statements if end else 0
    report.counts["alerts"] += len(replayed.bodies)
