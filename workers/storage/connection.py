"""Open the store and read what it is: its format, epoch and birth."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import redis
from redis.backoff import AbstractBackoff, ExponentialBackoff
from redis.retry import Retry

from workers.storage import keys
from workers.storage.archive import UNFINISHED
from workers.storage.client import Client
from workers.storage.migrating import FORMAT, migrate
from workers.storage.sentinel import connect_through, is_sentinel, parse_sentinel

T = TypeVar("T")

REPLY_TIMEOUT_S = 10.0  # AOF always waits for the disk; ten seconds of a stalled disk are an outage
CONNECT_TIMEOUT_S = 3.0
PATIENT_PAUSE_S = 0.25
_REFUSES = re.compile(r"\b(MISCONF|NOREPLICAS)\b")  # the client has no classes for these


class StoreRefusedError(Exception):
    """The store does not let us in: the user or the password is wrong, or the user may not do what is needed."""

    def __init__(self, why: object) -> None:
        super().__init__(
            f"TRUCEWATCH_REDIS_URL: the store refuses this login ({why}); allowed is a user of that server with its "
            "password, who may use every key and command but those of administrators"
        )


class StoreFormatError(Exception):
    """The store was written by a newer trucewatch; `found` is its format number."""

    def __init__(self, found: int) -> None:
        if found == UNFINISHED:
            super().__init__("a restore into this store was begun and not finished: run `trucewatch restore` again")
        else:
            super().__init__(f"the store has format {found}, this trucewatch knows formats up to {FORMAT}: upgrade it")
        self.found = found


@dataclass(frozen=True, slots=True)
class Birth:
    """What a store is: its `epoch`, drawn when it is made so that numbers are never reused, and `born_at` (aware UTC).

    `seeded` tells whether it has been started from the seeds, or was asked not to be.
    """

    epoch: str
    born_at: datetime
    seeded: bool


class Patience(AbstractBackoff):
    """Waits for a store that is away, for as long as it takes; once ended, it waits no more.

    For workers: what they do next needs the store anyway, and RQ ends with a traceback where a command fails.
    """

    def __init__(self) -> None:
        self.ended = False

    def end(self) -> None:
        """Wait no more: the next command that finds the store away fails."""
        self.ended = True

    def compute(self, failures: int) -> float:
        """The pause before the next try in seconds. Raises redis.ConnectionError once ended."""
        if self.ended:
            raise redis.ConnectionError(f"the store is away, and {failures} tries are enough for one who is to stop")
        return PATIENT_PAUSE_S

    def __deepcopy__(self, _memo: object) -> Patience:
        """Every connection of a pool gets a copy of its retry: the end is for all of them."""
        return self


class PatientRetry(Retry):
    """Tries again also while the store is there and takes no writes: read-only, out of memory, short of replicas."""

    def call_with_retry(self, do: Callable[[], T], *args: Any, **named: Any) -> T:
        """Call until it succeeds, or until the patience has ended."""

        def tried() -> T:
            try:
                return do()
            except redis.ResponseError as error:
                if takes_no_writes(error):
                    raise redis.ConnectionError(f"the store takes no writes: {error}") from error
                raise

        return super().call_with_retry(tried, *args, **named)


def takes_no_writes(error: redis.ResponseError) -> bool:
    """Tell whether the store refuses writes as such, which a person or time will mend."""
    refused = isinstance(error, (redis.ReadOnlyError, redis.OutOfMemoryError, redis.exceptions.ClusterDownError))
    return refused or _REFUSES.search(str(error)) is not None


def connect(url: str) -> Client:
    """A client for the store at `url` (redis, rediss, unix or Sentinels); nothing is sent before its first command."""
    return _client(
        url,
        decode_responses=True,
        socket_timeout=REPLY_TIMEOUT_S,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
        health_check_interval=30,
    )


def connect_queue(url: str, patience: Patience | None = None) -> Client:
    """A client for RQ, which reads bytes and blocks on its own terms; with `patience` it waits for a store away."""
    retry = PatientRetry(patience, -1) if patience else Retry(ExponentialBackoff(cap=0.5, base=0.05), 2)
    return _client(url, socket_connect_timeout=CONNECT_TIMEOUT_S, retry=retry)


def _client(url: str, **named: Any) -> Client:
    return connect_through(parse_sentinel(url), **named) if is_sentinel(url) else redis.Redis.from_url(url, **named)


def open_store(client: Client, epoch: str, now: datetime) -> Birth:
    """Read the store's birth, or write it with the drawn `epoch` when the store is empty.

    A store of an older format is brought to the present one. Raises StoreFormatError for a store of a newer format,
    StoreRefusedError for a wrong login.
    """
    with client.pipeline(transaction=True) as pipe:
        for field, value in (("format", str(FORMAT)), ("epoch", epoch), ("born_at", now.isoformat())):
            pipe.hsetnx(keys.store(), field, value)
        pipe.hgetall(keys.store())
        try:
            found: dict[str, str] = pipe.execute()[-1]
        except (redis.AuthenticationError, redis.exceptions.NoPermissionError) as error:
            raise StoreRefusedError(error) from error
    _refuse_newer(found["format"])
    migrate(client, int(found["format"]))
    return Birth(found["epoch"], datetime.fromisoformat(found["born_at"]), "seeded" in found)


def check_format(client: Client) -> None:
    """Raise StoreFormatError for a store of a newer format; an empty store has none."""
    _refuse_newer(client.hget(keys.store(), "format") or str(FORMAT))


def _refuse_newer(found: str) -> None:
    if int(found) > FORMAT:
        raise StoreFormatError(int(found))


def note_seeded(client: Client) -> None:
    """Note that the store has its seeds, so that they are never sown again."""
    client.hset(keys.store(), "seeded", "1")


def register_actors(client: Client, actor_ids: Iterable[str], birth: Birth, now: datetime) -> Mapping[str, datetime]:
    """Note since when each actor is watched: since the store's birth, or since it was added later. Returns all."""
    added: dict[str, str] = client.hgetall(keys.actors_added())
    since = now if added else birth.born_at
    unknown = [actor_id for actor_id in actor_ids if actor_id not in added]
    if unknown:
        with client.pipeline(transaction=True) as pipe:
            for actor_id in unknown:  # another process may be a moment ahead: its word counts
                pipe.hsetnx(keys.actors_added(), actor_id, since.isoformat())
            pipe.hgetall(keys.actors_added())
            added = pipe.execute()[-1]
    return {actor_id: datetime.fromisoformat(moment) for actor_id, moment in added.items()}
