"""What `extract` and `attribute` write of one text: the lines of the batch formats, JSON in UTF-8.

The functions that read are called in reading processes (`batch_readers.py`); what they give can be pickled.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from service.batch_archive import ArchivedArticle, Document
from service.wording import escape_steering
from workers.domain.article import Tier
from workers.domain.catalogue import Catalogue
from workers.domain.stance import Stance
from workers.domain.statement import Attribution, Statement
from workers.domain.telling import said_text
from workers.domain.weigh import weigh
from workers.reading.attribution import top_level
from workers.reading.reader import Reader


@dataclass(frozen=True, slots=True)
class Extracted:
    """The lines of one article: its statements by place, its weighed stances by first hearing."""

    statements: tuple[str, ...]
    stances: tuple[str, ...]


def json_line(value: object) -> str:
    """One line of JSON that every terminal can be shown; the text that it spells is unchanged."""
    return escape_steering(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def read_statements(reader: Reader, article: ArchivedArticle) -> list[Statement]:
    """The statements of an article, as the service reads it at its own date."""
    return reader.read(article.article_id, article.title, article.text, article.dated_at, article.dated_at)


def read_attributions(reader: Reader, document: Document) -> list[Attribution]:
    """Who says what in a document, whatever the subject; not what is reported inside another's words."""
    return top_level(reader.attribute(document.text))


def extracted(article: ArchivedArticle, statements: Sequence[Statement], catalogue: Catalogue) -> Extracted:
    """Write down what was read in an article."""
    stances = stances_of(article, statements)
    return Extracted(
        tuple(json_line(statement_fields(article.text, statement, catalogue)) for statement in statements),
        tuple(json_line(stance_fields(stance, catalogue)) for stance in stances),
    )


def stances_of(article: ArchivedArticle, statements: Sequence[Statement]) -> list[Stance]:
    """Weigh the statements of an article. Its publisher's tier plays no part in that."""
    return weigh(statements, article.dated_at, article.publisher, Tier.MAJOR)


def statement_fields(text: str, statement: Statement, catalogue: Catalogue) -> dict[str, Any]:
    """A statement as the batch format has it: actors and conflict by the catalogue's names."""
    return {
        "article_id": statement.article_id,
        "speaker": statement.speaker_text,
        "actor": catalogue.actor(statement.actor_id).name if statement.actor_id else statement.actor_name,
        "principal": catalogue.actor(statement.principal_id).name,
        "conflict": catalogue.conflict(statement.conflict_id).name,
        "kind": statement.kind.value,
        "quote": text[statement.start : statement.end],
        "start": statement.start,
        "end": statement.end,
        "position": statement.position.value,
        "conditions": list(statement.conditions),
        "confidence": round(statement.confidence, 3),
        "said_at": said_text(statement),
        "said_at_precision": statement.said_at_precision.value,
        "why": statement.why,
    }


def stance_fields(stance: Stance, catalogue: Catalogue) -> dict[str, Any]:
    """A weighed stance as the batch format has it."""
    return {
        "article_id": stance.article_id,
        "actor": catalogue.actor(stance.actor_id).name,
        "conflict": catalogue.conflict(stance.conflict_id).name,
        "position": stance.position.value,
    }


def attribution_line(document: Document, attributions: Iterable[Attribution], cpu_s: float) -> str:
    """A document's attributions as the batch format has them; `seconds` is the processor time that they took."""
    found = [
        {
            "span_start": one.spans[0][0],
            "span_end": one.spans[-1][1],
            "spans": [list(span) for span in one.spans],
            "speaker_text": one.speaker_text,
        }
        for one in attributions
    ]
    return json_line({"id": document.document_id, "pred": found, "seconds": round(cpu_s, 4)})
