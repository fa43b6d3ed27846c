"""A log-linear model: named features, one weight for each label, summed. Pure, small, and readable as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MODEL_VERSION = 1


class ModelError(ValueError):
    """The weights cannot be read."""


@dataclass(frozen=True, slots=True)
class LogLinear:
    """Weights by feature, in the order of `labels`. `sharpness` makes a share of 0.9 right nine times in ten."""

    labels: tuple[str, ...]
    weights: Mapping[str, tuple[float, ...]]
    sharpness: float = 1.0

    def scores(self, features: Mapping[str, float]) -> list[float]:
        """Sum up the weights, one sum for each label; a feature that was never seen counts nothing."""
        totals = [0.0] * len(self.labels)
        for name, value in features.items():
            for place, weight in enumerate(self.weights.get(name, ())):
                totals[place] += weight * value
        return totals

    def shares(self, scores: Sequence[float]) -> list[float]:
        """Turn scores into shares of certainty that add up to 1."""
        top = max(scores)
        raised = [math.exp(self.sharpness * (score - top)) for score in scores]
        whole = sum(raised)
        return [one / whole for one in raised]


def parse_model(data: Mapping[str, Any], labels: Sequence[str]) -> LogLinear:
    """Read trained weights. Raises ModelError when they are of another version, or for other labels."""
    if data.get("v") != MODEL_VERSION or data.get("labels") != list(labels):
        raise ModelError(f"the model is not of version {MODEL_VERSION} with the labels {', '.join(labels)}")
    weights = {str(name): tuple(float(w) for w in row) for name, row in data["weights"].items()}
    odd = next((name for name, row in weights.items() if len(row) != len(labels)), None)
    if odd is not None:
        raise ModelError(f"the feature {odd!r} of the model does not have one weight for each label")
    return LogLinear(tuple(labels), weights, float(data["sharpness"]))
