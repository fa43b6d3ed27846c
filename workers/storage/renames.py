"""Give an actor's history to the id that it has now: stances, positions, changes, statements, and what was told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import redis

from workers.domain.decision import Told
from workers.domain.policy import Policy
from workers.domain.position import Position, PositionChange, Snapshot, fold
from workers.domain.stance import Stance
from workers.domain.statement import Statement
from workers.domain.telling import Spoken
from workers.storage import keys
from workers.storage.client import Client, Pipe
from workers.storage.ledger import Changes, Touched
from workers.storage.records import records_of


class Renames:
    """Moves history from one actor id to another."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def adopt(self, old_id: str, new_id: str, policy: Policy) -> list[str]:
        """Give everything under `old_id` to `new_id`; returns the conflicts on which there was something.

        Each conflict moves in one transaction, so that a kill in between leaves nothing in two places.
        """
        moved = [
            name
            for name in sorted(self._client.smembers(keys.conflicts()))
            if self._adopted(name, old_id, new_id, policy)
        ]
        since = self._client.hget(keys.actors_added(), old_id)
        if since is not None:
            with self._client.pipeline(transaction=True) as pipe:
                pipe.hset(keys.actors_added(), new_id, since)
                pipe.hdel(keys.actors_added(), old_id)
                pipe.execute()
        return moved

    def _adopted(self, conflict_id: str, old_id: str, new_id: str, policy: Policy) -> bool:
        while True:
            with self._client.pipeline(transaction=True) as pipe:
                pipe.watch(keys.version(conflict_id))
                if not pipe.hexists(keys.changes(conflict_id), old_id):
                    return False
                try:
                    _move(pipe, conflict_id, (old_id, new_id), policy)
                except redis.WatchError:
                    continue
                return True


def _move(pipe: Pipe, conflict_id: str, ids: tuple[str, str], policy: Policy) -> None:
    old_id, new_id = ids
    theirs = {**_stances(pipe, conflict_id, old_id), **_stances(pipe, conflict_id, new_id)}
    stances = {article_id: replace(stance, actor_id=new_id) for article_id, stance in theirs.items()}
    touched = _touched(pipe, stances, conflict_id, ids)
    spoken = _spoken(pipe, conflict_id, ids)
    told = _told(pipe, conflict_id, ids)
    snapshot = _snapshot(pipe, conflict_id, ids)
    history = fold(stances.values(), policy, snapshot)
    pipe.multi()
    pipe.incr(keys.version(conflict_id))
    for place in (keys.positions(conflict_id), keys.changes(conflict_id), keys.snapshots(conflict_id)):
        pipe.hdel(place, old_id)
    if snapshot is not None:
        pipe.hset(keys.snapshots(conflict_id), new_id, records_of(Snapshot).dump(snapshot))
    pipe.delete(keys.stances(conflict_id, old_id))
    _put(pipe, keys.stances(conflict_id, new_id), {name: records_of(Stance).dump(one) for name, one in stances.items()})
    _put(pipe, keys.statements(conflict_id), spoken)
    _put(pipe, keys.told(conflict_id), told)
    for article_id, text in touched.items():
        pipe.set(keys.touched(article_id), text)
    pipe.hset(keys.changes(conflict_id), new_id, records_of(Changes).dump(Changes(history.changes)))
    if history.position is not None:
        pipe.hset(keys.positions(conflict_id), new_id, records_of(Position).dump(history.position))
    pipe.execute()


def _put(pipe: Pipe, key: str, fields: Mapping[str, str]) -> None:
    if fields:
        pipe.hset(key, mapping=dict(fields))


def _snapshot(pipe: Pipe, conflict_id: str, ids: tuple[str, str]) -> Snapshot | None:
    """The snapshots of both ids as one, under the new id: the newer one says what was held last."""
    texts = pipe.hmget(keys.snapshots(conflict_id), list(ids))
    found = sorted((records_of(Snapshot).load(text) for text in texts if text), key=lambda one: one.until)
    if not found:
        return None
    changes = {_renamed_change(change, ids[1]) for one in found for change in one.changes}
    held = found[-1].position or found[0].position
    position = replace(held, actor_id=ids[1]) if held else None
    return Snapshot(found[-1].until, position, tuple(sorted(changes, key=lambda change: change.effective_at)))


def _renamed_change(change: PositionChange, actor_id: str) -> PositionChange:
    return replace(change, actor_id=actor_id)


def _stances(pipe: Pipe, conflict_id: str, actor_id: str) -> dict[str, Stance]:
    texts: Mapping[str, str] = pipe.hgetall(keys.stances(conflict_id, actor_id))
    return {article_id: records_of(Stance).load(text) for article_id, text in texts.items()}


def _touched(pipe: Pipe, article_ids: Iterable[str], conflict_id: str, ids: tuple[str, str]) -> dict[str, str]:
    found = {}
    for article_id in article_ids:
        text = pipe.get(keys.touched(article_id))
        if text is not None:
            touched = records_of(Touched).load(text)
            actors = dict(touched.actors)
            actors[conflict_id] = _renamed(actors.get(conflict_id, ()), ids)
            found[article_id] = records_of(Touched).dump(Touched(actors, touched.statements))
    return found


def _spoken(pipe: Pipe, conflict_id: str, ids: tuple[str, str]) -> dict[str, str]:
    """The statements of the actor, and those of the people who speak for it, with the new id."""
    texts: Mapping[str, str] = pipe.hgetall(keys.statements(conflict_id))
    held = {name: records_of(Spoken).load(text) for name, text in texts.items()}
    return {
        name: records_of(Spoken).dump(replace(one, statement=_said_by(one.statement, ids)))
        for name, one in held.items()
        if ids[0] in {one.statement.actor_id, one.statement.principal_id}
    }


def _said_by(statement: Statement, ids: tuple[str, str]) -> Statement:
    old_id, new_id = ids
    return replace(
        statement,
        actor_id=new_id if statement.actor_id == old_id else statement.actor_id,
        principal_id=new_id if statement.principal_id == old_id else statement.principal_id,
    )


def _told(pipe: Pipe, conflict_id: str, ids: tuple[str, str]) -> dict[str, str]:
    texts: Mapping[str, str] = pipe.hgetall(keys.told(conflict_id))
    held = {name: records_of(Told).load(text) for name, text in texts.items()}
    return {
        name: records_of(Told).dump(Told(one.alert_id, _renamed(one.actor_ids, ids)))
        for name, one in held.items()
        if ids[0] in one.actor_ids
    }


def _renamed(actor_ids: Iterable[str], ids: tuple[str, str]) -> tuple[str, ...]:
    return tuple(sorted({ids[1] if actor_id == ids[0] else actor_id for actor_id in actor_ids}))
