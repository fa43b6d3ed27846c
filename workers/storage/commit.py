"""The one atomic commit of an article (law 2): read under WATCH, decide outside, write in one MULTI.

A loser of the race reads and decides anew; a second run of the same article finds no token and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import redis

from workers.domain.alert import Alert, Delivery, DeliveryState
from workers.domain.correction import Correction
from workers.domain.decision import Decision, Holdings, Told
from workers.domain.position import History, Position, Snapshot
from workers.domain.silence import Silence, silence_of
from workers.domain.stance import Stance
from workers.domain.telling import Spoken
from workers.storage import keys
from workers.storage.articles import ArticleEnd, Articles
from workers.storage.client import Client, Pipe
from workers.storage.ledger import Changes, Touched
from workers.storage.outbox import Outbox
from workers.storage.records import records_of
from workers.storage.silences import silences_in, stage_silenced
from workers.storage.tallies import stage_alert, stage_hearing


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is written on one conflict: the decision, the statements behind it, the alerts and their deliveries.

    `told` is what was told before of the causes at hand, by statement id; this commit's alerts are added to it.
    `filtered` names the endpoints whose filter held an alert back, once for each alert (law 8: it is counted).
    `awaiting` are the ids of the alerts that have no deliveries until a person approves them.
    """

    conflict_id: str
    decision: Decision
    spoken: Sequence[Spoken]
    told: Mapping[str, Told]
    alerts: Sequence[Alert] = ()
    deliveries: Sequence[Delivery] = ()
    filtered: Sequence[str] = ()
    awaiting: frozenset[str] = frozenset()


class Commits:
    """Opens transactions, one for each try at a commit."""

    def __init__(self, client: Client, articles: Articles, outbox: Outbox) -> None:
        self._client = client
        self._articles = articles
        self._outbox = outbox

    @contextmanager
    def transaction(self, article_id: str, revision: int, conflict_ids: Iterable[str]) -> Iterator[Transaction | None]:
        """Watch the article's token and the conflicts' versions.

        Yields None when that revision of the article waits no more: it was settled by another run.
        """
        with self._client.pipeline(transaction=True) as pipe:
            pipe.watch(keys.article_token(article_id))
            if pipe.get(keys.article_token(article_id)) != str(revision):
                yield None
                return
            text = pipe.get(keys.touched(article_id))
            before = records_of(Touched).load(text) if text else Touched({}, {})
            yield self._watched(pipe, article_id, {*conflict_ids, *before.actors, *before.statements}, before)

    @contextmanager
    def amendment(self, article_id: str, conflict_id: str) -> Iterator[Transaction]:
        """Watch what a correction of an article's statements on one conflict depends on."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.watch(keys.touched(article_id))
            text = pipe.get(keys.touched(article_id))
            before = records_of(Touched).load(text) if text else Touched({}, {})
            yield self._watched(pipe, article_id, {conflict_id}, before)

    def _watched(self, pipe: Pipe, article_id: str, conflict_ids: Iterable[str], before: Touched) -> Transaction:
        watched = tuple(sorted(conflict_ids))
        pipe.watch(keys.corrections(article_id), *(keys.version(conflict_id) for conflict_id in watched))
        return Transaction(pipe, article_id, before, watched, self._articles, self._outbox)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One try. `conflict_ids` are those to rule on: of the new statements and of the earlier revision's."""

    pipe: Pipe
    article_id: str
    before: Touched
    conflict_ids: tuple[str, ...]
    articles: Articles
    outbox: Outbox

    def holdings(self, conflict_id: str, actor_ids: Iterable[str], added_at: Mapping[str, datetime]) -> Holdings:
        """What is held of the conflict for these actors and for those that an earlier revision touched."""
        wanted = sorted({*actor_ids, *self.before.actors.get(conflict_id, ())})
        stances = {actor_id: self._stances(conflict_id, actor_id) for actor_id in wanted}
        statement_ids = sorted({stance.statement_id for held in stances.values() for stance in held})
        texts = self.pipe.hmget(keys.told(conflict_id), statement_ids) if statement_ids else []
        told = {
            statement_id: records_of(Told).load(text)
            for statement_id, text in zip(statement_ids, texts, strict=True)
            if text is not None
        }
        return Holdings(stances, told, added_at, self._snapshots(conflict_id, wanted))

    def corrections(self, article_id: str) -> list[Correction]:
        """What people said of an article's statements, the oldest first."""
        return [records_of(Correction).load(text) for text in self.pipe.lrange(keys.corrections(article_id), 0, -1)]

    def spoken(self, conflict_id: str, statement_ids: Sequence[str]) -> dict[str, Spoken]:
        """The statements of these ids as they were read."""
        texts = self.pipe.hmget(keys.statements(conflict_id), list(statement_ids)) if statement_ids else []
        return {
            statement_id: records_of(Spoken).load(text)
            for statement_id, text in zip(statement_ids, texts, strict=True)
            if text is not None
        }

    def last_sequence(self, lane: str) -> int:
        """The last sequence number given in the lane, 0 before the first."""
        return int(self.pipe.get(keys.sequence(lane)) or 0)

    def commit(self, end: ArticleEnd, rulings: Sequence[Ruling]) -> bool:
        """Write everything and take the article's token; False when somebody wrote in between (decide anew)."""
        return self._write(rulings, lambda: self._stage_end(end, rulings))

    def amend(self, correction: Correction, rulings: Sequence[Ruling]) -> bool:
        """Write a correction and everything that it changes; False when somebody wrote in between (decide anew)."""
        return self._write(rulings, lambda: self._stage_correction(correction))

    def _write(self, rulings: Sequence[Ruling], also: Callable[[], None]) -> bool:
        try:
            silences = silences_in(self.pipe)
            self.pipe.multi()
            for ruling in rulings:
                self._stage(ruling, silences)
            self._stage_touched(rulings)
            also()
            self.pipe.execute()
        except redis.WatchError:
            return False
        return True

    def _stage_end(self, end: ArticleEnd, rulings: Sequence[Ruling]) -> None:
        self.articles.settle(self.pipe, end)
        for ruling in rulings:
            stage_hearing(self.pipe, ruling.spoken, ruling.decision)

    def _stage_correction(self, correction: Correction) -> None:
        self.pipe.rpush(keys.corrections(correction.article_id), records_of(Correction).dump(correction))
        self.pipe.zadd(keys.corrected_articles(), {correction.article_id: correction.at.timestamp()}, nx=True)

    def _snapshots(self, conflict_id: str, actor_ids: Sequence[str]) -> dict[str, Snapshot]:
        texts = self.pipe.hmget(keys.snapshots(conflict_id), list(actor_ids)) if actor_ids else []
        found = zip(actor_ids, texts, strict=True)
        return {actor_id: records_of(Snapshot).load(text) for actor_id, text in found if text is not None}

    def _stances(self, conflict_id: str, actor_id: str) -> tuple[Stance, ...]:
        texts = self.pipe.hgetall(keys.stances(conflict_id, actor_id))
        return tuple(records_of(Stance).load(text) for text in texts.values())

    def _stage(self, ruling: Ruling, silences: Sequence[Silence]) -> None:
        self.pipe.incr(keys.version(ruling.conflict_id))
        self.pipe.sadd(keys.conflicts(), ruling.conflict_id)
        self._stage_stances(ruling)
        for actor_id, history in ruling.decision.histories.items():
            self._stage_history(ruling.conflict_id, actor_id, history)
        self._stage_alerts(ruling)
        self._stage_deliveries(ruling, silences)

    def _stage_stances(self, ruling: Ruling) -> None:
        conflict_id = ruling.conflict_id
        for actor_id in ruling.decision.withdrawn:
            self.pipe.hdel(keys.stances(conflict_id, actor_id), self.article_id)
        for actor_id, stance in ruling.decision.stances.items():
            text = records_of(Stance).dump(stance)
            self.pipe.hset(keys.stances(conflict_id, actor_id), stance.article_id, text)
        gone = self.before.statements.get(conflict_id, ())
        if gone:
            self.pipe.hdel(keys.statements(conflict_id), *gone)
        for spoken in ruling.spoken:
            text = records_of(Spoken).dump(spoken)
            self.pipe.hset(keys.statements(conflict_id), spoken.statement.statement_id, text)

    def _stage_history(self, conflict_id: str, actor_id: str, history: History) -> None:
        if history.position is None:
            self.pipe.hdel(keys.positions(conflict_id), actor_id)
        else:
            self.pipe.hset(keys.positions(conflict_id), actor_id, records_of(Position).dump(history.position))
        self.pipe.hset(keys.changes(conflict_id), actor_id, records_of(Changes).dump(Changes(history.changes)))

    def _stage_alerts(self, ruling: Ruling) -> None:
        for alert in ruling.alerts:
            self.pipe.set(keys.sequence(alert.lane), alert.sequence)
            self.pipe.hset(keys.alerts(), alert.alert_id, records_of(Alert).dump(alert))
            self.pipe.zadd(keys.alert_order(), {alert.alert_id: alert.timestamp.timestamp()})
            stage_alert(self.pipe, alert)
            self._stage_told(ruling, alert)

    def _stage_deliveries(self, ruling: Ruling, silences: Sequence[Silence]) -> None:
        """Put into the lanes what no silence holds back; what one does is told in its summary."""
        waiting = []
        quiet = {alert.alert_id: silence_of(alert, silences, alert.timestamp) for alert in ruling.alerts}
        for delivery in ruling.deliveries:
            silence = quiet.get(delivery.alert_id)
            if silence is None:
                waiting.append(delivery)
            else:
                at = delivery.created_at  # it is needed until the silence's end, when it is told of
                self.outbox.stage_end(self.pipe, delivery, DeliveryState.SILENCED, at, needed_for=silence.until - at)
                stage_silenced(self.pipe, silence, [delivery])
        self.outbox.stage(self.pipe, waiting, ruling.filtered)
        for alert in ruling.alerts:
            if alert.alert_id in ruling.awaiting:
                self.pipe.zadd(keys.alerts_held(), {alert.alert_id: alert.timestamp.timestamp()})

    def _stage_told(self, ruling: Ruling, alert: Alert) -> None:
        actor_ids = tuple(change["actor"]["id"] for change in alert.data["changes"])
        carriers = {
            move.carrier.statement_id
            for move in ruling.decision.moves
            if move.carrier is not None and move.actor_id in actor_ids
        }
        for statement_id in carriers:
            before = ruling.told[statement_id].actor_ids if statement_id in ruling.told else ()
            text = records_of(Told).dump(Told(alert.alert_id, tuple(sorted({*before, *actor_ids}))))
            self.pipe.hset(keys.told(ruling.conflict_id), statement_id, text)

    def _stage_touched(self, rulings: Sequence[Ruling]) -> None:
        """Note what the article made; on conflicts that are not ruled on, what it made before stands."""
        ruled = {ruling.conflict_id for ruling in rulings}
        actors = {name: made for name, made in self.before.actors.items() if name not in ruled}
        statements = {name: made for name, made in self.before.statements.items() if name not in ruled}
        for ruling in rulings:
            if ruling.decision.stances:
                actors[ruling.conflict_id] = tuple(ruling.decision.stances)
            if ruling.spoken:
                statements[ruling.conflict_id] = tuple(one.statement.statement_id for one in ruling.spoken)
        if actors or statements:
            self.pipe.set(keys.touched(self.article_id), records_of(Touched).dump(Touched(actors, statements)))
        else:
            self.pipe.delete(keys.touched(self.article_id))
