"""How much weight an office gives."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from workers.domain.catalogue import Authority
from workers.domain.offices import parse_offices

WORDS = tomllib.loads(resources.files("config").joinpath("offices.toml").read_text())


@pytest.mark.parametrize(
    ("office", "authority"),
    [
        ("Russian president", Authority.LEADER),
        ("Israel's prime minister", Authority.LEADER),
        ("German Chancellor", Authority.LEADER),
        ("Iran's supreme leader", Authority.LEADER),
        ("Hamas leader in Gaza", Authority.LEADER),
        ("U.N. Secretary-General", Authority.LEADER),
        ("Emir of Qatar", Authority.LEADER),
        ("US vice-president", Authority.MINISTER),
        ("Russian foreign minister", Authority.MINISTER),
        ("US secretary of state", Authority.MINISTER),
        ("British Foreign Secretary", Authority.MINISTER),
        ("US defense secretary", Authority.MINISTER),
        ("Russia's chief negotiator", Authority.MINISTER),
        ("head of the Ukrainian delegation", Authority.MINISTER),
        ("the president's special envoy", Authority.MINISTER),
        ("UN special envoy for Yemen", Authority.MINISTER),
        ("Sudanese army chief", Authority.MINISTER),
        ("EU foreign policy chief", Authority.MINISTER),
        ("Kremlin spokesman", Authority.SPOKESPERSON),
        ("Russian Foreign Ministry spokeswoman", Authority.SPOKESPERSON),
        ("White House press secretary", Authority.SPOKESPERSON),
        ("deputy foreign minister", Authority.OFFICIAL),
        ("former US president", Authority.OFFICIAL),
        ("ex-prime minister", Authority.OFFICIAL),
        ("presidential adviser", Authority.OFFICIAL),
        ("adviser to the president", Authority.OFFICIAL),
        ("Assistant Secretary of State for Near Eastern Affairs", Authority.OFFICIAL),
        ("US ambassador to the United Nations", Authority.OFFICIAL),
        ("Hamas official", Authority.OFFICIAL),
        ("", Authority.OFFICIAL),
    ],
)
def test_an_office_has_the_authority_that_a_reader_would_give_it(office: str, authority: Authority) -> None:
    assert parse_offices(WORDS).authority_of(office) is authority


def test_the_highest_of_several_offices_counts() -> None:
    ranks = parse_offices(WORDS)
    assert ranks.highest_of(["Iranian parliament speaker", "Iran's chief negotiator"]) is Authority.MINISTER
    assert ranks.highest_of([]) is Authority.OFFICIAL


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({}, "leader must be a list of words|lesser|minister|spokesperson"),
        ({**WORDS["authority"], "boss": ["boss"]}, r"unknown lists \['boss'\]"),
        ({**WORDS["authority"], "leader": []}, "leader must be a list of words"),
        ({**WORDS["authority"], "leader": "president"}, "leader must be a list of words"),
    ],
)
def test_a_faulty_word_list_is_named(table: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse_offices({"authority": table})


def test_a_file_without_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="authority"):
        parse_offices({"version": 1})
