"""What a passage's evidence and wording come to: named features with a value, for the position model to weigh.

A feature is the family of a cue with its owner and negation ("refuse:self", "not-accept:other"), the same for speakers
whose side fights and for others apart (a mediator's "must stop" is no demand), what a verb aims at, and a few pairs of
cues that mean something only together ("until" with a war aim).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workers.reading.evidence import Evidence
from workers.reading.wordings import wordings_of

GROUPS: Mapping[str, str] = {
    family: group
    for group, families in {
        "backing": "accept declare support need urge propose mediate hope stop ready talk claim",
        "doubting": "distrust misgiving blame breach",
        "binding": "only_if if_clause terms demand must hold",
        "refusing": "refuse no_deal oppose end fight_on goal",
        "engaging": "open deny neutral attend progress",
    }.items()
    for family in families.split()
}
SUPPOSED = 0.4  # a cue inside an if-clause tells less; tuned on the annotated articles with whole conflicts left out
SHARING = 0.6  # cues of one group say the same again: each counts as 1 / n ** SHARING
STANDS_SUPPOSED = frozenset({"goal", "only_if", "if_clause"})  # their very meaning is a supposition
AIMED = frozenset({"refuse", "oppose", "no_deal", "accept", "demand", "urge", "need", "propose"})
OFFERING = frozenset({"support", "accept", "ready", "declare", "need", "propose", "stop"})
ONLY_IF, BLAME, CONTRAST = frozenset({"only_if"}), frozenset({"blame"}), frozenset({"contrast"})
RESERVING = frozenset({"terms", "only_if", "misgiving", "distrust", "demand"})
BACKING = frozenset({"support", "accept", "ready"})
REFUSALS = frozenset({"refuse", "no_deal", "end", "fight_on", "oppose"})

OWN_REFUSALS = frozenset({"refuse:self", "refuse:none", "no_deal:self", "no_deal:none", "fight_on:self"})


def features_of(evidence: Sequence[Evidence], text: str, *, is_party: bool, is_act: bool) -> dict[str, float]:
    """Name and weigh what a passage shows. `is_party`: the speaker's side fights; `is_act`: reported as fact."""
    strongest = _strongest(evidence)
    sizes = Counter(GROUPS.get(cue.family) for cue, _ in strongest.values())
    side = "fights" if is_party else "stands by"
    features = {"always": 1.0, side: 1.0, "act" if is_act else "said": 1.0}
    for key, (cue, strength) in strongest.items():
        value = strength / sizes[GROUPS.get(cue.family)] ** SHARING
        features[key] = features[f"{side}&{key}"] = value
        if cue.family in AIMED:
            features[f"{'not-' if cue.negated else ''}{cue.family}>{cue.aim}"] = value
    found = Found(evidence, _families(evidence), frozenset(strongest), is_party)
    features.update({name: 1.0 for name, holds in PAIRS.items() if holds(found)})
    return features | wordings_of(text)


def _strongest(evidence: Sequence[Evidence]) -> dict[str, tuple[Evidence, float]]:
    """Keep one cue of each key: the first of the strongest."""
    kept: dict[str, tuple[Evidence, float]] = {}
    for cue in evidence:
        strength = SUPPOSED if cue.supposed and cue.family not in STANDS_SUPPOSED else 1.0
        if cue.key not in kept or strength > kept[cue.key][1]:
            kept[cue.key] = (cue, strength)
    return kept


def _families(evidence: Sequence[Evidence]) -> frozenset[str]:
    """The families that the passage asserts."""
    return frozenset(
        cue.family for cue in evidence if not cue.negated and (not cue.supposed or cue.family in STANDS_SUPPOSED)
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What `PAIRS` look at: the cues in order, the families asserted, the keys of all cues."""

    evidence: Sequence[Evidence]
    families: frozenset[str]
    keys: frozenset[str]
    is_party: bool

    def both(self, one: frozenset[str], other: frozenset[str]) -> bool:
        """Tell whether families of both kinds are asserted."""
        return bool(self.families & one) and bool(self.families & other)

    def warns_of_refusal(self) -> bool:
        """Tell "warned them of consequences if they refused": who threatens a refusal wants the thing."""
        refused = any(
            cue.supposed and (cue.family in REFUSALS or (cue.negated and cue.family in BACKING))
            for cue in self.evidence
        )
        return refused and "warn" in self.families

    def yes_but(self) -> bool:
        """Tell "we support it, but there are issues": backing, then a contrast, then terms or doubts."""
        stage = 0
        for cue in self.evidence:
            wanted = (BACKING | OFFERING, CONTRAST, RESERVING)[stage]
            if cue.family in wanted and not cue.negated:
                stage += 1
                if stage == len(("backing", "contrast", "reserve")):
                    return True
        return False


Pair = Callable[[Found], bool]
PAIRS: Mapping[str, Pair] = {
    "only_if&goal": lambda f: {"only_if", "goal"} <= f.families,
    "refuse&only_if": lambda f: f.both(REFUSALS, ONLY_IF) and "goal" not in f.families,
    "end&blame": lambda f: "end:self" in f.keys and bool(f.families & {"blame", "breach"}),
    "refuse&goal": lambda f: "goal" in f.families and bool(f.families & {"refuse", "no_deal"}),
    "stands by&blame&urge": lambda f: not f.is_party and f.both(BLAME, frozenset({"need", "urge", "stop"})),
    "back&only_if": lambda f: f.both(OFFERING, ONLY_IF),
    "back, but": Found.yes_but,
    "warn&if refused": Found.warns_of_refusal,
    "refuse&distrust": lambda f: bool(f.keys & OWN_REFUSALS) and bool(f.families & {"distrust", "misgiving", "blame"}),
    "refuse&offer": lambda f: f.both(frozenset({"refuse"}), frozenset({"ready", "propose"})),
}
