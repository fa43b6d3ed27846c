"""The catalogue that is delivered: it parses, and nothing in it is doubtful."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib import resources

import pytest

from workers.domain.catalogue import ActorKind, Authority, Catalogue, Conflict
from workers.domain.catalogue_check import check_catalogue
from workers.domain.catalogue_file import parse_catalogue
from workers.domain.offices import parse_offices

TODAY = date(2026, 11, 1)


def the_catalogue() -> Catalogue:
    folder = resources.files("config")
    offices = parse_offices(tomllib.loads(folder.joinpath("offices.toml").read_text("utf-8")))
    text = folder.joinpath("catalogue.toml").read_text("utf-8")
    return parse_catalogue(tomllib.loads(text), "catalogue.toml", offices=offices, text=text)


CATALOGUE = the_catalogue()


def named(conflict: Conflict) -> str:
    return conflict.conflict_id


def test_nothing_in_the_catalogue_is_doubtful() -> None:
    assert check_catalogue(CATALOGUE) == []


def test_the_conflicts_in_the_news_are_there() -> None:
    wanted = {
        *("russia-ukraine", "israel-gaza", "israel-lebanon", "iran-war", "sudan", "south-sudan", "dr-congo", "yemen"),
        *("syria", "myanmar", "india-pakistan", "thailand-cambodia", "armenia-azerbaijan", "ethiopia"),
        *("afghanistan-pakistan", "libya", "colombia"),
    }
    assert wanted <= {conflict.conflict_id for conflict in CATALOGUE.conflicts}
    assert CATALOGUE.conflict("russia-ukraine").name == "Russia-Ukraine war"
    assert CATALOGUE.conflict("israel-gaza").name == "Israel-Gaza war"


@pytest.mark.parametrize("conflict", CATALOGUE.conflicts, ids=named)
def test_every_party_has_a_leader_in_office(conflict: Conflict) -> None:
    for party_id in conflict.parties:
        leaders = [a for a in CATALOGUE.spokesmen_of(party_id, TODAY) if a.authority is Authority.LEADER]
        assert leaders, party_id


@pytest.mark.parametrize("conflict", CATALOGUE.conflicts, ids=named)
def test_every_conflict_is_known_by_several_words(conflict: Conflict) -> None:
    assert len(conflict.terms) >= 5


@pytest.mark.parametrize(
    ("day", "office", "holder"),
    [
        ("2025-01-19", "US president", "biden"),
        ("2025-01-20", "US president", "trump"),
        ("2025-05-05", "German chancellor", "scholz"),
        ("2025-11-01", "head of Ukraine's presidential office", "yermak"),
        ("2026-02-01", "head of Ukraine's presidential office", "budanov"),
        ("2025-06-01", "Ukrainian defence minister", "umerov-defence"),
        ("2026-02-28", "Iran's supreme leader", "ali-khamenei"),
        ("2026-03-08", "Iran's supreme leader", "mojtaba-khamenei"),
        ("2026-07-19", "British prime minister", "starmer"),
        ("2026-07-20", "British prime minister", "burnham"),
        ("2026-08-07", "Colombian president", "de-la-espriella"),
    ],
)
def test_offices_belong_to_people_by_date(day: str, office: str, holder: str) -> None:
    held = [a.actor_id for a in CATALOGUE.actors if office in a.offices and a.active_on(date.fromisoformat(day))]
    assert held == [holder]


def test_every_person_in_the_catalogue_speaks_for_a_party() -> None:
    assert all(actor.speaks_for for actor in CATALOGUE.actors if actor.kind is ActorKind.PERSON)


@pytest.mark.parametrize("conflict", CATALOGUE.conflicts, ids=named)
def test_every_government_at_war_has_a_foreign_minister(conflict: Conflict) -> None:
    day = date(2025, 12, 1)
    for party_id in conflict.parties:
        if CATALOGUE.actor(party_id).kind is ActorKind.STATE:
            offices = [office for actor in CATALOGUE.spokesmen_of(party_id, day) for office in actor.offices]
            assert any("foreign minister" in office or "secretary of state" in office for office in offices), party_id


@pytest.mark.parametrize(
    ("body", "members"),
    [
        ("mediators", {"united-states", "egypt", "qatar", "turkey"}),
        ("european-allies", {"united-kingdom", "france", "germany"}),
        ("sudan-quad", {"united-states", "saudi-arabia", "united-arab-emirates", "egypt"}),
    ],
)
def test_bodies_that_speak_jointly_have_their_members(body: str, members: set[str]) -> None:
    assert {member.actor_id for member in CATALOGUE.members_of(body)} == members


def test_bodies_whose_word_matters_are_heard() -> None:
    for body in (
        "un-security-council",
        "arab-league",
        "african-union",
        "european-union",
        "asean",
        "igad",
        "g7",
        "nato",
    ):
        assert CATALOGUE.conflicts_of(body), body
