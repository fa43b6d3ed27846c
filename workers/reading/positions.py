"""From evidence to a position: a log-linear model whose weights start from what each family of cues means in English.

The starting weights are `config/leanings.toml`; `make train` moves them as far as annotated articles ask for and no
further (`workers/reading/model/positions.json`). A cue that takes a stance back is outside the model: it has no
place on the scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workers.domain.statement import PositionScale
from workers.reading.evidence import Evidence, Owner
from workers.reading.features import features_of
from workers.reading.loglinear import LogLinear

SCALE = tuple(PositionScale)
POSITION_LABELS = tuple(step.value for step in SCALE)
CUES_TOLD = 2  # how many cues `why` names
RETREAT_CONFIDENCE = 0.7  # set, not measured: the annotated articles show too few retreats to count
CARRIED_ON = 0.4  # of 0 to 0.6, on the annotated articles: hardly a difference, but fewer lone turns


@dataclass(frozen=True, slots=True)
class Reading:
    """What a passage shows. `why` names the cues that decided; `confidence` is in 0..1."""

    position: PositionScale
    confidence: float
    why: str
    retreat: bool = False
    scores: tuple[float, ...] = ()


def read_position(
    model: LogLinear,
    evidence: Sequence[Evidence],
    text: str,
    *,
    is_party: bool,
    is_act: bool,
    before: Reading | None = None,
) -> Reading:
    """Decide where the speaker of `text` stands. `is_party`: the speaker's side fights; `is_act`: reported as fact.

    `before` is what the same speaker said right before: nobody turns from one sentence to the next without a word
    that says so, so a part of its scores counts on.
    """
    retreat = next((cue for cue in evidence if _takes_back(cue)), None)
    if retreat is not None:
        why = f"takes back: {retreat.text!r}"
        return Reading(PositionScale.UNDECLARED, RETREAT_CONFIDENCE, why, retreat=True)
    features = features_of(evidence, text, is_party=is_party, is_act=is_act)
    scores = model.scores(features)
    if before is not None and before.scores:
        scores = [own + CARRIED_ON * old for own, old in zip(scores, before.scores, strict=True)]
    best = max(range(len(SCALE)), key=scores.__getitem__)
    why = _why(model, features, evidence, scores)
    return Reading(SCALE[best], round(model.shares(scores)[best], 3), why, scores=tuple(scores))


def _why(model: LogLinear, features: Mapping[str, float], evidence: Sequence[Evidence], scores: Sequence[float]) -> str:
    """Name the cues that speak most for the best position, against the next best one."""
    best, rival = sorted(range(len(scores)), key=lambda step: -scores[step])[:2]
    texts = {cue.key: cue.text for cue in reversed(evidence)}
    gains = {
        name: features[name] * (model.weights[name][best] - model.weights[name][rival])
        for name in texts
        if name in model.weights and name in features
    }
    told = sorted((name for name, gain in gains.items() if gain > 0), key=lambda name: (-gains[name], name))
    return ", ".join(f"{name} {texts[name]!r}" for name in told[:CUES_TOLD]) or "no cue"


def _takes_back(cue: Evidence) -> bool:
    return cue.family == "retreat" and cue.owner is not Owner.OTHER and not (cue.negated or cue.supposed)
