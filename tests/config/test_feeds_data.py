"""The feeds that are delivered: they parse, none is there twice, every side of every conflict is heard."""

from __future__ import annotations

import tomllib
from collections import Counter
from importlib import resources
from pathlib import Path

from workers.domain.article import Tier
from workers.domain.feedlist import parse_feeds_toml

DATA = tomllib.loads(resources.files("config").joinpath("feeds.toml").read_text("utf-8"))
FEEDS = parse_feeds_toml(DATA, "feeds.toml")
CATALOGUE = tomllib.loads(resources.files("config").joinpath("catalogue.toml").read_text("utf-8"))
PAGE = Path(__file__).parents[2] / "docs" / "feeds.md"


def test_the_list_has_a_good_number_of_feeds_and_none_twice() -> None:
    assert 40 <= len(FEEDS) <= 60
    assert max(Counter(feed.feed_id for feed in FEEDS).values()) == 1


def test_a_publisher_has_one_tier() -> None:
    assert len({(feed.publisher, feed.tier) for feed in FEEDS}) == len({feed.publisher for feed in FEEDS})


def test_official_sources_wires_and_the_press_are_there_and_nothing_of_low_repute() -> None:
    tiers = Counter(feed.tier for feed in FEEDS)
    assert tiers[Tier.OFFICIAL] >= 6
    assert tiers[Tier.WIRE] >= 6
    assert tiers[Tier.MAJOR] >= 20
    assert tiers[Tier.OTHER] == 0


def test_feeds_name_conflicts_of_the_catalogue_and_each_conflict_has_one_of_its_own() -> None:
    known = {conflict["id"] for conflict in CATALOGUE["conflict"]}
    named = {conflict for feed in DATA["feed"] for conflict in feed.get("conflicts", [])}
    assert named <= known
    assert known - named <= {"turkey-pkk"}  # Anadolu and the world's press carry it


def test_the_page_on_feeds_names_every_publisher() -> None:
    page = PAGE.read_text("utf-8")
    assert [feed.publisher for feed in FEEDS if feed.publisher not in page] == []
