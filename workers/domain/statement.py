"""Who said what: attributions of every subject, and the statements that bear on a ceasefire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workers.domain.catalogue import Authority


class PositionScale(StrEnum):
    """Where one stands towards a ceasefire, hardest first (DESIGN section 1; eval/GUIDELINES.md on hard cases)."""

    REJECT = "reject"
    DOUBT = "doubt"
    UNDECLARED = "undeclared"
    CONDITIONAL = "conditional"
    SUPPORT = "support"

    @property
    def rank(self) -> int:
        """0 for `reject` up to 4 for `support`."""
        return list(PositionScale).index(self)


class Kind(StrEnum):
    """How the words stand in the text."""

    DIRECT = "direct"
    INDIRECT = "indirect"
    MIXED = "mixed"
    ACTION = "action"  # an act, or a stance reported as fact, with no attribution


class Flag(StrEnum):
    """What makes a statement weaker or different."""

    HEADLINE = "headline"
    SECONDHAND = "secondhand"
    RETREAT = "retreat"  # takes back an earlier stance without a new one; position is `undeclared`


class Precision(StrEnum):
    """How exactly `said_at` is known."""

    DAY = "day"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Attribution:
    """A span of text with who said it and how, whatever the subject.

    `spans` are the (start, end) character offsets of the content, in order, more than one for a split quote;
    `start`/`end` is the hull with cue and speaker included (what a reader would mark). `speaker_text` is as in the
    text (may be a pronoun), None when nobody is named; `speaker_start`/`speaker_end` are its offsets or None.
    `holders` is the stack of further holders, outermost first, for hearsay ("Trump said Zelensky told him"); one with
    holders lies inside another's content. `cue` is the lemma, with its particle ("rule out"); `cue_start` its offset.
    `rule` names the frame that decided. `spoken` is False for what is thought, wanted or known only. `negated` is True
    when the cue is denied ("did not say"). `question` is True when the content is asked, not said ("asked whether").
    """

    start: int
    end: int
    spans: tuple[tuple[int, int], ...]
    kind: Kind
    speaker_text: str | None
    speaker_start: int | None
    speaker_end: int | None
    cue: str
    cue_start: int | None
    rule: str
    holders: tuple[str, ...] = ()
    spoken: bool = True
    negated: bool = False
    question: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """An attribution, or an act reported as fact, by which an actor bears on a ceasefire.

    `actor_id` is the catalogue's id of the speaker, or None for an unlisted person of a listed party, whose name is
    then `actor_name`. `principal_id` is the party spoken for (always listed). `quote == text[start:end]`.
    `confidence` is in 0..1. `said_at` is aware UTC, at 00:00 when the precision is a day; `said_at_evidenced` is True
    when the text itself gives the date, False when it is the article's own. `why` names the cue and rule that decided.
    """

    statement_id: str
    article_id: str
    conflict_id: str
    actor_id: str | None
    actor_name: str
    principal_id: str
    authority: Authority
    speaker_text: str | None
    kind: Kind
    quote: str
    start: int
    end: int
    position: PositionScale
    conditions: tuple[str, ...]
    confidence: float
    said_at: datetime
    said_at_precision: Precision
    said_at_evidenced: bool
    flags: frozenset[Flag]
    why: str
    reader_version: str
