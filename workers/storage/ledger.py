"""The ledger read: statements, stances, positions, changes and the log of alerts. It is written in `commit.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workers.domain.alert import SERVICE_LANE, Alert
from workers.domain.approval import Judgement
from workers.domain.correction import Correction
from workers.domain.position import Position, PositionChange, Snapshot
from workers.domain.stance import Stance
from workers.domain.telling import Spoken
from workers.storage import keys
from workers.storage.client import Client
from workers.storage.records import records_of

_OF_SERVICE = re.compile(rf"msg_[^_]*_{SERVICE_LANE}_\d+")


@dataclass(frozen=True, slots=True)
class Touched:
    """What an article's latest revision made in the ledger: actor ids and statement ids by conflict id."""

    actors: Mapping[str, tuple[str, ...]]
    statements: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Changes:
    """One actor's changes in order, as they are stored."""

    changes: tuple[PositionChange, ...]


class Ledger:
    """Reads of the ledger."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def positions(self, conflict_id: str) -> list[Position]:
        """The positions held now on a conflict, by actor id."""
        texts = self._client.hgetall(keys.positions(conflict_id))
        return [records_of(Position).load(text) for _, text in sorted(texts.items())]

    def changes(self, conflict_id: str) -> dict[str, tuple[PositionChange, ...]]:
        """Every actor's changes on a conflict, in order."""
        texts = self._client.hgetall(keys.changes(conflict_id))
        return {actor_id: records_of(Changes).load(text).changes for actor_id, text in sorted(texts.items())}

    def stances(self, conflict_id: str, actor_id: str) -> tuple[Stance, ...]:
        """An actor's stances on a conflict, by article id."""
        texts = self._client.hgetall(keys.stances(conflict_id, actor_id))
        return tuple(records_of(Stance).load(text) for _, text in sorted(texts.items()))

    def snapshot(self, conflict_id: str, actor_id: str) -> Snapshot | None:
        """What an actor's forgotten stances came to, None when none was forgotten."""
        text = self._client.hget(keys.snapshots(conflict_id), actor_id)
        return None if text is None else records_of(Snapshot).load(text)

    def spoken(self, conflict_id: str, statement_ids: Sequence[str]) -> dict[str, Spoken]:
        """The statements of these ids; unknown ones are left out."""
        if not statement_ids:
            return {}
        texts = self._client.hmget(keys.statements(conflict_id), list(statement_ids))
        return {
            statement_id: records_of(Spoken).load(text)
            for statement_id, text in zip(statement_ids, texts, strict=True)
            if text is not None
        }

    def statements(self, conflict_id: str) -> list[Spoken]:
        """Every statement held on a conflict, by when it was said."""
        texts = self._client.hgetall(keys.statements(conflict_id)).values()
        held = [records_of(Spoken).load(text) for text in texts]
        return sorted(held, key=lambda spoken: (spoken.statement.said_at, spoken.statement.statement_id))

    def alerts(self, limit: int) -> list[Alert]:
        """The latest alerts, newest first."""
        alert_ids = self._client.zrevrange(keys.alert_order(), 0, limit - 1)
        texts = self._client.hmget(keys.alerts(), alert_ids) if alert_ids else []
        return [records_of(Alert).load(text) for text in texts if text is not None]

    def alert_count(self, since: datetime) -> int:
        """How many alerts on conflicts were made from then on."""
        alert_ids: list[str] = self._client.zrangebyscore(keys.alert_order(), since.timestamp(), "+inf")
        return sum(_OF_SERVICE.fullmatch(alert_id) is None for alert_id in alert_ids)

    def corrections(self) -> list[Correction]:
        """What people said of statements, the oldest first."""
        article_ids = self._client.zrange(keys.corrected_articles(), 0, -1)
        found = [one for article_id in article_ids for one in self.corrections_of(article_id)]
        return sorted(found, key=lambda one: one.at)

    def corrections_of(self, article_id: str) -> list[Correction]:
        """What people said of one article's statements, the oldest first."""
        texts = self._client.lrange(keys.corrections(article_id), 0, -1)
        return [records_of(Correction).load(text) for text in texts]

    def held_alerts(self) -> list[Alert]:
        """The alerts that wait to be approved, the oldest first."""
        alert_ids = self._client.zrange(keys.alerts_held(), 0, -1)
        texts = self._client.hmget(keys.alerts(), alert_ids) if alert_ids else []
        return [records_of(Alert).load(text) for text in texts if text is not None]

    def judgement(self, alert_id: str) -> Judgement | None:
        """What a person said of an alert that waited, None when nobody did."""
        text = self._client.hget(keys.alerts_judged(), alert_id)
        return None if text is None else records_of(Judgement).load(text)

    def conflict_ids(self) -> list[str]:
        """The conflicts that have history, sorted."""
        return sorted(self._client.smembers(keys.conflicts()))
