"""The silences, what each holds back, and how one ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from workers.domain.alert import Alert, Delivery
from workers.domain.silence import Silence
from workers.storage import keys
from workers.storage.client import Client, Pipe
from workers.storage.notices import Notice, Notices, alerts_of
from workers.storage.outbox_records import readable
from workers.storage.records import RecordError, records_of

SILENCE_KEPT = timedelta(days=30)  # after its end: to be listed


class Silences:
    """Silences by id."""

    def __init__(self, client: Client, notices: Notices) -> None:
        self._client = client
        self._notices = notices

    def add(self, silence: Silence) -> None:
        """Hold back from now on."""
        self._write(self._client, silence)

    def listed(self) -> list[Silence]:
        """All that are kept, the one that ends first first."""
        return sorted(silences_in(self._client), key=lambda silence: (silence.until, silence.silence_id))

    def find(self, silence_id: str) -> Silence | None:
        """One silence, None for an unknown one."""
        text = self._client.hget(keys.silences(), silence_id)
        return _silence_of(silence_id, text) if text else None

    def held_count(self, silence_id: str) -> int:
        """How many deliveries a silence holds back now."""
        return int(self._client.llen(keys.silence_held(silence_id)))

    def due(self, now: datetime) -> list[Silence]:
        """Those that are over and hold something back still, or were not noted as ended yet."""
        over = [silence for silence in self.listed() if silence.ended_at is not None or silence.until <= now]
        return [one for one in over if one.ended_at is None or self.held_count(one.silence_id)]

    def shorten(self, silence: Silence, now: datetime) -> Silence:
        """Let a silence end now; what is held is told as soon as the timers look."""
        ending = replace(silence, until=now)
        self._write(self._client, ending)
        return ending

    def end(self, silence: Silence, tell: Callable[[str, Sequence[Alert], int], Notice], now: datetime) -> int:
        """Tell each endpoint what was held back for it, by one summary of `tell(endpoint, alerts, sequence)`.

        Returns how many were made. What a late commit adds after that is told by the next call.
        """
        told = 0
        held = keys.silence_held(silence.silence_id)
        while endpoint := self._next_endpoint(held):
            told += self._tell_one(endpoint, held, tell)
        self._write(self._client, replace(silence, ended_at=silence.ended_at or now))
        return told

    def forget(self, now: datetime) -> int:
        """Take out the silences that ended long ago; returns how many there were."""
        old = [one for one in self.listed() if one.ended_at and now - one.ended_at > SILENCE_KEPT]
        for silence in old:
            self._client.hdel(keys.silences(), silence.silence_id)
        return len(old)

    def _next_endpoint(self, held: str) -> str | None:
        first = self._client.lindex(held, 0)
        return first.rpartition("~")[2] if first else None

    def _tell_one(self, endpoint: str, held: str, tell: Callable[[str, Sequence[Alert], int], Notice]) -> int:
        ids: list[str] = []

        def composed(pipe: Pipe, sequence: int) -> Notice | None:
            ids[:] = [name for name in pipe.lrange(held, 0, -1) if name.rpartition("~")[2] == endpoint]
            with self._client.pipeline(transaction=False) as reading:  # thousands in one round trip
                for name in ids:
                    reading.hgetall(keys.delivery(name))
                found = [readable(fields) for fields in reading.execute()]
            alerts = alerts_of(pipe, [delivery for delivery in found if delivery is not None])
            return tell(endpoint, alerts, sequence) if alerts else None

        def emptied(pipe: Pipe) -> None:
            for name in ids:
                pipe.lrem(held, 1, name)

        if self._notices.publish(composed, emptied, [held]) is not None:
            return 1
        with self._client.pipeline(transaction=True) as pipe:  # all of it was forgotten meanwhile
            emptied(pipe)
            pipe.execute()
        return 0

    def _write(self, client: Client, silence: Silence) -> None:
        client.hset(keys.silences(), silence.silence_id, records_of(Silence).dump(silence))


def silences_in(client: Client | Pipe) -> list[Silence]:
    """Every silence that is kept, but for those of a newer format."""
    found = (_silence_of(silence_id, text) for silence_id, text in client.hgetall(keys.silences()).items())
    return [silence for silence in found if silence is not None]


def _silence_of(silence_id: str, text: str) -> Silence | None:
    """Read a silence. One whose record is damaged is over: what it holds back is told, and the record written anew."""
    try:
        silence: Silence = records_of(Silence).load(text)
    except RecordError as error:
        if error.newer:
            return None
        long_ago = datetime.fromtimestamp(0, UTC)
        return Silence(silence_id, "", None, long_ago, long_ago, "the record of this silence was damaged")
    return silence


def stage_silenced(pipe: Pipe, silence: Silence, deliveries: Sequence[Delivery]) -> None:
    """Add to a MULTI that these deliveries are held back by the silence."""
    for delivery in deliveries:
        pipe.rpush(keys.silence_held(silence.silence_id), delivery.delivery_id)
