"""Annotated articles as examples for the models: statements with their positions, passages with their relevance."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.bench.fitting import Example
from workers.domain.catalogue import Catalogue
from workers.domain.catalogue_file import parse_catalogue
from workers.domain.offices import parse_offices
from workers.reading.actors import ActorFinder
from workers.reading.candidates import Candidate
from workers.reading.evidence import Evidence, Viewpoint, evidence_of
from workers.reading.features import features_of
from workers.reading.positions import POSITION_LABELS
from workers.reading.reader import Reader
from workers.reading.relevance import signs_of

FOLDERS = ("", "train/1", "train/2", "train/3")


@dataclass(frozen=True)
class Annotated:
    """One annotated article with the catalogue to read it with."""

    row: Mapping[str, Any]
    catalogue: Catalogue
    before: date | None = None  # of the dated article on the same conflict that stands before it in the file

    @property
    def day(self) -> date:
        """The article's date; an undated one takes that of the one before, as a replay does, else of the first day."""
        if self.row["published"]:
            return date.fromisoformat(self.row["published"][:10])
        if self.before is not None:
            return self.before
        names = {statement["conflict"] for statement in self.row["statements"]}
        first = [c.active_from for c in self.catalogue.conflicts if c.name in names and c.active_from]
        return min(first, default=date(2025, 1, 1))

    @property
    def group(self) -> str:
        """What is left out whole: the conflict, or the article itself when it is about none."""
        return next((s["conflict"] for s in self.row["statements"]), str(self.row["id"]))


def articles_of(folder: Path) -> Iterator[Annotated]:
    """All annotated articles under a folder of the evaluation."""
    offices = parse_offices(tomllib.loads(Path("config/offices.toml").read_text("utf-8")))
    for name in FOLDERS:
        here = folder / name if name else folder
        file = here / ("catalogue.toml" if name else "catalogue_dev.toml")
        catalogue = parse_catalogue(tomllib.loads(file.read_text("utf-8")), offices=offices)
        lines = (here / ("articles.jsonl" if name else "articles_dev.jsonl")).read_text("utf-8").splitlines()
        dates: dict[str, date] = {}
        for row in (json.loads(line) for line in lines if line.strip()):
            group = Annotated(row, catalogue).group
            article = Annotated(row, catalogue, dates.get(group))
            dates[group] = article.day
            yield article


def positions_in(article: Annotated, reader: Reader) -> Iterator[Example]:
    """Every annotated statement, by the evidence in its own span."""
    text, statements = article.row["text"], article.row["statements"]
    if not statements:
        return
    parsed = reader.parse(text)
    conflicts = {conflict.name: conflict for conflict in article.catalogue.conflicts}
    actors = {actor.name: actor for actor in article.catalogue.actors}
    named = [(m.start, m.end, m.actor.principal_id) for m in ActorFinder(article.catalogue).mentions(text, article.day)]
    for row in statements:
        principal, conflict = actors.get(row["principal"]), conflicts.get(row["conflict"])
        view = Viewpoint(frozenset({principal.actor_id} if principal else ()), named)
        evidence = evidence_of(parsed, row["start"], row["end"], view, reader.lexicon)
        fights = bool(principal and conflict and principal.actor_id in conflict.parties)
        features = features_of(evidence, row["quote"], is_party=fights, is_act=row["kind"] == "action")
        label = POSITION_LABELS.index(row["position"])
        yield Example(
            article.group, label, features, f"[{row['actor']}] {row['quote'][:400]!r}\n    {cues_of(evidence)}"
        )


def cues_of(evidence: list[Evidence]) -> str:
    """Show evidence to people."""
    return " ".join(f"{cue.key}{'?' if cue.supposed else ''}>{cue.aim}[{cue.text}]" for cue in evidence)


def relevance_in(article: Annotated, reader: Reader) -> Iterator[Example]:
    """Every passage of a tracked speaker: whether it is (part of) an annotated statement of the same party."""
    candidates, focus = reader.candidates(article.row["title"], article.row["text"], article.day)
    for candidate in candidates:
        label = _label(candidate, article)
        if label is not None:
            words = article.row["text"][candidate.passage.start : candidate.passage.end]
            told = f"{article.row['id']} {candidate.passage.names} {words!r}"
            yield Example(article.group, label, signs_of(candidate, focus, article.row["text"]), told)


def _label(candidate: Candidate, article: Annotated) -> int | None:
    """1 for a statement, 0 for none, None for what the annotators left open."""
    passage = candidate.passage
    if any(
        _meets(passage.start, passage.end, row) and _same_party(candidate, row, article)
        for row in article.row["statements"]
    ):
        return 1
    open_ = any(_meets(passage.start, passage.end, row) for row in article.row.get("ignore", []))
    return None if open_ else 0


def _meets(start: int, end: int, row: Mapping[str, Any]) -> bool:
    common = min(end, row["end"]) - max(start, row["start"])
    return common * 2 >= min(end - start, row["end"] - row["start"]) > 0


def _same_party(candidate: Candidate, row: Mapping[str, Any], article: Annotated) -> bool:
    names = {row["actor"], row["principal"]}
    speakers = candidate.passage.speakers
    return any(s.name in names or article.catalogue.actor(s.principal_id).name in names for s in speakers)
