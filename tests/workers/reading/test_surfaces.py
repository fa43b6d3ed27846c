"""The matcher of names finds what a regular expression of all of them would find, at once."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.reading.surfaces import SurfaceMatcher

EXACT = ("US", "U.S.", "Iran", "Northland", "Northland's president", "Mira Vane", "N'Ban La", "IS")
LOOSE = ("president of Northland", "the president", "u.s. envoy", "river-war chief", "president of Northland's army")


def expected(text: str) -> list[tuple[int, int]]:
    """What the regular expression finds, longest alternative first."""
    alternatives = [(one, re.escape(one)) for one in EXACT] + [(one, f"(?i:{re.escape(one)})") for one in LOOSE]
    ordered = "|".join(pattern for _, pattern in sorted(alternatives, key=lambda pair: (-len(pair[0]), pair[0])))
    return [hit.span() for hit in re.finditer(rf"(?<![\w-])(?:{ordered})(?!\w|-\w)", text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The US and us", ["US"]),
        ("a U.S. envoy, the U.S.", ["U.S. envoy", "U.S."]),
        ("Northland's president of Northland", ["Northland's president", "Northland"]),
        ("THE PRESIDENT OF NORTHLAND", ["THE PRESIDENT"]),
        ("President of Northland's army", ["President of Northland's army"]),
        ("pro-Iran, Iranians, Iran-backed, Iran- and Iran", ["Iran", "Iran"]),
        ("N'Ban La's ISIS", ["N'Ban La"]),
        ("", []),
    ],
)
def test_the_longest_whole_words_are_found(text: str, found: list[str]) -> None:
    spans = list(SurfaceMatcher(EXACT, LOOSE).find(text))
    assert [text[start:end] for start, end in spans] == found
    assert spans == expected(text)


@given(st.lists(st.sampled_from([*EXACT, *LOOSE, *map(str.upper, LOOSE), "-", " ", "s", "é", "İ", "'s", ".", "_"])))
def test_it_agrees_with_the_regular_expression(parts: list[str]) -> None:
    text = "".join(parts)
    assert list(SurfaceMatcher(EXACT, LOOSE).find(text)) == expected(text)


def test_nothing_to_find_finds_nothing() -> None:
    assert list(SurfaceMatcher((), ()).find("Iran and the US")) == []
