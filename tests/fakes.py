"""Stand-ins with the same methods as the real things: a clock that is set by hand, a reader of marked-up stories."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.builders import NOON
from workers.domain.catalogue import Catalogue, Conflict
from workers.domain.statement import Kind, PositionScale, Precision, Statement

_MARK = re.compile(r"\[(?P<actor>[a-z-]+) (?P<position>[a-z]+)\] (?P<words>[^\n\[]+)")


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass(slots=True)
class MarkupReader:
    """Takes the truth from the story's own markup: `[actor-id position] words`. `crashes` makes it fail so often."""

    catalogue: Catalogue
    conflict_id: str = "river-war"
    crashes: int = 0
    reads: list[str] = field(default_factory=list)

    def names_conflict(self, title: str, text: str, day: date) -> bool:
        return "truce" in f"{title} {text}".lower()

    def concerns(self, title: str, text: str, day: date) -> Sequence[Conflict]:
        return [self.catalogue.conflict(self.conflict_id)] if self.names_conflict(title, text, day) else []

    def read(
        self, article_id: str, title: str, text: str, published_at: datetime | None, fetched_at: datetime
    ) -> Sequence[Statement]:
        self.reads.append(article_id)
        if self.crashes:
            self.crashes -= 1
            raise ValueError("the reader stumbled")
        said_at = min(published_at or fetched_at, fetched_at)
        return [self._statement(article_id, found, said_at) for found in _MARK.finditer(text)]

    def _statement(self, article_id: str, found: re.Match[str], said_at: datetime) -> Statement:
        actor = self.catalogue.actor(found["actor"])
        return Statement(
            statement_id=f"st_{article_id}_{found.start()}",
            article_id=article_id,
            conflict_id=self.conflict_id,
            actor_id=actor.actor_id,
            actor_name=actor.name,
            principal_id=actor.principal_id,
            authority=actor.authority,
            speaker_text=actor.name,
            kind=Kind.DIRECT,
            quote=found["words"],
            start=found.start("words"),
            end=found.end("words"),
            position=PositionScale(found["position"]),
            conditions=(),
            confidence=0.9,
            said_at=said_at,
            said_at_precision=Precision.TIME,
            said_at_evidenced=False,
            flags=frozenset(),
            why="marked up",
            reader_version="markup",
        )
