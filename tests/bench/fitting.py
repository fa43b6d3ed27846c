"""Fit a log-linear model: penalised likelihood, by gradient steps. Same input, same bytes: no chance is involved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workers.reading.loglinear import MODEL_VERSION

STEPS, RATE, MOMENTUM = 300, 0.5, 0.9
PARTS = 8
LEAST_WEIGHT = 0.03  # smaller weights change no decision that was measured


@dataclass(frozen=True)
class Example:
    """Features with the place of the right label. `group` is left out whole when judging; `told` is for people."""

    group: str
    label: int
    features: Mapping[str, float]
    told: str = ""
    share: float = 1.0  # how much it counts


@dataclass(frozen=True)
class Task:
    """What to fit. `prior` gives the starting weights; `pull` is how hard they hold; `rare` lifts rare labels."""

    labels: tuple[str, ...]
    prior: Callable[[str], Sequence[float]]
    known: frozenset[str]
    pull: float
    rare: float


Weights = dict[str, np.ndarray]


def fit(examples: Sequence[Example], task: Task) -> Weights:
    """Move the starting weights as far as the examples ask for."""
    names = sorted({name for example in examples for name in example.features} | task.known)
    matrix, wanted = matrix_of(examples, names), np.array([example.label for example in examples])
    start = np.array([task.prior(name) for name in names], dtype=np.float32)
    counts = np.maximum(np.bincount(wanted, minlength=len(task.labels)), 1)
    rarity = (len(wanted) / (len(task.labels) * counts)) ** task.rare
    share = rarity[wanted] * np.array([example.share for example in examples])
    share = (share / share.mean())[:, None].astype(np.float32)
    truth = np.eye(len(task.labels), dtype=np.float32)[wanted]
    weights, speed = start.copy(), np.zeros_like(start)
    for _ in range(STEPS):
        gradient = matrix.T @ ((shares(matrix @ weights) - truth) * share) + task.pull * (weights - start)
        speed = MOMENTUM * speed - RATE * gradient / len(wanted)
        weights += speed
    return dict(zip(names, weights, strict=True))


def matrix_of(examples: Sequence[Example], names: Sequence[str]) -> np.ndarray:
    """One row an example, one column a feature."""
    places = {name: place for place, name in enumerate(names)}
    matrix = np.zeros((len(examples), len(names)), dtype=np.float32)
    for row, example in enumerate(examples):
        for name, value in example.features.items():
            if name in places:
                matrix[row, places[name]] = value
    return matrix


def shares(scores: np.ndarray) -> np.ndarray:
    """Soft maximum by row."""
    raised = np.exp(scores - scores.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


def scores_of(examples: Sequence[Example], weights: Weights) -> np.ndarray:
    """Score examples with fitted weights."""
    names = sorted(weights)
    return matrix_of(examples, names) @ np.array([weights[name] for name in names])


def left_out_scores(examples: Sequence[Example], task: Task, extra: Sequence[Example] = ()) -> np.ndarray:
    """Score every example by a model that has not seen its group. `extra` examples are only learnt from.

    Groups are left out whole, several at a time.
    """
    scores = np.zeros((len(examples), len(task.labels)))
    parts = {group: place % PARTS for place, group in enumerate(sorted({example.group for example in examples}))}
    for part in range(PARTS):
        out = np.array([parts[example.group] == part for example in examples])
        rest = [example for example in examples if parts[example.group] != part]
        left = [example for example in examples if parts[example.group] == part]
        scores[out] = scores_of(left, fit([*rest, *extra], task)) if left else 0.0
    return scores


def sharpness_of(scores: np.ndarray, wanted: np.ndarray) -> float:
    """Choose the factor under which what was left out is likeliest: a share is then how often it is right."""
    rows = np.arange(len(wanted))
    tried = [place / 20 for place in range(4, 41)]
    return max(tried, key=lambda s: float(np.log(shares(scores * s)[rows, wanted] + 1e-12).sum()))


def f1(gold: np.ndarray, said: np.ndarray) -> float:
    """The harmonic mean of precision and recall of one label."""
    return 2 * float((gold & said).sum()) / max(1, int(gold.sum() + said.sum()))


def written(weights: Weights, labels: Sequence[str], sharpness: float) -> str:
    """The model file: one feature a line, sorted, so that a change shows as what it is."""
    kept = {
        name: [round(float(w), 3) for w in row] for name, row in weights.items() if np.abs(row).max() >= LEAST_WEIGHT
    }
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(kept[name])}" for name in sorted(kept))
    head = f'{{"v": {MODEL_VERSION}, "labels": {json.dumps(list(labels))}, "sharpness": {sharpness}, "weights": '
    return f"{head}{{\n{lines}\n}}}}\n"
