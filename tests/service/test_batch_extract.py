"""The batch formats: what `extract` and `attribute` write of a text."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest

from service.batch_archive import ArchivedArticle, Document, Flaw
from service.batch_extract import json_line
from service.batch_readers import ReadersError, ReaderSource, read_in_order
from service.batch_runs import attribute, extract
from tests.archives import ARTICLES, REFUSAL, an_archived_article
from workers.provisions import load_catalogue
from workers.reading.reader import Reader

KEYS = [
    *("article_id", "speaker", "actor", "principal", "conflict", "kind", "quote", "start", "end", "position"),
    *("conditions", "confidence", "said_at", "said_at_precision", "why"),
]
UNCANNY = "Vane said: \x1b]0;title\x07 “We\u202e accept the truce in the River Valley.” \ud800 \x9b31m"


def archived(rows: Iterable[Any]) -> list[ArchivedArticle]:
    return [an_archived_article(row["id"], row["published"], title=row["title"], text=row["text"]) for row in rows]


def extracted(river: ReaderSource, *articles: ArchivedArticle) -> tuple[list[Any], list[Any], list[Flaw]]:
    flaws: list[Flaw] = []
    found = list(extract(articles, river, load_catalogue(river.catalogue, ()), 1, flaws.append))
    statements = [json.loads(line) for one in found for line in one.statements]
    return statements, [json.loads(line) for one in found for line in one.stances], flaws


def test_statements_have_the_keys_of_the_format_and_name_what_the_catalogue_names(river: ReaderSource) -> None:
    statements, _, flaws = extracted(river, *archived(ARTICLES))
    assert flaws == []
    assert {"r1", "r2", "r4"} == {one["article_id"] for one in statements}
    for one in statements:
        assert list(one) == KEYS
        assert one["conflict"] == "River war"
        assert one["principal"] in {"Northland", "Southland"}
        assert one["kind"] in {"direct", "indirect", "mixed", "action"}
        assert one["position"] in {"reject", "doubt", "undeclared", "conditional", "support"}
        assert 0 <= one["confidence"] <= 1
        assert one["why"]


def test_every_quote_stands_in_its_text(river: ReaderSource) -> None:
    texts = {row["id"]: row["text"] for row in ARTICLES}
    statements, _, _ = extracted(river, *archived(ARTICLES))
    for one in statements:
        assert texts[one["article_id"]][one["start"] : one["end"]] == one["quote"]


def test_what_was_said_when_is_a_day_or_a_moment(river: ReaderSource) -> None:
    statements, _, _ = extracted(river, *archived(ARTICLES))
    precisions = {one["said_at_precision"] for one in statements}
    assert precisions == {"day", "time"}
    for one in statements:
        moment = datetime.fromisoformat(one["said_at"])
        assert (moment.tzinfo is None) is (one["said_at_precision"] == "day")


def test_stances_are_weighed_for_persons_and_their_parties(river: ReaderSource) -> None:
    _, stances, _ = extracted(river, *archived([REFUSAL]))
    assert {(one["actor"], one["position"]) for one in stances} == {
        ("Mira Vane", "reject"), ("Northland", "reject"), ("Tomas Orr", "support"), ("Southland", "support"),
    }  # fmt: skip
    assert list(stances[0]) == ["article_id", "actor", "conflict", "position"]


def test_hostile_characters_cost_nothing_and_steer_no_terminal(river: ReaderSource) -> None:
    article = an_archived_article("evil\x1b[31m", text=UNCANNY)
    statements, _, flaws = extracted(river, article)
    assert flaws == []
    for one in statements:
        assert UNCANNY[one["start"] : one["end"]] == one["quote"]
    line = json_line({"quote": UNCANNY, "id": article.article_id})
    assert all(char.isprintable() for char in line)
    assert json.loads(line) == {"quote": UNCANNY, "id": article.article_id}


def stumbling(reader: Reader, document: Document) -> list[Any]:
    if document.document_id == "d2":
        raise ValueError("stumbled")
    return reader.attribute(document.text)


def test_an_error_of_the_reader_costs_only_its_text(river: ReaderSource) -> None:
    documents = [Document(f"line {number}", f"d{number}", "He said so.") for number in (1, 2, 3)]
    outcomes = [outcome for _, outcome in read_in_order(stumbling, documents, river, 1)]
    assert [outcome.error for outcome in outcomes] == [None, "ValueError: stumbled", None]


def dying(_reader: Reader, _document: Document) -> list[Any]:
    os._exit(1)


def test_a_reading_process_that_dies_is_told(river: ReaderSource) -> None:
    with pytest.raises(ReadersError, match="a reading process died"):
        list(read_in_order(dying, [Document("line 1", "d1", "He said so.")], river, 2))


def test_attributions_are_of_every_subject(river: ReaderSource) -> None:
    text = "Wheat prices rose, farmers said. “It was a good year,” one of them told the Valley Post."
    flaws: list[Flaw] = []
    (line,) = attribute([Document("line 1", "d1", text)], river, 1, flaws.append)
    found = json.loads(line)
    assert list(found) == ["id", "pred", "seconds"]
    assert [one["speaker_text"] for one in found["pred"]] == ["farmers", "one of them"]
    for one in found["pred"]:
        assert (one["span_start"], one["span_end"]) == (one["spans"][0][0], one["spans"][-1][1])
    assert text[found["pred"][0]["span_start"] : found["pred"][0]["span_end"]] == "Wheat prices rose"
    assert flaws == []


@pytest.mark.parametrize("jobs", [2])
def test_several_processes_give_the_same_lines_in_the_same_order(river: ReaderSource, jobs: int) -> None:
    articles = [
        an_archived_article(f"{row['id']}-{number}", row["published"], title=row["title"], text=row["text"])
        for number in range(5)
        for row in ARTICLES
    ]
    catalogue = load_catalogue(river.catalogue, ())
    flaws: list[Flaw] = []
    alone = list(extract(articles, river, catalogue, 1, flaws.append))
    together = list(extract(articles, river, catalogue, jobs, flaws.append))
    assert alone == together
    assert flaws == []
