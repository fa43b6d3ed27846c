"""An invented archive on the River war: a catalogue and articles that a reader of any skill must understand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.batch_archive import ArchivedArticle

NOW = datetime(2026, 1, 1, tzinfo=UTC)

CATALOGUE = """
version = 1

[[conflict]]
id = "river-war"
name = "River war"
parties = ["northland", "southland"]
terms = ["River Valley", "Northland", "Southland"]

[[actor]]
id = "northland"
name = "Northland"
kind = "state"
demonyms = ["Northlander"]

[[actor]]
id = "southland"
name = "Southland"
kind = "state"
demonyms = ["Southlander"]

[[actor]]
id = "mira-vane"
name = "Mira Vane"
kind = "person"
aliases = ["Vane"]
offices = ["Northland's president", "president of Northland"]
speaks_for = "northland"

[[actor]]
id = "tomas-orr"
name = "Tomas Orr"
kind = "person"
aliases = ["Orr"]
offices = ["Southland's prime minister"]
speaks_for = "southland"
"""

REFUSAL = {
    "id": "r1",
    "url": "https://northern-wire.example/r1",
    "title": "Northland rejects a truce in the River Valley",
    "published": "2025-03-10",
    "publisher": "Northern Wire",
    "text": "KARST — Northland's president Mira Vane on Monday rejected a ceasefire in the River Valley.\n\n"
    "“We will not agree to any truce while a single Southland soldier stands on our bank,” Vane said. “There will be "
    "no ceasefire.”\n\nSouthland's prime minister Tomas Orr said he supports an immediate ceasefire.",
}
CONDITION = {
    "id": "r2",
    "url": "https://northern-wire.example/r2",
    "title": "Vane ready for a ceasefire if Southland withdraws",
    "published": "2025-03-12T11:30:00+02:00",
    "publisher": "Northern Wire",
    "text": "Northland's president Mira Vane said on Wednesday that she would accept a ceasefire in the River Valley "
    "if Southland withdraws its troops from the eastern bank.\n\n“We are ready for a truce, but only if they leave,” "
    "Vane said.",
}
HARVEST = {
    "id": "r3",
    "title": "Harvest",
    "published": "2025-03-12",
    "publisher": "Valley Post",
    "text": "Wheat prices rose again this week, farmers said. “It was a good year,” one of them said.",
}
TURN = {
    "id": "r4",
    "title": "Orr turns against the River Valley truce",
    "published": "2025-03-14T18:00:00Z",
    "publisher": "Valley Post",
    "text": "Southland's prime minister Tomas Orr on Friday ruled out a ceasefire in the River Valley.\n\n“There will "
    "be no truce. We reject this ceasefire,” Orr said.",
}
ARTICLES = (REFUSAL, CONDITION, HARVEST, TURN)


def lines_of(rows: Iterable[Any]) -> bytes:
    """JSON Lines; what is bytes already stays as it is."""
    return b"".join(row + b"\n" if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


def an_archive(folder: Path, *rows: Any, name: str = "archive.jsonl") -> Path:
    """A file of these lines; the four articles without any."""
    path = folder / name
    path.write_bytes(lines_of(rows or ARTICLES))
    return path


def an_archived_article(article_id: str = "a1", published: str = "2025-03-10", **named: Any) -> ArchivedArticle:
    """An article that was published that day or moment."""
    moment = datetime.fromisoformat(published)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    facts: dict[str, Any] = {
        "place": f"line {article_id}",
        "article_id": article_id,
        "url": f"https://northern-wire.example/{article_id}",
        "title": "Talks on a truce in the River Valley",
        "publisher": "Northern Wire",
        "published_at": moment,
        "dated_at": moment,
        "text": "A truce is talked about.",
    }
    return ArchivedArticle(**(facts | named))
