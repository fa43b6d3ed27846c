"""Weigh an article: of what an actor says in it, the one stance that a careful reader would write down.

Pure. Every statement votes for its own position, with a weight made of what eval/GUIDELINES.md ("article_positions")
names: new beats old, a party's own words beat its blame of others, the leader's count more than a lower official's,
what the article leads with counts more, the body beats the headline, and first-hand words beat hearsay; turning down
the other side's version while standing by an own offer is `conditional`. Where an actor says one thing again and again,
one stray sentence, or one misread one, does not overrule it. A person's words count for the person and for the party
spoken for.

The weights were chosen on the annotated articles (November 2026): each is the middle of a range in which the article
positions of both halves stay as right as they get, on what annotators marked (F1 .94 and .97; "the last word counts"
.89 and .95) and on what the reader finds (.66 and .71; .59 and .68).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import prod

from workers.domain.article import Tier
from workers.domain.catalogue import Authority
from workers.domain.stance import Stance
from workers.domain.statement import Flag, Kind, PositionScale, Statement

STANDING = timedelta(days=7)  # words that much older than the newest ones are background
OLDER_BY_A_DAY = 0.7  # a day-old statement weighs so much of a new one
LEADING = 1.5  # the first statement of the article that takes a stance and is no mere doubt or blame
BLAME = 0.35  # doubt is mostly blame of the other side: an own stance of half its weight beats it
OWN_OFFER = 1.15  # terms say more of a stance than bare backing or refusal of the same weight
DEED = 0.8  # an act told as fact: often the background of what is said today
INDIRECT_HAND = 0.5  # a headline, or words that somebody else passes on
BY_AUTHORITY = {Authority.OFFICIAL: 1.0, Authority.SPOKESPERSON: 1.2, Authority.MINISTER: 1.5, Authority.LEADER: 2.0}


@dataclass(frozen=True, slots=True)
class _Vote:
    """One statement with its weight."""

    statement: Statement
    weight: float


def weigh(statements: Sequence[Statement], published_at: datetime, publisher: str, tier: Tier) -> list[Stance]:
    """Give one stance for each actor and party of the article, in the order in which they are first heard."""
    heard: dict[tuple[str, str], list[Statement]] = {}
    for statement in statements:
        for actor_id in dict.fromkeys((statement.actor_id, statement.principal_id)):
            if actor_id is not None:
                heard.setdefault((statement.conflict_id, actor_id), []).append(statement)
    return [_weighed(actor_id, said, (published_at, publisher, tier)) for (_, actor_id), said in heard.items()]


def _counting(recent: Sequence[Statement], published_on: date) -> list[Statement]:
    """What counts: what takes a stance, else talk. A stance that is only recalled is background beside newer talk."""
    news = [one for one in recent if not _recalls(one, published_on)]
    declared = [one for one in recent if _declares(one)]
    if news and all(_recalls(one, published_on) for one in declared):
        return news
    return declared or list(recent)


def _recalls(statement: Statement, published_on: date) -> bool:
    """Tell "has previously said": a day before the publication that no text evidences."""
    return not statement.said_at_evidenced and statement.said_at.date() < published_on


def _weighed(actor_id: str, said: Sequence[Statement], where: tuple[datetime, str, Tier]) -> Stance:
    newest = max(statement.said_at.date() for statement in said)
    recent = [one for one in said if newest - one.said_at.date() <= STANDING]
    counting = sorted(_counting(recent, where[0].date()), key=_place)
    first = next((one for one in counting if _declares(one) and one.position is not PositionScale.DOUBT), None)
    votes = [_Vote(one, _weight(one, newest, leads=one is first)) for one in counting]
    position = _overall(_chosen(votes), votes)
    bearing = [vote for vote in votes if vote.statement.position is position]
    carrier = max(bearing, key=_carries).statement
    return _stance(actor_id, carrier, _confidence(bearing), where)


def _place(statement: Statement) -> tuple[object, ...]:
    """The body before the headline, then as they stand in the text."""
    return (Flag.HEADLINE in statement.flags, statement.start, statement.end, statement.statement_id)


def _declares(statement: Statement) -> bool:
    return statement.position is not PositionScale.UNDECLARED or Flag.RETREAT in statement.flags


def _weight(statement: Statement, newest: date, *, leads: bool) -> float:
    """How much a statement counts for its position. Confidence is squared: two guesses are no certainty."""
    weight = statement.confidence**2 * BY_AUTHORITY[statement.authority]
    weight *= OLDER_BY_A_DAY ** (newest - statement.said_at.date()).days
    if leads:
        weight *= LEADING
    if statement.position is PositionScale.DOUBT:
        weight *= BLAME
    if statement.position is PositionScale.CONDITIONAL:
        weight *= OWN_OFFER
    if statement.kind is Kind.ACTION:
        weight *= DEED
    if statement.flags & {Flag.HEADLINE, Flag.SECONDHAND}:
        weight *= INDIRECT_HAND
    return weight


def _chosen(votes: Iterable[_Vote]) -> PositionScale:
    """The position with the most weight; of equal ones that nearer to a ceasefire."""
    sums: dict[PositionScale, float] = {}
    for vote in votes:
        position = vote.statement.position
        sums[position] = sums.get(position, 0.0) + vote.weight
    return max(sums, key=lambda position: (sums[position], position.rank))


def _overall(chosen: PositionScale, votes: Sequence[_Vote]) -> PositionScale:
    """One refusal beside an own offer is a refusal of the other side's version; said again and again, it stands."""
    refusals = [vote.statement for vote in votes if vote.statement.position is PositionScale.REJECT]
    if chosen is not PositionScale.REJECT or len(refusals) > 1:
        return chosen
    offers = [vote.statement for vote in votes if vote.statement.position is PositionScale.CONDITIONAL]
    stands = any(offer.authority >= refusals[0].authority for offer in offers)
    return PositionScale.CONDITIONAL if stands else chosen


def _carries(vote: _Vote) -> tuple[object, ...]:
    """First the words of the body and the speaker's own, then words before acts, then the weightiest, then the last."""
    one = vote.statement
    own = (Flag.HEADLINE not in one.flags, Flag.SECONDHAND not in one.flags)
    return (*own, one.kind is not Kind.ACTION, vote.weight, one.start)


def _confidence(bearing: Iterable[_Vote]) -> float:
    """How sure it is that the actor takes this position: several statements of it bear each other out."""
    return 1 - prod(1 - vote.statement.confidence for vote in bearing)


def _stance(actor_id: str, carrier: Statement, confidence: float, where: tuple[datetime, str, Tier]) -> Stance:
    published_at, publisher, tier = where
    return Stance(
        article_id=carrier.article_id,
        actor_id=actor_id,
        conflict_id=carrier.conflict_id,
        position=carrier.position,
        statement_id=carrier.statement_id,
        quote=carrier.quote,
        conditions=carrier.conditions,
        kind=carrier.kind,
        flags=carrier.flags,
        confidence=confidence,
        authority=carrier.authority,
        said_at=carrier.said_at,
        said_at_precision=carrier.said_at_precision,
        said_at_evidenced=carrier.said_at_evidenced,
        published_at=published_at,
        publisher=publisher,
        tier=tier,
    )
