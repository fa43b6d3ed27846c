"""Builders of the domain's things: defaults for everything, so that a test names only what matters.

The world of the tests is invented: the River war, between Northland (whose president is Mira Vane) and Southland.
Everything happens around noon of 14 March 2025, UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from workers.domain.alert import Alert, AlertType, Delivery
from workers.domain.article import Article, Entry, Feed, Tier
from workers.domain.catalogue import Actor, ActorKind, Authority, Catalogue, Conflict
from workers.domain.feed import FeedState
from workers.domain.position import Position, PositionChange
from workers.domain.stance import Stance
from workers.domain.statement import Kind, PositionScale, Precision, Statement

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
RIVER_WAR, NORTHLAND, SOUTHLAND, VANE = "river-war", "northland", "southland", "mira-vane"


def hours(number: float) -> datetime:
    """That many hours after noon of 14 March 2025."""
    return NOON + timedelta(hours=number)


def id_of(name: str) -> str:
    """The id that the builders give to a thing of this name."""
    return "-".join(name.lower().split())


# --- the catalogue


def an_actor(name: str = "Northland", **named: Any) -> Actor:
    """A state; its id is made of its name."""
    facts: dict[str, Any] = {"actor_id": id_of(name), "name": name, "kind": ActorKind.STATE}
    return Actor(**(facts | named))


def a_person(name: str = "Mira Vane", speaks_for: str | None = NORTHLAND, **named: Any) -> Actor:
    """The leader of a party."""
    facts: dict[str, Any] = {"kind": ActorKind.PERSON, "speaks_for": speaks_for, "authority": Authority.LEADER}
    return an_actor(name, **(facts | named))


def a_conflict(name: str = "River war", **named: Any) -> Conflict:
    """A war between Northland and Southland."""
    facts: dict[str, Any] = {
        "conflict_id": id_of(name),
        "name": name,
        "parties": (NORTHLAND, SOUTHLAND),
        "others": (),
        "terms": ("River Valley",),
    }
    return Conflict(**(facts | named))


def a_catalogue(*more: Actor | Conflict, **named: Any) -> Catalogue:
    """The River war with its parties and Northland's president, and `more` besides."""
    conflicts = [a_conflict(), *(entry for entry in more if isinstance(entry, Conflict))]
    actors = [an_actor(), an_actor("Southland"), a_person(), *(entry for entry in more if isinstance(entry, Actor))]
    facts: dict[str, Any] = {
        "conflicts": tuple({conflict.conflict_id: conflict for conflict in conflicts}.values()),
        "actors": tuple({actor.actor_id: actor for actor in actors}.values()),
    }
    return Catalogue(**(facts | named))


# --- feeds and articles


def a_feed(publisher: str = "Northern Wire", **named: Any) -> Feed:
    """A wire agency's feed of the default list."""
    facts: dict[str, Any] = {
        "feed_id": id_of(publisher),
        "url": f"https://{id_of(publisher)}.example/feed.xml",
        "publisher": publisher,
        "tier": Tier.WIRE,
    }
    return Feed(**(facts | named))


def a_feed_state(**named: Any) -> FeedState:
    """A feed that was polled at noon and is well."""
    facts: dict[str, Any] = {
        "polled_at": NOON,
        "succeeded_at": NOON,
        "interval_s": 900.0,
        "next_at": hours(0.25),
        "entries_seen": 30,
    }
    return FeedState(**(facts | named))


def an_entry(guid: str | None = "e1", **named: Any) -> Entry:
    """An entry published at noon."""
    facts: dict[str, Any] = {
        "guid": guid,
        "url": f"https://northern-wire.example/{guid}",
        "title": "Talks on a truce in the River Valley",
        "text": "Northland accepts the ceasefire, President Mira Vane said on Friday.",
        "published_at": NOON,
        "updated_at": None,
    }
    return Entry(**(facts | named))


def an_article(article_id: str = "a1", *, hour: float = 0, **named: Any) -> Article:
    """A wire agency's article, fetched a minute after it was published."""
    published_at = named.get("published_at", hours(hour))
    facts: dict[str, Any] = {
        "article_id": article_id,
        "url": f"https://northern-wire.example/{article_id}",
        "title": "Talks on a truce in the River Valley",
        "publisher": "Northern Wire",
        "tier": Tier.WIRE,
        "feed_id": "northern-wire",
        "published_at": published_at,
        "fetched_at": (published_at or hours(hour)) + timedelta(minutes=1),
        "text": f"Northland accepts the ceasefire, President Mira Vane said on Friday. This is report {article_id}.",
        "language": "en",
    }
    return Article(**(facts | named))


# --- what was said


def words_of(article: str) -> str:
    """Words about a truce that stand in no other article: sameness tells them apart from any others."""
    return " ".join(f"{word}{article}" for word in ("we", "agree", "to", "this", "truce", "today"))


def a_statement(position: str = "support", *, article: str = "a1", hour: float = 0, **named: Any) -> Statement:
    """President Vane's own direct words; no two articles carry the same ones."""
    quote = named.pop("quote", words_of(article))
    start = named.pop("start", 0)
    facts: dict[str, Any] = {
        "statement_id": f"st_{article}",
        "article_id": article,
        "conflict_id": RIVER_WAR,
        "actor_id": VANE,
        "actor_name": "Mira Vane",
        "principal_id": NORTHLAND,
        "authority": Authority.LEADER,
        "speaker_text": "Vane",
        "kind": Kind.DIRECT,
        "quote": quote,
        "start": start,
        "end": start + len(quote),
        "position": PositionScale(position),
        "conditions": (),
        "confidence": 0.9,
        "said_at": hours(hour),
        "said_at_precision": Precision.TIME,
        "said_at_evidenced": False,
        "flags": frozenset(),
        "why": "accepts: verb of agreement with the truce as its object",
        "reader_version": "test",
    }
    return Statement(**(facts | named))


def a_stance(position: str = "support", *, article: str = "a1", hour: float = 0, **named: Any) -> Stance:
    """President Vane's stance in a wire agency's article, said when it was published."""
    facts: dict[str, Any] = {
        "article_id": article,
        "actor_id": VANE,
        "conflict_id": RIVER_WAR,
        "position": PositionScale(position),
        "statement_id": f"st_{article}",
        "quote": words_of(article),
        "conditions": (),
        "kind": Kind.DIRECT,
        "flags": frozenset(),
        "confidence": 0.9,
        "authority": Authority.LEADER,
        "said_at": hours(hour),
        "said_at_precision": Precision.TIME,
        "said_at_evidenced": False,
        "published_at": hours(hour),
        "publisher": "Northern Wire",
        "tier": Tier.WIRE,
        "url": f"https://northern-wire.example/{article}",
    }
    return Stance(**(facts | named))


def a_stance_of(statement: Statement, article: Article, *, actor_id: str | None = None, **named: Any) -> Stance:
    """The stance that a statement shows in its article, of its actor, else of `actor_id`."""
    facts: dict[str, Any] = {
        "article_id": article.article_id,
        "actor_id": actor_id or statement.actor_id or statement.principal_id,
        "conflict_id": statement.conflict_id,
        "position": statement.position,
        "statement_id": statement.statement_id,
        "quote": statement.quote,
        "conditions": statement.conditions,
        "kind": statement.kind,
        "flags": statement.flags,
        "confidence": statement.confidence,
        "authority": statement.authority,
        "said_at": statement.said_at,
        "said_at_precision": statement.said_at_precision,
        "said_at_evidenced": statement.said_at_evidenced,
        "published_at": article.dated_at,
        "publisher": article.publisher,
        "tier": article.tier,
        "url": article.url,
    }
    return Stance(**(facts | named))


def a_position(position: str = "support", *, article: str = "a1", hour: float = 0, **named: Any) -> Position:
    """President Vane's position since the article was published."""
    facts: dict[str, Any] = {
        "actor_id": VANE,
        "conflict_id": RIVER_WAR,
        "position": PositionScale(position),
        "statement_id": f"st_{article}",
        "article_id": article,
        "since": hours(hour),
    }
    return Position(**(facts | named))


def a_change(before: str | None = "reject", after: str = "support", **named: Any) -> PositionChange:
    """President Vane's turn at noon, held since the day before."""
    article = named.pop("article", "a1")
    facts: dict[str, Any] = {
        "actor_id": VANE,
        "conflict_id": RIVER_WAR,
        "before": PositionScale(before) if before else None,
        "after": PositionScale(after),
        "statement_id": f"st_{article}",
        "article_id": article,
        "held_since": hours(-24) if before else None,
        "effective_at": NOON,
        "reason": "leader_direct" if before else "established",
    }
    return PositionChange(**(facts | named))


# --- what is told


def alert_data(before: str | None = "reject", after: str = "support", **named: Any) -> dict[str, Any]:
    """The `data` of an alert on President Vane's turn."""
    data: dict[str, Any] = {
        "conflict": {"id": RIVER_WAR, "name": "River war"},
        "sequence": 1,
        "follows": None,
        "late": False,
        "flips": 0,
        "test": False,
        "changes": [
            {
                "actor": {"id": VANE, "name": "Mira Vane", "kind": "person"},
                "from": before,
                "to": after,
                "direction": "softer",
                "held_since": "2025-03-13T12:00:00Z",
                "reason": "leader_direct",
            }
        ],
        "statement": {
            "id": "st_a1",
            "speaker": "Vane",
            "actors": ["Mira Vane"],
            "principal": "Northland",
            "kind": "direct",
            "said_at": "2025-03-14T12:00:00Z",
            "quote": "We accept the ceasefire.",
            "position": after,
            "conditions": [],
            "confidence": 0.9,
            "retreat": False,
            "why": "accepts: verb of agreement with the truce as its object",
        },
        "article": {
            "id": "a1",
            "url": "https://northern-wire.example/a1",
            "title": "Talks on a truce in the River Valley",
            "publisher": "Northern Wire",
            "published_at": "2025-03-14T12:00:00Z",
            "fetched_at": "2025-03-14T12:01:00Z",
        },
        "known_sources": [{"publisher": "Northern Wire", "url": "https://northern-wire.example/a1"}],
        "link": "http://127.0.0.1:8088/conflicts/river-war#st_a1",
    }
    return data | named


def an_alert(sequence: int = 1, **named: Any) -> Alert:
    """The alert on President Vane's turn."""
    lane = named.get("lane", RIVER_WAR)
    facts: dict[str, Any] = {
        "alert_id": f"msg_ab12cd_{lane}_{sequence}",
        "alert_type": AlertType.POSITION_CHANGED,
        "lane": lane,
        "sequence": sequence,
        "timestamp": hours(0.05),
        "data": alert_data(sequence=sequence),
    }
    return Alert(**(facts | named))


def a_delivery(endpoint: str = "newsroom", *, sequence: int = 1, **named: Any) -> Delivery:
    """The alert on its way to one endpoint, not tried yet."""
    lane = named.get("lane", RIVER_WAR)
    alert_id = named.get("alert_id", f"msg_ab12cd_{lane}_{sequence}")
    facts: dict[str, Any] = {
        "delivery_id": f"{alert_id}~{endpoint}",
        "alert_id": alert_id,
        "endpoint": endpoint,
        "lane": lane,
        "content_type": "application/json",
        "body": '{"type":"position.changed"}',
        "created_at": hours(0.05),
    }
    return Delivery(**(facts | named))
