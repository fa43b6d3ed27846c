"""The project's own sentences as examples: `training.jsonl` are statements, `beside.jsonl` are none."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tests.bench.annotated import cues_of
from tests.bench.fitting import Example
from workers.domain.catalogue import Catalogue
from workers.reading.actors import ActorFinder
from workers.reading.evidence import Viewpoint, evidence_of
from workers.reading.features import features_of
from workers.reading.positions import POSITION_LABELS
from workers.reading.reader import Reader
from workers.reading.relevance import signs_of
from workers.reading.wordings import PREFIX, wordings_of

CORPUS = Path("tests/corpus")
TODAY = date(2025, 11, 1)  # the day at which the actors are taken
LEAST_USES = 3  # a wording seen less often teaches nothing
# A passage alone has no article around it: such signs are left out, not taught as absent. A `story` is an article.
OF_ARTICLE = ("lead:", "article:", "place:", "around:", "ahead:", "role:")
_NAME = re.compile(r"\b[A-Z][\w'\u2019-]*")


def statements() -> list[Mapping[str, Any]]:
    """The rows of the training sentences."""
    return _rows(CORPUS / "training.jsonl")


def beside() -> list[Mapping[str, Any]]:
    """The rows of the sentences that are no statements."""
    return _rows(CORPUS / "beside.jsonl")


def _rows(file: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def vocabulary(texts: Sequence[str]) -> frozenset[str]:
    """The wordings that may have weights: used often enough in lower case, so that no name is among them."""
    uses: Counter[str] = Counter()
    for text in texts:
        for part in _NAME.split(text):
            uses.update(set(wordings_of(part)))
    return frozenset(name for name, count in uses.items() if count >= LEAST_USES)


def within(examples: Sequence[Example], known: frozenset[str]) -> list[Example]:
    """Leave out the wordings that are not in the vocabulary."""
    return [
        replace(e, features={n: v for n, v in e.features.items() if not n.startswith(PREFIX) or n in known})
        for e in examples
    ]


def positions_of(reader: Reader, catalogue: Catalogue, share: float) -> Iterator[Example]:
    """Each training sentence by the evidence in the whole of it."""
    finder, actors = ActorFinder(catalogue), {actor.name: actor for actor in catalogue.actors}
    conflicts = {conflict.conflict_id: conflict for conflict in catalogue.conflicts}
    for row in statements():
        principal, conflict, text = actors.get(row["principal"]), conflicts.get(row["conflict"]), row["text"]
        fights = bool(principal and conflict and principal.actor_id in conflict.parties)
        named = [(m.start, m.end, m.actor.principal_id) for m in finder.mentions(text, TODAY)]
        view = Viewpoint(frozenset({principal.actor_id} if principal else ()), named)
        evidence = evidence_of(reader.parse(text), 0, len(text), view, reader.lexicon)
        features = features_of(evidence, text, is_party=fights, is_act=row["act"])
        told = f"[{row['actor']}] {text!r}\n    {cues_of(evidence)}"
        yield Example("own", POSITION_LABELS.index(row["position"]), features, told, share)


def relevance_of(reader: Reader, share: float) -> Iterator[Example]:
    """Each passage that the reader finds in an own sentence: of the actor meant, or of anybody where none is one."""
    for row, label in ((row, label) for label, rows in ((1, statements()), (0, beside())) for row in rows):
        candidates, focus = reader.candidates(row.get("title", ""), row["text"], TODAY)
        for candidate in candidates:
            if label and not {s.name for s in candidate.passage.speakers} & {row["actor"], row["principal"]}:
                continue
            signs = signs_of(candidate, focus, row["text"])
            kept = {name: value for name, value in signs.items() if row.get("story") or not _of_article(name)}
            yield Example("own", label, kept, f"{candidate.passage.names} {row['text']!r}", share)


def _of_article(name: str) -> bool:
    return name.startswith(OF_ARTICLE) or name.endswith(("&about", "&aside")) or "&about&" in name or "&aside&" in name
