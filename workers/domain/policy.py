"""The policy: what a stance does to a position. Pure; every outcome has a Reason, every threshold is a setting.

1. `lacks` says whether a stance may act alone, or what it lacks: a publisher of tier `other`, an unsure reading, or
   words that somebody else passes on need a second independent publisher who reports the same position.
2. `needed_confidence` says how sure the reading must be, by who speaks and how.
3. `vouches` says which other stances are such a report.
4. `judge` says what a stance that may act does to the position held.

How a person's words count for the party, and that a lower official never overrules the leader of the same day, is in
the order in which `position.fold` asks. Whether a change is told, and as what, is decided in `decision.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from workers.domain.article import Tier
from workers.domain.catalogue import Authority
from workers.domain.sameness import is_copy
from workers.domain.stance import Stance
from workers.domain.statement import Flag, Kind, PositionScale
from workers.domain.terms import adds_terms


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator may tune; each field is a setting of the same name.

    `least_confidence` (0..1): a stance below it needs a second independent publisher. In its place,
    `least_confidence_leader` is asked of a leader's words, `least_confidence_act` of an act that is reported as fact
    with nobody quoted, `least_confidence_neutral` of talk without a stance from an actor of whom nothing is held.
    `corroboration_window`: how far apart two publications may be to vouch for each other. `alert_max_age`: a change
    said longer ago is history. `late_after`: an article first fetched longer than this after its publication is told
    as late. `flip_window`: over which an actor's changes are counted as flips.
    """

    # Chosen on the 9 annotated timelines, each conflict read by models that had not seen it (November 2026,
    # `python -m tests.bench.policy`): alerts P .71, R .71; .55 for everything gives .57, .71, and .7 for everything
    # .68, .76 (one alert is .06). Acts carried none of the right alerts and a third of the false ones.
    least_confidence: float = 0.7
    least_confidence_leader: float = 0.55
    least_confidence_act: float = 0.95
    least_confidence_neutral: float = 0.8
    corroboration_window: timedelta = timedelta(hours=48)
    alert_max_age: timedelta = timedelta(hours=72)
    late_after: timedelta = timedelta(hours=6)
    flip_window: timedelta = timedelta(days=7)


class Reason(StrEnum):
    """What became of one stance, and why."""

    SEEDED = "seeded"  # the position of the seed, for reading
    ESTABLISHED = "established"  # the first live one: nothing has changed
    MOVED = "moved"
    REPEATED = "repeated"  # says again what is held
    NEW_TERMS = "new_terms"  # says again what is held, under a condition that was not heard before
    STILL_REFUSES = "still_refuses"  # doubts, or blames the other side, after a refusal: no softening
    NEUTRAL = "neutral"  # engages without a stance
    CORROBORATES = "corroborates"  # the same words again
    FOLDED = "folded"  # older than what is kept one by one: its time is folded into a snapshot
    NEEDS_PUBLISHER = "needs_publisher"  # one publisher of tier `other` alone moves nothing
    NEEDS_CONFIDENCE = "needs_confidence"  # read with too little confidence to count alone
    NEEDS_OWN_WORDS = "needs_own_words"  # a headline alone, or words that somebody else passes on

    @property
    def holds_back(self) -> bool:
        """Tell whether the stance counts as soon as a second independent publisher reports the same."""
        return self in _HOLDING_BACK

    @property
    def moves(self) -> bool:
        """Tell whether the stance is the position from then on."""
        return self in _MOVING


_HOLDING_BACK = frozenset({Reason.NEEDS_PUBLISHER, Reason.NEEDS_CONFIDENCE, Reason.NEEDS_OWN_WORDS})
_MOVING = frozenset({Reason.SEEDED, Reason.ESTABLISHED, Reason.MOVED})


@dataclass(frozen=True, slots=True)
class Held:
    """The part of a held position that the policy looks at. `live` is False for a seed that is for reading only.

    `terms` are the conditions stated since the position was taken.
    """

    position: PositionScale
    live: bool = True
    terms: tuple[str, ...] = ()


def lacks(stance: Stance, policy: Policy) -> Reason | None:
    """Say what a stance lacks to act on its own; None when nothing. A seed lacks nothing."""
    if stance.seeded:
        return None
    if stance.tier is Tier.OTHER:
        return Reason.NEEDS_PUBLISHER
    if stance.confidence < needed_confidence(stance, policy):
        return Reason.NEEDS_CONFIDENCE
    if stance.flags & {Flag.HEADLINE, Flag.SECONDHAND}:
        return Reason.NEEDS_OWN_WORDS
    return None


def needed_confidence(stance: Stance, policy: Policy) -> float:
    """How sure the reading of a stance must be to act on its own.

    Talk without a stance is easily a stance that was not understood; an act with nobody quoted is easily background. A
    leader is named in full and quoted at length: of equal confidence, what is read of a leader is right more often.
    """
    if not stance.declared:
        return policy.least_confidence_neutral
    if stance.kind is Kind.ACTION:
        return policy.least_confidence_act
    return policy.least_confidence_leader if stance.authority is Authority.LEADER else policy.least_confidence


def vouches(other: Stance, stance: Stance, policy: Policy) -> bool:
    """Tell whether `other` is an independent publisher's report of the same position at about the same time.

    A copy of the article is no report of its own, unless its publisher is one that may act alone: that one stands by
    what it prints.
    """
    return (
        other.article_id != stance.article_id
        and not other.seeded
        and other.publisher != stance.publisher
        and other.position is stance.position
        and abs(other.published_at - stance.published_at) <= policy.corroboration_window
        and (not is_copy(other.signature, stance.signature) or lacks(other, policy) is None)
    )


def judge(held: Held | None, stance: Stance) -> Reason:
    """Say what a stance that may act does to the position held; `held` is None for an actor not heard before.

    Neutral talk moves nothing. Of an actor not heard before it says where it starts from: taking a stance is then a
    change, which is told.
    """
    if not stance.declared:
        return Reason.ESTABLISHED if held is None else Reason.NEUTRAL
    if stance.seeded and not stance.live:
        return Reason.SEEDED
    if held is None or not held.live:
        return Reason.ESTABLISHED
    if stance.position is held.position:
        restated = held.position is PositionScale.CONDITIONAL and adds_terms(stance.conditions, held.terms)
        return Reason.NEW_TERMS if restated else Reason.REPEATED
    if (held.position, stance.position) == (PositionScale.REJECT, PositionScale.DOUBT):
        return Reason.STILL_REFUSES
    return Reason.MOVED
