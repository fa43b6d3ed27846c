"""The two kinds of RQ job. A job may run twice; what it does is guarded by the article's token or the lane's lease."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Hands(Protocol):
    """What a worker process can do; the runtime gives it to `take_up` before the first job."""

    def read_article(self, article_id: str, epoch: str) -> None:
        """Read one pending article."""

    def drain_lane(self, lane: str, epoch: str) -> None:
        """Send what waits in one lane of the outbox."""


class Keeper(Protocol):
    """Who watches over jobs in hand (`watch.Watch`)."""

    def over(self, job: str) -> AbstractContextManager[None]:
        """Have the job watched for the length of a `with` block."""


class IdleError(Exception):
    """A job was called in a process that is no worker."""


_HANDS: list[Hands] = []
_KEEPERS: list[Keeper] = []


def take_up(hands: Hands, keeper: Keeper | None = None) -> None:
    """Give this process its parts: RQ calls jobs by name, with JSON arguments only."""
    _HANDS[:] = [hands]
    _KEEPERS[:] = [keeper] if keeper else []


def read_article(article_id: str, epoch: str) -> None:
    """Job of queue `articles`."""
    with _watched(f"article {article_id}"):
        _hands().read_article(article_id, epoch)


def drain_lane(lane: str, epoch: str) -> None:
    """Job of queue `alerts`."""
    with _watched(f"lane {lane}"):
        _hands().drain_lane(lane, epoch)


def _hands() -> Hands:
    if not _HANDS:
        raise IdleError("jobs run in a process started by `trucewatch work` only")
    return _HANDS[0]


def _watched(job: str) -> AbstractContextManager[None]:
    return _KEEPERS[0].over(job) if _KEEPERS else nullcontext()
