"""History that the catalogue no longer owns: renamed actors, conflicts and actors that left, a store of the future."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import redis
from typer.testing import CliRunner

from service.checks import find_store_problems
from service.cli import app
from service.unowned import adopt_renamed, unowned_history
from tests.archives import CATALOGUE
from tests.builders import (
    NORTHLAND,
    RIVER_WAR,
    VANE,
    a_catalogue,
    a_conflict,
    a_person,
    a_statement,
    an_actor,
    an_article,
)
from tests.newsroom import Newsroom
from workers.assets import bundled_text
from workers.domain.catalogue import Catalogue, CatalogueError
from workers.domain.catalogue_file import parse_catalogue
from workers.domain.offices import parse_offices
from workers.domain.policy import Policy
from workers.storage import keys
from workers.storage.ledger import Ledger
from workers.storage.migrating import FORMAT
from workers.storage.renames import Renames


@pytest.fixture
def ledger(valkey: redis.Redis) -> Ledger:
    """Northland's president refused a truce, and a day later she backs one."""
    newsroom = Newsroom(valkey, a_catalogue(), Policy())
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=24), a_statement("support", article="a2", hour=24))
    return Ledger(valkey)


def renamed() -> Catalogue:
    """Vane is `vane` now, and Northland the North Union."""
    return Catalogue(
        conflicts=(a_conflict(parties=("north-union", "southland")),),
        actors=(
            an_actor("North Union", formerly=(NORTHLAND,)),
            an_actor("Southland"),
            a_person("Mira Vane", "north-union", actor_id="vane", formerly=(VANE,)),
        ),
    )


def test_a_renamed_actor_takes_its_history_along(valkey: redis.Redis, ledger: Ledger) -> None:
    before = {name: [change.after for change in changes] for name, changes in ledger.changes(RIVER_WAR).items()}
    told = adopt_renamed(Renames(valkey), renamed(), Policy())
    assert told == [
        "the history of actor 'northland' on river-war is 'north-union''s now",
        "the history of actor 'mira-vane' on river-war is 'vane''s now",
    ]
    after = {name: [change.after for change in changes] for name, changes in ledger.changes(RIVER_WAR).items()}
    assert after == {"vane": before[VANE], "north-union": before[NORTHLAND]}
    assert {held.actor_id for held in ledger.positions(RIVER_WAR)} == {"vane", "north-union"}
    speakers = {(one.statement.actor_id, one.statement.principal_id) for one in ledger.statements(RIVER_WAR)}
    assert speakers == {("vane", "north-union")}
    assert adopt_renamed(Renames(valkey), renamed(), Policy()) == []
    assert list(unowned_history(ledger, renamed())) == []


def test_a_revision_after_the_renaming_still_takes_its_words_back(valkey: redis.Redis, ledger: Ledger) -> None:
    adopt_renamed(Renames(valkey), renamed(), Policy())
    Newsroom(valkey, renamed(), Policy()).hear(an_article("a2", hour=24, revision=2))
    held = {one.actor_id: one.position.value for one in ledger.positions(RIVER_WAR)}
    # The second revision says nothing on the conflict: whom the first one moved falls back.
    assert held == {"vane": "reject", "north-union": "reject"}


def test_who_left_the_catalogue_is_named_with_what_can_be_done(ledger: Ledger) -> None:
    left = Catalogue(conflicts=(a_conflict(parties=("southland",)),), actors=(an_actor("Southland"),))
    of_vane, of_northland = unowned_history(ledger, left)
    assert of_vane.startswith("actor 'mira-vane' has history on river-war and is not in the catalogue")
    assert 'write formerly = ["northland"] in the [[actor]] that it is now' in of_northland
    elsewhere = Catalogue(conflicts=(a_conflict("Coast war"),), actors=a_catalogue().actors)
    (conflict,) = unowned_history(ledger, elsewhere)
    assert conflict.startswith("conflict 'river-war' has history and is not watched: the history is kept")


@pytest.mark.parametrize(
    ("formerly", "fault"),
    [
        (["southland"], "formerly names 'southland', which is the id of an actor that is listed"),
        (["old"], "formerly names 'old', which another actor names too"),
        ("old", "formerly"),
    ],
)
def test_a_former_id_belongs_to_one_actor(formerly: Any, fault: str) -> None:
    state = {"kind": "state", "name": "Somewhere"}
    data = {
        "version": 1,
        "conflict": [{"id": "war", "name": "War", "parties": ["northland", "southland"], "terms": ["War"]}],
        "actor": [{"id": "northland", "formerly": formerly} | state, {"id": "southland", "formerly": ["old"]} | state],
    }
    with pytest.raises(CatalogueError, match=fault):
        parse_catalogue(data, offices=parse_offices(tomllib.loads(bundled_text("config", "offices.toml"))))


def run(tmp_path: Path, store_url: str, *arguments: str, **settings: str) -> Any:
    (tmp_path / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
    env = {"TRUCEWATCH_REDIS_URL": store_url, "TRUCEWATCH_CATALOGUE": str(tmp_path / "catalogue.toml")}
    named = {f"TRUCEWATCH_{name.upper()}": value for name, value in settings.items()}
    return CliRunner().invoke(app, arguments, env=env | named)


def test_a_store_of_a_newer_format_is_refused_by_every_command(
    valkey: redis.Redis, store_url: str, tmp_path: Path
) -> None:
    valkey.hset(keys.store(), mapping={"format": "99", "epoch": "ab12cd", "born_at": "2025-03-14T12:00:00+00:00"})
    for command in (("positions",), ("statements", "export"), ("check",)):
        result = run(tmp_path, store_url, *command)
        assert result.exit_code == 2
        assert f"the store has format 99, this trucewatch knows formats up to {FORMAT}: upgrade it" in result.stderr
    assert find_store_problems(store_url).problems


def test_a_conflict_that_left_the_catalogue_is_shown_as_inactive(
    ledger: Ledger, store_url: str, tmp_path: Path
) -> None:
    assert ledger.conflict_ids() == [RIVER_WAR]
    other = tmp_path / "other.toml"
    other.write_text(CATALOGUE.replace('"river-war"', '"coast-war"'), encoding="utf-8")
    shown = run(tmp_path, store_url, "positions", catalogue=str(other))
    assert "river-war (inactive: not in the catalogue)" in shown.stdout
    assert "Supports" in run(tmp_path, store_url, "explain", "mira-vane", RIVER_WAR, catalogue=str(other)).stdout
    assert (
        "conflict 'river-war' has history and is not watched"
        in run(tmp_path, store_url, "check", catalogue=str(other)).stderr
    )


def test_what_is_held_for_approval_must_be_known(store_url: str, tmp_path: Path) -> None:
    result = run(tmp_path, store_url, "check", hold="river-war atlantis")
    assert result.exit_code == 2
    assert "TRUCEWATCH_HOLD: 'atlantis' is unknown; allowed are ids of conflicts and actors" in result.stderr
