"""Start an empty store from the seeds: the positions of the seed story's day.

A seeded position is for reading: the first live statement establishes anew without an alert, unless the seeds are
sown live (law 6). They go through the same atomic commit as any article, so a kill in the middle loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from workers.domain.article import Article, Outcome, Tier
from workers.domain.catalogue import Catalogue
from workers.domain.decision import Circumstances, Holdings, decide
from workers.domain.stance import Stance
from workers.domain.statement import Kind, PositionScale, Precision, Statement
from workers.domain.telling import Spoken, source_of
from workers.pipeline import end_of
from workers.ruling import World
from workers.storage.articles import Articles
from workers.storage.client import Client
from workers.storage.commit import Commits, Ruling
from workers.storage.connection import note_seeded

SEED_ID = "seed"


class SeedError(Exception):
    """The seeds do not fit: `why` names the position and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seed story as an article, and what its actors said in it."""

    article: Article
    statements: tuple[Statement, ...]


def parse_seeds(data: Mapping[str, Any], story: str, catalogue: Catalogue) -> Seeds:
    """Read the seeds; positions on conflicts or of actors that are not in the catalogue are left out.

    Raises SeedError when a quote does not stand in the story.
    """
    published_at = _midnight(data["published"])
    article = Article(
        article_id=SEED_ID,
        url=None,
        title=data["title"],
        publisher=data["publisher"],
        tier=Tier.MAJOR,
        feed_id=SEED_ID,
        published_at=published_at,
        fetched_at=published_at,
        text=story,
        language="en",
    )
    entries = [
        entry
        for entry in data["position"]
        if catalogue.has_conflict(entry["conflict"])
        and catalogue.has_actor(entry["actor"])
        and catalogue.has_actor(entry["principal"])
    ]
    statements = tuple(_statement(number, entry, story, catalogue) for number, entry in enumerate(entries, start=1))
    return Seeds(article, statements)


def sow(seeds: Seeds, stores: tuple[Client, Articles, Commits], world: World, *, live: bool, now: datetime) -> None:
    """Commit the seeds to the store and note that they are sown."""
    client, articles, commits = stores
    article = replace(seeds.article, fetched_at=now)
    with client.pipeline(transaction=True) as pipe:
        articles.stage(pipe, article)
        pipe.execute()
    conflict_ids = sorted({statement.conflict_id for statement in seeds.statements})
    with commits.transaction(SEED_ID, article.revision, conflict_ids) as transaction:
        if transaction is not None:
            rulings = [_ruling(conflict_id, seeds, world, live=live, now=now) for conflict_id in conflict_ids]
            end = replace(end_of(article, Outcome.READ, "seeded", now), statements=len(seeds.statements))
            transaction.commit(end, rulings)
    note_seeded(client)


def _ruling(conflict_id: str, seeds: Seeds, world: World, *, live: bool, now: datetime) -> Ruling:
    statements = [statement for statement in seeds.statements if statement.conflict_id == conflict_id]
    stances = [stance for statement in statements for stance in _stances(statement, seeds.article, live=live)]
    circumstances = Circumstances(now, world.born_at, None, seeds.article.fetched_at)
    decision = decide(SEED_ID, stances, Holdings({}, {}, {}), circumstances, world.policy)
    return Ruling(conflict_id, decision, [Spoken(one, source_of(seeds.article)) for one in statements], {})


def _stances(statement: Statement, article: Article, *, live: bool) -> Sequence[Stance]:
    actor_ids = dict.fromkeys(name for name in (statement.actor_id, statement.principal_id) if name)
    return [
        Stance(
            article_id=SEED_ID,
            actor_id=actor_id,
            conflict_id=statement.conflict_id,
            position=statement.position,
            statement_id=statement.statement_id,
            quote=statement.quote,
            conditions=statement.conditions,
            kind=statement.kind,
            flags=statement.flags,
            confidence=statement.confidence,
            authority=statement.authority,
            said_at=statement.said_at,
            said_at_precision=statement.said_at_precision,
            said_at_evidenced=True,
            published_at=article.dated_at,
            publisher=article.publisher,
            tier=article.tier,
            seeded=True,
            live=live,
        )
        for actor_id in actor_ids
    ]


def _statement(number: int, entry: Mapping[str, Any], story: str, catalogue: Catalogue) -> Statement:
    start = story.find(entry["quote"])
    if start < 0:
        raise SeedError(f"seeded position {number} ({entry['actor']}): its quote does not stand in the story")
    actor = catalogue.actor(entry["actor"])
    return Statement(
        statement_id=f"st_seed{number}",
        article_id=SEED_ID,
        conflict_id=entry["conflict"],
        actor_id=actor.actor_id,
        actor_name=actor.name,
        principal_id=entry["principal"],
        authority=actor.authority,
        speaker_text=entry["speaker"],
        kind=Kind(entry["kind"]),
        quote=entry["quote"],
        start=start,
        end=start + len(entry["quote"]),
        position=PositionScale(entry["position"]),
        conditions=tuple(entry.get("conditions", ())),
        confidence=1.0,
        said_at=_midnight(entry["said_at"]),
        said_at_precision=Precision.DAY,
        said_at_evidenced=True,
        flags=frozenset(),
        why="seeded by hand",
        reader_version="seed",
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
