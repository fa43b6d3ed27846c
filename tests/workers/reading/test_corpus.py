"""The project's own corpus (tests/corpus/README.md): its form, and what the reader makes of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from tests.corpus_score import CORPUS, FILES, MODEL, Score, load, report, score
from workers.domain.catalogue import Actor, Catalogue
from workers.domain.statement import Kind, PositionScale
from workers.provisions import load_catalogue
from workers.runtime import load_reader

LEAST_PASSAGES, LEAST_STORIES = 300, 25
LEAST_PER_POSITION, LEAST_SILENT = 55, 70
SHOWN = 400
KEYS = {"id", "trap", "conflict", "published", "title", "text", "statements"}

# Measured on 25 November 2026, rounded down a little. They rise with the reader and sink only with a reason.
FLOORS: Mapping[str, Mapping[str, float]] = {
    "sentences": {"detection_f1": 0.79, "position_accuracy": 0.76, "joint_f1": 0.6, "conflict_accuracy": 0.98},
    "stories": {"detection_f1": 0.73, "position_accuracy": 0.71, "joint_f1": 0.53, "stance_f1": 0.58},
}
MOST_FALSE = {"sentences": 27, "stories": 9}  # statements read in items that hold none

Row = dict[str, Any]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(None, ())


@pytest.fixture(scope="module")
def scores(catalogue: Catalogue) -> dict[str, Score]:
    reader = load_reader(MODEL, catalogue)
    return {name: score(load(name), reader, catalogue) for name in FILES}


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Row]]:
    return {name: [json.loads(line) for line in (CORPUS / f"{name}.jsonl").open(encoding="utf-8")] for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_the_reader_keeps_to_what_it_once_reached_on_the_corpus(name: str, scores: dict[str, Score]) -> None:
    total = scores[name]
    print("\n".join(("", f"== {name}", *report(total, SHOWN))))  # noqa: T201 shown on failure, or with -s
    reached = {what: total.figures[what] for what in FLOORS[name]}
    assert {what: value for what, value in reached.items() if value < FLOORS[name][what]} == {}
    assert total.figures["false_statements"] <= MOST_FALSE[name]


def test_the_corpus_is_large_and_balanced(rows: dict[str, list[Row]], catalogue: Catalogue) -> None:
    assert len(rows["sentences"]) >= LEAST_PASSAGES
    assert len(rows["stories"]) >= LEAST_STORIES
    positions = Counter(said["position"] for row in rows["sentences"] for said in row["statements"])
    assert set(positions) == {position.value for position in PositionScale}
    assert min(positions.values()) >= LEAST_PER_POSITION
    assert sum(not row["statements"] for row in rows["sentences"]) >= LEAST_SILENT
    conflicts = {conflict.conflict_id for conflict in catalogue.conflicts}
    for name in FILES:
        assert {row["conflict"] for row in rows[name]} == conflicts


def test_each_item_of_the_corpus_is_well_formed(rows: dict[str, list[Row]]) -> None:
    every = [row for name in FILES for row in rows[name]]
    assert [identity for identity, times in Counter(row["id"] for row in every).items() if times > 1] == []
    assert [text[:60] for text, times in Counter(row["text"] for row in every).items() if times > 1] == []
    assert [row["id"] for row in rows["sentences"] if set(row) != KEYS] == []
    assert [row["id"] for row in rows["stories"] if set(row) not in ({*KEYS, "stances"}, KEYS)] == []
    assert [row["id"] for row in every if date.fromisoformat(row["published"]).isoformat() != row["published"]] == []


def test_each_quote_and_condition_of_the_corpus_stands_in_its_text(rows: dict[str, list[Row]]) -> None:
    for row, said in _statements(rows):
        assert row["text"].count(said["quote"]) == 1, (row["id"], said["quote"])
        assert [condition for condition in said["conditions"] if condition not in row["text"]] == [], row["id"]
        assert said["position"] in set(PositionScale), row["id"]
        assert said["kind"] in set(Kind), row["id"]


def test_each_speaker_of_the_corpus_is_in_the_catalogue_at_that_time(
    rows: dict[str, list[Row]], catalogue: Catalogue
) -> None:
    for row, said in _statements(rows):
        day = date.fromisoformat(row["published"])
        known = _at(catalogue, said["actor"], day)
        assert known or said["actor"] in row["text"], (row["id"], said["actor"])
        principals = {catalogue.actor(actor.principal_id).name for actor in known} or {said["principal"]}
        assert said["principal"] in principals, (row["id"], said["actor"])
        assert _at(catalogue, said["principal"], day), (row["id"], said["principal"])
        assert catalogue.conflict(said.get("conflict") or row["conflict"])


def test_each_stance_of_the_corpus_is_that_of_one_who_speaks_in_the_story(rows: dict[str, list[Row]]) -> None:
    for row in rows["stories"]:
        heard = {said[key] for said in row["statements"] for key in ("actor", "principal")}
        stances = Counter(stance["actor"] for stance in row.get("stances", []))
        assert set(stances) == heard, row["id"]
        assert max(stances.values(), default=1) == 1, row["id"]


def _statements(rows: dict[str, list[Row]]) -> list[tuple[Row, Row]]:
    return [(row, said) for name in FILES for row in rows[name] for said in row["statements"]]


def _at(catalogue: Catalogue, name: str, day: date) -> list[Actor]:
    first, last = date.min, date.max
    return [
        actor
        for actor in catalogue.actors
        if actor.name == name and (actor.active_from or first) <= day <= (actor.active_to or last)
    ]
