"""Which stances are so old that they may be forgotten, and what they came to. Pure: the time comes in as `before`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from workers.domain.policy import Policy, lacks, vouches
from workers.domain.position import Snapshot, causes_of, snapshot_of
from workers.domain.stance import Stance


@dataclass(frozen=True, slots=True)
class Forgetting:
    """The article ids of the stances that may go, and the snapshot that takes their place.

    Nobody goes without it: `snapshot` is the earlier one, or None, where `gone` is empty.
    """

    gone: frozenset[str]
    snapshot: Snapshot | None


def forgettable(
    stances: Sequence[Stance], before: datetime, policy: Policy, earlier: Snapshot | None = None
) -> Forgetting:
    """Say which of one actor's stances on one conflict may go: what it held, and holds, stays as it is.

    Old is what was said and published before the day of `before`, by the corroboration window and more: so nothing
    goes that a kept stance could lean on. Of the old ones stay those that carry the position held then, and all
    copies of words that are kept: recycling them moves nothing. What is older than that is folded into the snapshot.
    """
    until = datetime.combine(before.astimezone(UTC), time(), UTC)
    old = {
        one.article_id for one in stances if max(one.said_at, one.published_at) < until - policy.corroboration_window
    }
    if not old:
        return Forgetting(frozenset(), earlier)
    snapshot = snapshot_of(stances, policy, until, earlier)
    causes = causes_of(stances)
    held = snapshot.position
    carrying = {held.article_id, held.terms_article_id} if held else set()
    kept = {causes[one.statement_id] for one in stances if one.article_id not in old or one.article_id in carrying}
    going = [one for one in stances if causes[one.statement_id] not in kept]
    staying = [one for one in stances if causes[one.statement_id] in kept]
    gone = frozenset(one.article_id for one in _not_leant_on(going, staying, policy))
    return Forgetting(gone, snapshot if gone else earlier)


def _not_leant_on(going: Iterable[Stance], staying: Iterable[Stance], policy: Policy) -> list[Stance]:
    """Those that vouch for none of the stances that stay."""
    leaning = [one for one in staying if one.declared and lacks(one, policy) is not None]
    return [one for one in going if not any(vouches(one, other, policy) for other in leaning)]
