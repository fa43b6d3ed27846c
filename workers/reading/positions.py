"""From evidence to a position: a log-linear model whose weights start from what each family of cues means in English.

The starting weights are `config/leanings.toml`; `make train` moves them as far as annotated articles ask for and no
further (`workers/reading/model/positions.json`). A cue that takes a stance back is outside the model: it has no
place on the scale.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.domain.statement import PositionScale
from workers.reading.evidence import Evidence, Owner
from workers.reading.features import features_of

SCALE = tuple(PositionScale)
CUES_TOLD = 2  # how many cues `why` names
CARRIED_ON = 0.4  # of 0 to 0.6, on the annotated articles: hardly a difference, but fewer lone turns
MODEL_VERSION = 1


class ModelError(ValueError):
    """The weights cannot be read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a passage shows. `why` names the cues that decided; `confidence` is in 0..1."""

    position: PositionScale
    confidence: float
    why: str
    retreat: bool = False
    scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class PositionModel:
    """Weights by feature, one for each step of the scale, hardest first. `sharpness` calibrates the confidence."""

    weights: Mapping[str, tuple[float, ...]]
    sharpness: float = 1.0

    def read(
        self, evidence: Sequence[Evidence], *, is_party: bool, is_act: bool, before: Reading | None = None
    ) -> Reading:
        """Decide where the speaker stands. `is_party`: the speaker's side fights; `is_act`: reported as fact.

        `before` is what the same speaker said right before: nobody turns from one sentence to the next without a word
        that says so, so a part of its scores counts on.
        """
        retreat = next((cue for cue in evidence if _takes_back(cue)), None)
        if retreat is not None:
            return Reading(PositionScale.UNDECLARED, 0.7, f"takes back: {retreat.text!r}", retreat=True)
        features = features_of(evidence, is_party=is_party, is_act=is_act)
        scores = self.scores(features)
        if before is not None and before.scores:
            scores = [own + CARRIED_ON * old for own, old in zip(scores, before.scores, strict=True)]
        best = max(range(len(SCALE)), key=scores.__getitem__)
        why = self._why(features, evidence, scores, best)
        return Reading(SCALE[best], self._confidence(scores), why, scores=tuple(scores))

    def scores(self, features: Mapping[str, float]) -> list[float]:
        """Sum up the weights, one sum for each step of the scale."""
        totals = [0.0] * len(SCALE)
        for name, value in features.items():
            for step, weight in enumerate(self.weights.get(name, ())):
                totals[step] += weight * value
        return totals

    def _confidence(self, scores: Sequence[float]) -> float:
        top = max(scores)
        return round(1 / sum(math.exp(self.sharpness * (score - top)) for score in scores), 3)

    def _why(
        self, features: Mapping[str, float], evidence: Sequence[Evidence], scores: Sequence[float], best: int
    ) -> str:
        """Name the cues that speak most for the position, against the next best one."""
        rival = max((step for step in range(len(SCALE)) if step != best), key=scores.__getitem__)
        texts = {cue.key: cue.text for cue in reversed(evidence)}
        gains = {
            name: features[name] * (self.weights[name][best] - self.weights[name][rival])
            for name in texts
            if name in self.weights and name in features
        }
        told = sorted((name for name, gain in gains.items() if gain > 0), key=lambda name: (-gains[name], name))
        return ", ".join(f"{name} {texts[name]!r}" for name in told[:CUES_TOLD]) or "no cue"


def _takes_back(cue: Evidence) -> bool:
    return cue.family == "retreat" and cue.owner is not Owner.OTHER and not (cue.negated or cue.supposed)


def parse_model(data: Mapping[str, Any]) -> PositionModel:
    """Read the trained weights. Raises ModelError when they are of another form."""
    if data.get("v") != MODEL_VERSION or data.get("scale") != [step.value for step in SCALE]:
        raise ModelError(f"the position model is not of version {MODEL_VERSION} and of this scale")
    weights = {str(name): tuple(float(w) for w in row) for name, row in data["weights"].items()}
    if any(len(row) != len(SCALE) for row in weights.values()):
        raise ModelError("a feature of the position model does not have one weight for each position")
    return PositionModel(weights, float(data.get("sharpness", 1.0)))
