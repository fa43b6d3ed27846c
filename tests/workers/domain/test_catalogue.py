"""The catalogue: what it refuses, what it doubts, what it can be asked."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib import resources
from pathlib import Path

import pytest

from workers.domain.catalogue import ActorKind, Authority, Catalogue, CatalogueError
from workers.domain.catalogue_check import check_catalogue
from workers.domain.catalogue_file import parse_catalogue
from workers.domain.offices import OfficeRanks, parse_offices

ARCHIVE = Path(__file__).parents[4] / "shared" / "eval"

TRUCE = """
version = 1

[[conflict]]
id = "north-south"
name = "North-South war"
parties = ["north", "south"]
others = ["league", "pair"]
terms = ["Northland", "Southland"]
from = "2020-01-01"

[[conflict]]
id = "old-war"
name = "Old war"
parties = ["north", "league"]
terms = ["Oldland"]
to = 2001-02-03

[[actor]]
id = "north"
name = "Northland"
kind = "state"
aliases = ["Northtown"]
demonyms = ["Northern"]

[[actor]]
id = "south"
name = "Southland"
kind = "state"

[[actor]]
id = "league"
name = "League"
kind = "organisation"

[[actor]]
id = "pair"
name = "The Pair"
kind = "group"
members = ["third", "league"]

[[actor]]
id = "third"
name = "Thirdland"
kind = "state"

[[actor]]
id = "ann"
name = "Ann Ash"
kind = "person"
aliases = ["Ash"]
offices = ["Northern president"]
speaks_for = "north"
from = "2020-01-01"
to = "2024-06-30"

[[actor]]
id = "ben"
name = "Ben Bay"
kind = "person"
offices = ["Northern president"]
speaks_for = "north"
from = "2024-06-30"

[[actor]]
id = "cay"
name = "Cay Cole"
kind = "person"
offices = ["Southern deputy minister"]
speaks_for = "south"
authority = "leader"

[[actor]]
id = "dot"
name = "Dot Dale"
kind = "person"
offices = ["Northern foreign minister", "Northern spokeswoman"]
speaks_for = "north"
"""


def the_offices() -> OfficeRanks:
    return parse_offices(tomllib.loads(resources.files("config").joinpath("offices.toml").read_text()))


def parsed(text: str = TRUCE) -> Catalogue:
    return parse_catalogue(tomllib.loads(text), "test.toml", offices=the_offices(), text=text)


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(CatalogueError) as caught:
        parsed(text)
    return caught.value.problems


def test_a_catalogue_gives_its_conflicts_and_actors_in_the_order_of_the_file() -> None:
    catalogue = parsed()
    assert [conflict.conflict_id for conflict in catalogue.conflicts] == ["north-south", "old-war"]
    assert [actor.actor_id for actor in catalogue.actors][:3] == ["north", "south", "league"]
    assert catalogue.actor("ann").name == "Ann Ash"
    assert catalogue.actor("north").kind is ActorKind.STATE
    assert catalogue.conflict("old-war").active_to == date(2001, 2, 3)


def test_a_person_holds_office_between_two_inclusive_dates() -> None:
    ann = parsed().actor("ann")
    days = [date(2019, 12, 31), date(2020, 1, 1), date(2024, 6, 30), date(2024, 7, 1)]
    assert [ann.active_on(day) for day in days] == [False, True, True, False]


def test_authority_is_read_off_the_highest_office_unless_it_is_given() -> None:
    catalogue = parsed()
    assert catalogue.actor("ann").authority is Authority.LEADER
    assert catalogue.actor("dot").authority is Authority.MINISTER
    assert catalogue.actor("cay").authority is Authority.LEADER


def test_a_party_named_as_a_whole_weighs_like_a_minister() -> None:
    assert parsed().actor("north").authority is Authority.MINISTER


def test_those_who_speak_for_a_party_come_weightiest_first_and_by_day() -> None:
    catalogue = parsed()
    assert [actor.actor_id for actor in catalogue.spokesmen_of("north")] == ["ann", "ben", "dot"]
    assert [actor.actor_id for actor in catalogue.spokesmen_of("north", date(2025, 1, 1))] == ["ben", "dot"]


def test_a_conflict_reaches_its_parties_others_their_members_and_who_speaks_for_them() -> None:
    catalogue = parsed()
    reached = {actor.actor_id for actor in catalogue.actors_of(catalogue.conflict("north-south"))}
    assert reached == {"north", "south", "league", "pair", "third", "ann", "ben", "cay", "dot"}
    assert {actor.actor_id for actor in catalogue.actors_of(catalogue.conflict("old-war"))} == {
        *("north", "league", "ann", "ben", "dot"),
    }


def test_an_actor_knows_its_conflicts_by_day() -> None:
    catalogue = parsed()
    assert [conflict.conflict_id for conflict in catalogue.conflicts_of("ben")] == ["north-south", "old-war"]
    assert [conflict.conflict_id for conflict in catalogue.conflicts_of("ben", date(2025, 1, 1))] == ["north-south"]


def test_a_body_knows_its_members_and_they_know_it() -> None:
    catalogue = parsed()
    assert [actor.actor_id for actor in catalogue.members_of("pair")] == ["third", "league"]
    assert [actor.actor_id for actor in catalogue.bodies_of("third")] == ["pair"]


def test_picking_conflicts_keeps_every_actor() -> None:
    picked = parsed().restricted_to(["old-war"])
    assert [conflict.conflict_id for conflict in picked.conflicts] == ["old-war"]
    assert picked.has_actor("cay")
    assert picked.conflicts_of("cay") == ()


@pytest.mark.parametrize("wanted", [["old-war", "moon-war"], []])
def test_picking_an_unknown_conflict_or_none_names_the_allowed_ones(wanted: list[str]) -> None:
    with pytest.raises(CatalogueError, match="allowed are: north-south, old-war"):
        parsed().restricted_to(wanted)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("version = 1", "version = 2", "version must be 1, not 2", id="another version"),
        pytest.param('id = "ann"\n', "", "actor '#6': id is missing", id="no id"),
        pytest.param('id = "ann"', 'id = "ann ash"', "id must be of letters without accents", id="an id with a blank"),
        pytest.param('id = "ann"', 'id = "ann.ash"', "id must be of letters without accents", id="an id with a dot"),
        pytest.param('id = "ann"', 'id = "änn"', "id must be of letters without accents", id="an id with an accent"),
        pytest.param('id = "old-war"', 'id = "service"', "taken by the alerts that are about no", id="our own lane"),
        pytest.param('id = "ben"', 'id = "ann"', "taken already by entry 6 of [[actor]]", id="an id used twice"),
        pytest.param('name = "Ann Ash"\n', "", "actor 'ann': name is missing", id="no name"),
        pytest.param('name = "Ann Ash"', 'name = " Ann"', "name must be a text", id="a name with blanks around it"),
        pytest.param('kind = "group"', 'kind = "club"', "allowed are state, organisation, group, person", id="a kind"),
        pytest.param('aliases = ["Ash"]', 'aliases = "Ash"', "aliases must be a list of texts", id="a bare alias"),
        pytest.param('aliases = ["Ash"]', "aliases = [7]", "aliases must be a list of texts", id="a number"),
        pytest.param('aliases = ["Ash"]', 'aliases = ["A", "A"]', "aliases has 'A' twice", id="an alias twice"),
        pytest.param(
            'authority = "leader"', 'authority = "boss"', "allowed are official, spokesperson", id="authority"
        ),
        pytest.param('authority = "leader"', 'rank = "leader"', "unknown key 'rank'; allowed are id,", id="a key"),
        pytest.param('to = "2024-06-30"', 'to = "2019-06-30"', "to 2019-06-30 lies before from", id="dates turned"),
        pytest.param('to = "2024-06-30"', 'to = "June"', "to must be a date such as", id="a date in words"),
        pytest.param('to = "2024-06-30"', "to = 2024-06-30T10:00:00Z", "to must be a date such as", id="a time"),
        pytest.param('others = ["league", "pair"]', 'others = ["moon"]', "unknown actor 'moon'", id="an unknown other"),
        pytest.param('others = ["league", "pair"]', 'others = ["north"]', "parties and in others", id="both sides"),
        pytest.param('"north", "south"]', '"north", "ann"]', "'ann', who speaks for another", id="a person as a party"),
        pytest.param('terms = ["Oldland"]\n', "", "terms is missing or empty", id="no terms"),
        pytest.param('speaks_for = "south"', 'speaks_for = "moon"', "unknown actor 'moon'", id="an unknown party"),
        pytest.param('speaks_for = "south"', 'speaks_for = "ann"', "name the party itself", id="a person's person"),
        pytest.param('members = ["third", "league"]', 'members = ["moon"]', "unknown actor 'moon'", id="a member"),
        pytest.param('members = ["third", "league"]', 'members = ["pair"]', "names the actor itself", id="of itself"),
    ],
)
def test_a_fault_is_named_with_its_place(old: str, new: str, expected: str) -> None:
    assert old in TRUCE
    (problem,) = problems_of(TRUCE.replace(old, new, 1))
    assert expected in problem
    assert problem.startswith("test.toml:")


def test_every_fault_is_told_at_once_with_its_line() -> None:
    text = TRUCE.replace('kind = "group"', 'kind = "club"').replace('name = "Ann Ash"', "nome = 1")
    problems = problems_of(text)
    assert len(problems) == 3
    line = text.splitlines().index('id = "ann"')  # counted from 0, and the header stands one line above
    assert f"test.toml:{line}: actor 'ann': name is missing" in problems


def test_an_empty_file_says_what_is_missing() -> None:
    assert problems_of("") == (
        "test.toml: version must be 1, not None",
        "test.toml: there must be at least one [[conflict]]",
        "test.toml: there must be at least one [[actor]]",
    )


@pytest.mark.parametrize("data", [{"version": 1, "conflict": 3, "actor": [1]}, {"version": True, "extra": {}}])
def test_anything_else_than_tables_is_a_fault_and_no_crash(data: dict[str, object]) -> None:
    with pytest.raises(CatalogueError):
        parse_catalogue(data, offices=the_offices())


def test_a_sound_catalogue_raises_no_doubt_but_for_parties_without_a_leader() -> None:
    assert check_catalogue(parsed()) == ["test.toml:12: conflict 'old-war': the party 'league' has no leader"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param('aliases = ["Ash"]', 'aliases = ["northtown"]', "same name 'northtown'", id="an alias twice"),
        pytest.param('name = "Cay Cole"', 'name = "Ash"', "same name 'ash'", id="a name that is another's alias"),
        pytest.param('from = "2024-06-30"', 'from = "2024-06-29"', "same office 'northern president'", id="an office"),
        pytest.param('speaks_for = "south"\n', "", "'cay': speaks for no party", id="a person without a party"),
        pytest.param('parties = ["north", "league"]', 'parties = ["north"]', "has only one party", id="one party"),
    ],
)
def test_a_doubt_names_both_places(old: str, new: str, expected: str) -> None:
    assert old in TRUCE
    doubts = check_catalogue(parsed(TRUCE.replace(old, new, 1)))
    assert any(expected in doubt and "test.toml:" in doubt for doubt in doubts)


def test_one_alias_of_two_actors_is_no_doubt_at_different_times() -> None:
    text = TRUCE.replace('name = "Ben Bay"', 'name = "Ben Bay"\naliases = ["Ash"]')
    assert not any("'ash'" in doubt for doubt in check_catalogue(parsed(text)))


def test_one_alias_of_two_actors_is_no_doubt_in_different_conflicts() -> None:
    text = TRUCE.replace('others = ["league", "pair"]', "others = []").replace('name = "League"', 'name = "Cay Cole"')
    assert not any("cay cole" in doubt for doubt in check_catalogue(parsed(text)))


def test_ten_thousand_actors_are_read_and_checked() -> None:
    people = "".join(
        f'\n[[actor]]\nid = "p{n}"\nname = "Person {n}"\nkind = "person"\naliases = ["Alias {n}", "Shared"]\n'
        f'offices = ["Northern minister of {n}"]\nspeaks_for = "north"\n'
        for n in range(10_000)
    )
    data, offices, text = tomllib.loads(TRUCE + people), the_offices(), TRUCE + people
    catalogue = parse_catalogue(data, "big.toml", offices=offices, text=text)
    doubts = check_catalogue(catalogue)
    assert len(doubts) >= 9_999


@pytest.mark.skipif(not ARCHIVE.is_dir(), reason="the archive of annotated articles is not here")
def test_the_catalogues_of_the_archive_are_read_as_they_are() -> None:
    files = sorted(ARCHIVE.rglob("catalogue*.toml"))
    assert files
    for file in files:
        assert parsed(file.read_text()).conflicts, file
