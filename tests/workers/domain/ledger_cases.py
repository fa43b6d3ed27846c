"""Stances for the tests of the fold and of decisions: name only what matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from workers.domain.article import Tier
from workers.domain.catalogue import Authority
from workers.domain.stance import Stance
from workers.domain.statement import Kind, PositionScale, Precision

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)


def hours(number: float) -> datetime:
    """That many hours after noon of 14 March 2025."""
    return NOON + timedelta(hours=number)


def a_stance(position: str = "support", *, article: str = "a1", hour: float = 0, **named: Any) -> Stance:
    """A leader's own direct words of a wire agency, said when they were published."""
    said_at = named.pop("said_at", hours(hour))
    facts: dict[str, Any] = {
        "article_id": article,
        "actor_id": "putin",
        "conflict_id": "russia-ukraine",
        "position": PositionScale(position),
        "statement_id": f"st_{article}",
        "quote": f"these words stand only in the report numbered {article} of that day",
        "conditions": (),
        "kind": Kind.DIRECT,
        "flags": frozenset(),
        "confidence": 0.9,
        "authority": Authority.LEADER,
        "said_at": said_at,
        "said_at_precision": Precision.TIME,
        "said_at_evidenced": False,
        "published_at": hours(hour),
        "publisher": "Northern Wire",
        "tier": Tier.WIRE,
    }
    facts["quote"] = f"{article} " * 6
    return Stance(**(facts | named))
