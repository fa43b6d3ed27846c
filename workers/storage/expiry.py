"""Forget what is old: stances and statements that no longer carry a position, and the alerts of their time.

What an actor's old stances came to is folded into its snapshot, so that its history of positions stays whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import redis

from workers.domain.expiry import Forgetting, forgettable
from workers.domain.policy import Policy
from workers.domain.position import Position, Snapshot, fold
from workers.domain.stance import Stance
from workers.domain.telling import Spoken
from workers.storage import keys
from workers.storage.client import Client, Pipe
from workers.storage.ledger import Changes
from workers.storage.records import records_of

MOST_AT_ONCE = 1_000  # commands of one MULTI hold up everybody else


@dataclass(frozen=True, slots=True)
class _Actor:
    """One actor's stances on a conflict, and which of them may go."""

    actor_id: str
    stances: tuple[Stance, ...]
    forgetting: Forgetting

    @property
    def gone(self) -> frozenset[str]:
        return self.forgetting.gone

    @property
    def kept(self) -> tuple[Stance, ...]:
        return tuple(stance for stance in self.stances if stance.article_id not in self.gone)


class Expiry:
    """Forgets, one conflict at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def forget(self, conflict_id: str, before: datetime, policy: Policy) -> int:
        """Forget what is older than `before` on a conflict; returns how many statements went.

        The positions held now stay, and so does every change that led to them. Nothing happens when an article is
        committed meanwhile: the next time will do.
        """
        with self._client.pipeline(transaction=True) as pipe:
            pipe.watch(keys.version(conflict_id))
            actors = [
                _actor(pipe, conflict_id, actor_id, before, policy)
                for actor_id in pipe.hkeys(keys.changes(conflict_id))
            ]
            gone = _old_statements(pipe, conflict_id, before, actors)[:MOST_AT_ONCE]
            if not gone and not any(actor.gone for actor in actors):
                return 0
            pipe.multi()
            pipe.incr(keys.version(conflict_id))
            for actor in actors:
                if actor.gone:
                    _stage(pipe, conflict_id, actor, policy)
            if gone:
                pipe.hdel(keys.statements(conflict_id), *gone)
                pipe.hdel(keys.told(conflict_id), *gone)
            try:
                pipe.execute()
            except redis.WatchError:
                return 0
        return len(gone)

    def forget_alerts(self, before: datetime) -> int:
        """Forget the alerts of before; returns how many went. Their deliveries have ended long since, or are kept."""
        alert_ids = self._client.zrangebyscore(
            keys.alert_order(), "-inf", f"({before.timestamp()}", start=0, num=MOST_AT_ONCE
        )
        if alert_ids:
            with self._client.pipeline(transaction=True) as pipe:
                pipe.hdel(keys.alerts(), *alert_ids)
                pipe.zrem(keys.alert_order(), *alert_ids)
                pipe.execute()
        return len(alert_ids)


def _actor(pipe: Pipe, conflict_id: str, actor_id: str, before: datetime, policy: Policy) -> _Actor:
    texts: Mapping[str, str] = pipe.hgetall(keys.stances(conflict_id, actor_id))
    stances = tuple(records_of(Stance).load(text) for text in texts.values())
    held = pipe.hget(keys.snapshots(conflict_id), actor_id)
    earlier = records_of(Snapshot).load(held) if held else None
    return _Actor(actor_id, stances, forgettable(stances, before, policy, earlier))


def _old_statements(pipe: Pipe, conflict_id: str, before: datetime, actors: list[_Actor]) -> list[str]:
    """Statements of articles that show nobody's stance any more. An article's statements stay and go together."""
    showing = {stance.article_id for actor in actors for stance in actor.kept}
    texts: Mapping[str, str] = pipe.hgetall(keys.statements(conflict_id))
    spoken = {statement_id: records_of(Spoken).load(text) for statement_id, text in texts.items()}
    return [
        statement_id
        for statement_id, one in spoken.items()
        if one.statement.article_id not in showing and max(one.statement.said_at, one.source.fetched_at) < before
    ]


def _stage(pipe: Pipe, conflict_id: str, actor: _Actor, policy: Policy) -> None:
    """Take an actor's old stances out, and put what they came to in their place."""
    snapshot = actor.forgetting.snapshot
    pipe.hdel(keys.stances(conflict_id, actor.actor_id), *actor.gone)
    if snapshot is not None:
        pipe.hset(keys.snapshots(conflict_id), actor.actor_id, records_of(Snapshot).dump(snapshot))
    history = fold(actor.kept, policy, snapshot)
    if history.position is None:
        pipe.hdel(keys.positions(conflict_id), actor.actor_id)
    else:
        pipe.hset(keys.positions(conflict_id), actor.actor_id, records_of(Position).dump(history.position))
    if actor.kept or history.changes:
        pipe.hset(keys.changes(conflict_id), actor.actor_id, records_of(Changes).dump(Changes(history.changes)))
    else:  # nothing but neutral talk was ever heard of it
        pipe.hdel(keys.changes(conflict_id), actor.actor_id)
        pipe.hdel(keys.snapshots(conflict_id), actor.actor_id)
