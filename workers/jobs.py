"""The two kinds of RQ job. A job may run twice; what it does is guarded by the article's token or the lane's lease."""

from __future__ import annotations

from typing import Protocol


class Hands(Protocol):
    """What a worker process can do; the runtime gives it to `take_up` before the first job."""

    def read_article(self, article_id: str, epoch: str) -> None:
        """Read one pending article."""

    def drain_lane(self, lane: str, epoch: str) -> None:
        """Send what waits in one lane of the outbox."""


class IdleError(Exception):
    """A job was called in a process that is no worker."""


_HANDS: list[Hands] = []


def take_up(hands: Hands) -> None:
    """Give this process its parts: RQ calls jobs by name, with JSON arguments only."""
    _HANDS[:] = [hands]


def read_article(article_id: str, epoch: str) -> None:
    """Job of queue `articles`."""
    _hands().read_article(article_id, epoch)


def drain_lane(lane: str, epoch: str) -> None:
    """Job of queue `alerts`."""
    _hands().drain_lane(lane, epoch)


def _hands() -> Hands:
    if not _HANDS:
        raise IdleError("jobs run in a process started by `trucewatch work` only")
    return _HANDS[0]
