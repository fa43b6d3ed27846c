"""The stand-in for the language model: takes the truth from a story's markup, in the time that reading takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from random import Random

from tests.fakes import MarkupReader
from workers.domain.catalogue import Catalogue, Conflict
from workers.domain.statement import Statement

SLOWEST_S = 0.5


@dataclass(slots=True)
class StoryReader:
    """Reads `[actor-id position] words`; the conflict is the one that the actor's party is in."""

    catalogue: Catalogue
    pause: Callable[[float], None] = time.sleep

    def names_conflict(self, title: str, text: str, day: object) -> bool:
        """Every story is on a truce."""
        return "truce" in f"{title} {text}".lower()

    def concerns(self, title: str, text: str, day: object) -> Sequence[Conflict]:
        """Let the reading decide."""
        return self.catalogue.conflicts[:1] if self.names_conflict(title, text, day) else ()

    def read(
        self, article_id: str, title: str, text: str, published_at: datetime | None, fetched_at: datetime
    ) -> Sequence[Statement]:
        """What is marked up, after a while that differs from article to article."""
        self.pause(Random(article_id).random() * SLOWEST_S)
        return [
            replace(
                statement, statement_id=f"st_{blake2b(f'{article_id} {statement.quote}'.encode()).hexdigest()[:16]}"
            )
            for conflict in self.catalogue.conflicts
            if any(f"[{actor_id}" in text for actor_id in conflict.parties)
            for statement in MarkupReader(self.catalogue, conflict.conflict_id).read(
                article_id, title, text, published_at, fetched_at
            )
        ]
