"""From evidence to a position: ordered rules, the first that fires decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from workers.domain.statement import PositionScale
from workers.reading.evidence import Evidence, Owner


@dataclass(frozen=True, slots=True)
class Reading:
    """What a passage shows. `why` names the cue and the rule; `confidence` is in 0..1."""

    position: PositionScale
    confidence: float
    why: str
    retreat: bool = False


def read_position(evidence: Sequence[Evidence], *, is_party: bool, is_act: bool) -> Reading:
    """Decide where the speaker stands. `is_party`: the speaker's side fights; `is_act`: reported as fact."""
    found = _Found(evidence)
    for rule in RULES:
        reading = rule(found, is_party)
        if reading is not None:
            return reading
    if is_party:
        return Reading(PositionScale.UNDECLARED, 0.3, "no cue")
    return Reading(PositionScale.SUPPORT, 0.3, "no cue, speaker stands outside the fight")


class _Found:
    """The evidence, asked by family."""

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self.evidence = evidence

    def first(
        self,
        *families: str,
        owners: Iterable[Owner] = tuple(Owner),
        negated: bool = False,
        supposed: bool | None = False,
    ) -> Evidence | None:
        for one in self.evidence:
            if (
                one.family in families
                and one.owner in owners
                and one.negated is negated
                and supposed in (None, one.supposed)
            ):
                return one
        return None


OWN = (Owner.SELF, Owner.NONE, Owner.TOPIC)


def _reading(position: PositionScale, confidence: float, rule: str, cue: Evidence) -> Reading:
    return Reading(position, confidence, f"{rule}: {cue.text!r}")


def _retreat(found: _Found, is_party: bool) -> Reading | None:
    cue = found.first("retreat", owners=OWN)
    return Reading(PositionScale.UNDECLARED, 0.7, f"takes back: {cue.text!r}", retreat=True) if cue else None


def _refusal(found: _Found, is_party: bool) -> Reading | None:
    cue = found.first("reject", "end", "fight_on", owners=OWN)
    if cue is None:
        return None
    goal = found.first("goal", supposed=None)
    if goal:
        return _reading(PositionScale.REJECT, 0.8, "refuses until a war aim is met", cue)
    condition = found.first("condition", supposed=None)
    if condition:
        return _reading(PositionScale.CONDITIONAL, 0.7, "refuses unless", condition)
    return _reading(PositionScale.REJECT, 0.8, "refuses", cue)


def _condition(found: _Found, is_party: bool) -> Reading | None:
    cue = found.first("condition", supposed=None)
    if cue is None:
        return None
    goal = found.first("goal", supposed=None)
    if goal:
        return _reading(PositionScale.REJECT, 0.7, "only once a war aim is met", goal)
    return _reading(PositionScale.CONDITIONAL, 0.7, "under a condition", cue)


def _demand(found: _Found, is_party: bool) -> Reading | None:
    cue = found.first("demand", owners=OWN)
    return _reading(PositionScale.CONDITIONAL, 0.6, "demands", cue) if cue and is_party else None


def _doubt(found: _Found, is_party: bool) -> Reading | None:
    cue = found.first("doubt", "blame", "breach")
    return _reading(PositionScale.DOUBT, 0.6, "doubts or blames", cue) if cue else None


def _support(found: _Found, is_party: bool) -> Reading | None:
    cue = found.first("accept", "support", "urge", "propose", "mediate", "hope", "stop", "ready", supposed=None)
    return _reading(PositionScale.SUPPORT, 0.6, "backs", cue) if cue else None


def _neutral(found: _Found, is_party: bool) -> Reading | None:
    cue = found.first("open", "deny", "neutral", "attend", "progress", supposed=None)
    return _reading(PositionScale.UNDECLARED, 0.5, "engages", cue) if cue else None


RULES: tuple[Callable[[_Found, bool], Reading | None], ...] = (
    _retreat,
    _refusal,
    _condition,
    _demand,
    _doubt,
    _support,
    _neutral,
)
