"""What annotators marked, as statements: what a perfect reader would hand to the policy.

Dates are not annotated: they are read off the passage as the reader does it. Nor are retreats: talk without a stance is
taken for neutral.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from service.batch_archive import ArchivedArticle
from tests.bench.annotated import Annotated
from workers.domain.catalogue import Actor, Authority
from workers.domain.statement import Kind, PositionScale, Statement
from workers.reading.actors import ActorFinder, folded
from workers.reading.dates import DateReader
from workers.reading.reader import Reader
from workers.reading.speakers import SpeakerReader

_QUOTED = re.compile(r'["“][^"“”]*["”]')  # a date inside a quotation is not when it was said
_UNNAMED = re.compile(r"official|source|negotiator|adviser|aide|envoy|representative")  # not the party's own voice


def marked_statements(annotated: Annotated, article: ArchivedArticle, reader: Reader) -> list[Statement]:
    """Every annotated statement of a listed party on a listed conflict, certain."""
    return list(_statements(annotated, article, reader))


def _statements(annotated: Annotated, article: ArchivedArticle, reader: Reader) -> Iterator[Statement]:
    catalogue, day = annotated.catalogue, article.dated_at.date()
    speakers = SpeakerReader(ActorFinder(catalogue), reader.lexicon, day)
    dates, conflicts = DateReader(reader.lexicon), {one.name: one.conflict_id for one in catalogue.conflicts}
    for number, row in enumerate(annotated.row["statements"]):
        principal, actor = (_named(annotated, row[key], article) for key in ("principal", "actor"))
        if principal is None or row["conflict"] not in conflicts:
            continue
        said = dates.said_at(_QUOTED.sub(" ", row["quote"]), article.dated_at, article.dated_at)
        yield Statement(
            statement_id=f"{article.article_id}-{number}",
            article_id=article.article_id,
            conflict_id=conflicts[row["conflict"]],
            actor_id=actor.actor_id if actor else None,
            actor_name=row["actor"],
            principal_id=principal.actor_id,
            authority=_authority(row, actor, principal, speakers),
            speaker_text=row["speaker_text"],
            kind=Kind(row["kind"]),
            quote=row["quote"],
            start=row["start"],
            end=row["end"],
            position=PositionScale(row["position"]),
            conditions=tuple(row["conditions"]),
            confidence=1.0,
            said_at=said.at,
            said_at_precision=said.precision,
            said_at_evidenced=said.evidenced,
            flags=frozenset(),
            why="marked",
            reader_version="marked",
        )


def _named(annotated: Annotated, name: str, article: ArchivedArticle) -> Actor | None:
    """The actor of that name, in the entry of the article's day."""
    wanted, day = folded(name).casefold(), article.dated_at.date()
    found = [
        actor
        for actor in annotated.catalogue.actors
        if wanted in {folded(known).casefold() for known in (actor.name, *actor.aliases)}
    ]
    return next((actor for actor in found if actor.active_on(day)), found[0] if found else None)


def _authority(row: Mapping[str, Any], actor: Actor | None, principal: Actor, speakers: SpeakerReader) -> Authority:
    """The person's; for somebody unnamed what the phrase shows, for the party's own voice the party's."""
    if actor is not None and actor.speaks_for:
        return actor.authority
    phrase = row["speaker_text"] or row["actor"]
    for one in speakers.read(phrase):
        if one.principal_id == principal.actor_id:
            return one.authority
    shown = speakers.authority_of(phrase)
    own_voice = actor is not None and shown is Authority.OFFICIAL and not _UNNAMED.search(phrase.lower())
    return principal.authority if own_voice else shown
