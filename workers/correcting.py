"""Take up what a person says of a statement: one event in the store, with everything that it changes."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import redis

from workers.domain.correction import Correction
from workers.pipeline import MOST_RACES, RaceError
from workers.ruling import World, rule_on_correction
from workers.storage.commit import Ruling
from workers.storage.outbox_records import lane_of
from workers.stores import Stores


class CorrectionError(Exception):
    """A correction that cannot be taken up; `str` says why."""


def correct(stores: Stores, world: World, correction: Correction, now: datetime) -> Ruling:
    """Add a correction, recompute the positions that its article bears on, tell what changes by it.

    Raises CorrectionError when the conflict has left the catalogue or the statement is gone, RaceError when it loses
    against other writers again and again.
    """
    if not world.catalogue.has_conflict(correction.conflict_id):
        raise CorrectionError(
            f"conflict {correction.conflict_id!r} has left the catalogue: its history stands as it is"
        )
    for _ in range(MOST_RACES):
        with stores.commits.amendment(correction.article_id, correction.conflict_id) as transaction:
            held = transaction.before.statements.get(correction.conflict_id, ())
            if correction.statement_id not in held:
                raise CorrectionError(f"statement {correction.statement_id!r} is no longer held")
            marked, ruling = rule_on_correction(transaction, correction, world, now)
            if transaction.amend(marked, [ruling]):
                with suppress(redis.RedisError):  # they are in the outbox, where the timers find them
                    stores.queues.enqueue_lanes(sorted({lane_of(one) for one in ruling.deliveries}))
                return ruling
    raise RaceError(correction.article_id)
