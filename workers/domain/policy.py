"""The policy: what a stance does to a position. Pure; every outcome has a Reason, every threshold is a setting.

1. `lacks` says whether a stance may act alone, or what it lacks: a publisher of tier `other`, an unsure reading, or
   words that somebody else passes on need a second independent publisher who reports the same position.
2. `vouches` says which other stances are such a report.
3. `judge` says what a stance that may act does to the position held.

How a person's words count for the party, and that a lower official never overrules the leader of the same day, is in
the order in which `position.fold` asks. Whether a change is told, and as what, is decided in `decision.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from workers.domain.article import Tier
from workers.domain.sameness import is_copy
from workers.domain.stance import Stance
from workers.domain.statement import Flag, PositionScale


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator may tune; each field is a setting of the same name.

    `least_confidence` (0..1): a stance below it needs a second independent publisher. `corroboration_window`: how far
    apart two publications may be to vouch for each other. `alert_max_age`: a change said longer ago is history.
    `late_after`: an article first fetched longer than this after its publication is told as late.
    `flip_window`: over which an actor's changes are counted as flips.
    """

    # 0.55: of 249 stances read in the annotated articles, 2 of 11 below it are right and 184 of 238 above it. The
    # articles are those it was chosen on (November 2026).
    least_confidence: float = 0.55
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
    STILL_REFUSES = "still_refuses"  # doubts, or blames the other side, after a refusal: no softening
    NEUTRAL = "neutral"  # engages without a stance
    CORROBORATES = "corroborates"  # the same words again
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
    """The part of a held position that the policy looks at. `live` is False for a seed that is for reading only."""

    position: PositionScale
    live: bool = True


def lacks(stance: Stance, policy: Policy) -> Reason | None:
    """Say what a declared stance lacks to act on its own; None when nothing. A seed lacks nothing."""
    if stance.seeded:
        return None
    if stance.tier is Tier.OTHER:
        return Reason.NEEDS_PUBLISHER
    if stance.confidence < policy.least_confidence:
        return Reason.NEEDS_CONFIDENCE
    if stance.flags & {Flag.HEADLINE, Flag.SECONDHAND}:
        return Reason.NEEDS_OWN_WORDS
    return None


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
    """Say what a stance that may act does to the position held; `held` is None for an actor not heard before."""
    if not stance.declared:
        return Reason.NEUTRAL
    if stance.seeded and not stance.live:
        return Reason.SEEDED
    if held is None or not held.live:
        return Reason.ESTABLISHED
    if stance.position is held.position:
        return Reason.REPEATED
    if (held.position, stance.position) == (PositionScale.REJECT, PositionScale.DOUBT):
        return Reason.STILL_REFUSES
    return Reason.MOVED
