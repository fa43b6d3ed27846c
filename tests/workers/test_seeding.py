"""An empty store starts from the positions of the seed story's day."""

from __future__ import annotations

import tomllib
from datetime import timedelta

import pytest
import redis

from tests.builders import hours
from workers.assets import bundled_text
from workers.domain.policy import Policy
from workers.domain.statement import PositionScale
from workers.provisions import load_catalogue
from workers.ruling import World
from workers.seeding import SeedError, parse_seeds, sow
from workers.stores import Stores, open_stores

DATA = tomllib.loads(bundled_text("seeds", "positions.toml"))
STORY = bundled_text("seeds", DATA["article"])
CATALOGUE = load_catalogue(None, ())


def sown(url: str, *, live: bool) -> Stores:
    stores = open_stores(url, timedelta(minutes=2), hours(0))
    world = World(CATALOGUE, (), Policy(), stores.birth.epoch, stores.birth.born_at, {})
    seeds = parse_seeds(DATA, STORY, CATALOGUE)
    sow(seeds, (stores.client, stores.articles, stores.commits), world, live=live, now=hours(1))
    return stores


@pytest.mark.parametrize("live", [True, False])
def test_the_seeds_are_the_positions_of_the_day_and_told_to_nobody(
    valkey: redis.Redis, store_url: str, live: bool
) -> None:
    stores = sown(store_url, live=live)
    held = {position.actor_id: position.position for position in stores.ledger.positions("russia-ukraine")}
    assert held == {
        "putin": PositionScale.CONDITIONAL,
        "russia": PositionScale.CONDITIONAL,
        "trump": PositionScale.SUPPORT,
        "united-states": PositionScale.SUPPORT,
        "ukraine": PositionScale.SUPPORT,
    }
    assert stores.ledger.alerts(10) == []
    assert {position.live for position in stores.ledger.positions("russia-ukraine")} == {live}


def test_sowing_twice_changes_nothing(valkey: redis.Redis, store_url: str) -> None:
    before = sown(store_url, live=False).ledger.positions("russia-ukraine")
    assert sown(store_url, live=False).ledger.positions("russia-ukraine") == before
    assert open_stores(store_url, timedelta(minutes=2), hours(2)).birth.seeded


def test_a_quote_that_is_not_in_the_story_is_named() -> None:
    wrong = {**DATA, "position": [{**DATA["position"][0], "quote": "never said"}]}
    with pytest.raises(SeedError, match=r"position 1 \(putin\)"):
        parse_seeds(wrong, STORY, CATALOGUE)


def test_seeds_of_conflicts_that_are_not_watched_are_left_out() -> None:
    assert parse_seeds(DATA, STORY, load_catalogue(None, ("sudan",))).statements == ()
