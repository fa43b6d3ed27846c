"""Stores of older formats are brought to the present one, newer ones are refused, what is written stays readable."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.builders import (
    RIVER_WAR,
    VANE,
    a_change,
    a_position,
    a_stance,
    a_statement,
    an_alert,
    an_article,
    hours,
)
from workers.domain.approval import Judgement
from workers.domain.article import Tier
from workers.domain.correction import Correction, Verdict
from workers.domain.decision import Told
from workers.domain.position import Snapshot
from workers.domain.sameness import is_copy, signature_of
from workers.domain.statement import PositionScale
from workers.domain.telling import Spoken, source_of
from workers.storage import keys
from workers.storage.connection import StoreFormatError, check_format, open_store
from workers.storage.ledger import Changes, Ledger, Touched
from workers.storage.migrating import FORMAT
from workers.storage.records import records_of

GOLDEN = Path(__file__).parent / "golden"
TEXT = "we will sign the paper on friday when the guns fall silent and not one day before that"
CORRECTION = Correction(
    "st_a1", "a1", RIVER_WAR, "Mira Vane", "we agree", Verdict.ACCEPT, PositionScale.DOUBT, "a slip", "ann", hours(3),
    Tier.WIRE, signature_of(TEXT),
)  # fmt: skip
WRITTEN = {
    "stance": a_stance("conditional", conditions=("if they leave",), signature=signature_of(TEXT), same_as=("st_a0",)),
    "spoken": Spoken(a_statement("conditional", conditions=("if they leave",)), source_of(an_article())),
    "position": a_position(
        "conditional", conditions=("if they leave",), terms=("if they leave",), terms_statement_id="st_a2",
        terms_article_id="a2",
    ),
    "changes": Changes((a_change(None), a_change())),
    "snapshot": Snapshot(hours(12), a_position(), (a_change(None),)),
    "touched": Touched({RIVER_WAR: (VANE,)}, {RIVER_WAR: ("st_a1",)}),
    "told": Told("msg_1", (VANE,)),
    "alert": an_alert(),
    "correction": CORRECTION,
    "judgement": Judgement("msg_1", approved=True, by="ann", why="sure", at=hours(4)),
}  # fmt: skip


def golden(number: int) -> dict[str, str]:
    """The records of one format, as it wrote them."""
    found: dict[str, str] = json.loads((GOLDEN / f"format-{number}.json").read_text("utf-8"))
    return found


def migrated(store: redis.Redis, number: int) -> Ledger:
    """A store of an older format, opened."""
    old = golden(number)
    store.hset(keys.store(), mapping={"format": number, "epoch": "ab12cd", "born_at": hours(0).isoformat()})
    store.sadd(keys.conflicts(), RIVER_WAR)
    store.hset(keys.changes(RIVER_WAR), VANE, old["changes"])
    store.hset(keys.positions(RIVER_WAR), VANE, old["position"])
    store.hset(keys.stances(RIVER_WAR, VANE), "a1", old["stance"])
    store.hset(keys.statements(RIVER_WAR), "st_a1", old["spoken"])
    store.rpush(keys.corrections("a1"), old["correction"])
    store.zadd(keys.corrected_articles(), {"a1": 1.0})
    open_store(store, "ffffff", hours(9))
    return Ledger(store)


def test_the_present_format_is_written_as_it_was_recorded() -> None:
    """A change of these records is seen here: raise FORMAT with a step from the one before, or give a default.

    Then write the new texts to a file of its own, and leave those of older formats as they are.
    """
    assert {name: records_of(type(value)).dump(value) for name, value in WRITTEN.items()} == golden(FORMAT)


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_what_is_written_is_read_back(name: str) -> None:
    value: Any = WRITTEN[name]
    assert records_of(type(value)).load(golden(FORMAT)[name]) == value


@pytest.mark.parametrize("number", range(1, FORMAT))
def test_a_store_of_an_older_format_is_read_as_if_it_were_new(valkey: redis.Redis, number: int) -> None:
    ledger = migrated(valkey, number)
    (stance,), (position,) = ledger.stances(RIVER_WAR, VANE), ledger.positions(RIVER_WAR)
    assert stance == WRITTEN["stance"]
    assert is_copy(stance.signature, signature_of(f"{TEXT} indeed"))
    assert position == replace(a_position("conditional"), conditions=("if they leave",))
    assert ledger.changes(RIVER_WAR)[VANE] == (a_change(None), a_change())
    assert ledger.statements(RIVER_WAR) == [WRITTEN["spoken"]]
    assert ledger.corrections() == [CORRECTION]
    assert valkey.hget(keys.store(), "format") == str(FORMAT)


def test_a_store_keeps_its_epoch_and_birth_and_may_be_migrated_again(valkey: redis.Redis) -> None:
    migrated(valkey, 1)
    valkey.hset(keys.store(), "format", 1)
    birth = open_store(valkey, "ffffff", hours(9))
    assert (birth.epoch, birth.born_at) == ("ab12cd", hours(0))
    assert Ledger(valkey).stances(RIVER_WAR, VANE) == (WRITTEN["stance"],)


def test_a_store_of_a_newer_format_is_refused_and_named(valkey: redis.Redis) -> None:
    open_store(valkey, "ab12cd", hours(0))
    valkey.hset(keys.store(), "format", FORMAT + 1)
    with pytest.raises(StoreFormatError, match=rf"format {FORMAT + 1}, .* up to {FORMAT}: upgrade"):
        open_store(valkey, "ab12cd", hours(1))
    with pytest.raises(StoreFormatError):
        check_format(valkey)
