"""The command `replay`: what alerts an archive would have raised, under this catalogue and that policy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from config.settings import Settings
from service.batch_archive import ArchivedArticle, Flaw, read_articles
from service.batch_corrections import Corrections, read_corrections
from service.batch_difference import difference_of
from service.batch_folder import FolderRules, read_folder
from service.batch_outcome import outcome_of
from service.batch_pages import render_report
from service.batch_policy import PolicyError, with_policy
from service.batch_readers import Outcome as ReadOutcome
from service.batch_readers import read_in_order
from service.batch_replay import Reading, ReplayDesk, Replayed, Rules, in_order, read_whole, throw_away_store
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
        Path | None,
        typer.Option(
            "--report", metavar="FILE", help="Write what became of everything: a page for .md and .html, else JSON."
        ),
    ] = None,
    output: OutFile = None,
    jobs: Jobs = 1,
) -> None:
    """Write the alerts that an archive would have raised, one webhook body a line; nothing is sent.

    The articles go through the real pipeline in the order of publication, on a throw-away store born at the first
    date. An undated article takes the date of the line before it. With a policy to try, the archive is replayed by
    the settings' own too, and the difference is told.
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
        usual = files.enter_context(_usual(settings, rules, ordered, corrected)) if policy else None
        bodies: list[str] = []
        for replayed in replay_all(usual.also(readings) if usual else readings, rules, stores, corrected):
            _count(report, replayed)
            write_lines(out, *replayed.bodies)
            bodies += replayed.bodies
        for unmet in corrected.unmet():
            report.tell(Flaw(f"corrections, {unmet.place}", "meets no statement", lost=False))
        difference = difference_of(bodies, usual.bodies) if usual else None
        if difference is not None:
            report.say(difference.words)
        if report_file is not None and report_out is not None:
            alerts = Counter(json.loads(body)["type"] for body in bodies)
            outcome = outcome_of(stores, rules, alerts, corrected.unmet(), difference)
            write_lines(report_out, render_report(outcome, report_file))
    finish(report, "articles")


@dataclass(slots=True)
class _Usual:
    """The replay by the settings' own policy, article by article beside the one that is tried."""

    desk: ReplayDesk
    corrections: Corrections
    bodies: list[str] = field(default_factory=list)

    def also(
        self, readings: Iterable[tuple[ArchivedArticle, ReadOutcome[Reading]]]
    ) -> Iterator[tuple[ArchivedArticle, ReadOutcome[Reading]]]:
        """Give the readings on, each taken here too."""
        for article, outcome in readings:
            self.bodies += self.desk.take(article, outcome, self.corrections).bodies
            yield article, outcome


@contextmanager
def _usual(
    settings: Settings, rules: Rules, ordered: Sequence[ArchivedArticle], corrections: Corrections
) -> Iterator[_Usual]:
    with throw_away_store(ordered[0].dated_at) as stores:
        yield _Usual(ReplayDesk(replace(rules, policy=policy_of(settings)), stores), corrections)


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
