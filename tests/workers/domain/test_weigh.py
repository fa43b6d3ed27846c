"""Weighing an article: the one stance of each actor."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOON, NORTHLAND, VANE, a_statement, hours
from workers.domain.article import Tier
from workers.domain.catalogue import Authority
from workers.domain.stance import Stance
from workers.domain.statement import Flag, Kind, PositionScale, Statement
from workers.domain.weigh import weigh

Said = tuple[str, dict[str, Any]]


def said(*parts: str | Said) -> list[Statement]:
    """Statements one after the other in one article, all of the leader unless said otherwise."""
    statements = []
    for number, part in enumerate(parts):
        position, named = (part, {}) if isinstance(part, str) else part
        facts: dict[str, Any] = {
            "statement_id": f"st_{number}",
            "start": number * 100,
            "quote": f"words number {number}",
        }
        statements.append(a_statement(position, **(facts | named)))
    return statements


def stances(statements: list[Statement]) -> dict[str, Stance]:
    return {stance.actor_id: stance for stance in weigh(statements, NOON, "Northern Wire", Tier.WIRE)}


OFFICIAL = {"authority": Authority.OFFICIAL}
HEADLINE = {"flags": frozenset({Flag.HEADLINE})}
HEARSAY = {"flags": frozenset({Flag.SECONDHAND})}
RETREAT = {"flags": frozenset({Flag.RETREAT})}
LAST_MONTH = {"said_at": hours(-24 * 30), "said_at_evidenced": True}
RECALLED = {"said_at": hours(-24), "said_at_evidenced": False}
DAYS_AGO = {"said_at": hours(-24 * 4), "said_at_evidenced": True}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param(said("reject"), "reject", id="one statement is the stance"),
        pytest.param(said("undeclared", "support"), "support", id="a stance beats neutral talk"),
        pytest.param(said("undeclared", ("support", LAST_MONTH)), "undeclared", id="what is long past is background"),
        pytest.param(said("undeclared", ("reject", RECALLED)), "undeclared", id="what is only recalled is background"),
        pytest.param(said(("reject", RECALLED)), "reject", id="unless nothing else is said"),
        pytest.param(said(("reject", DAYS_AGO), "support"), "support", id="new beats old"),
        pytest.param(said("doubt", "conditional"), "conditional", id="an own stance beats blame of the other side"),
        pytest.param(said("doubt", "doubt", "undeclared"), "doubt", id="blame alone is doubt"),
        pytest.param(said(("reject", OFFICIAL), "support"), "support", id="the leader beats a lower official"),
        pytest.param(said(("support", HEADLINE), "reject"), "reject", id="the body beats the headline"),
        pytest.param(said(("support", HEARSAY), "reject"), "reject", id="own words beat what others pass on"),
        pytest.param(said("reject", "conditional"), "conditional", id="a refused version beside an own offer"),
        pytest.param(said("conditional", "reject"), "conditional", id="in whichever order they stand"),
        pytest.param(said("reject", "reject", "conditional"), "reject", id="refused again and again is refused"),
        pytest.param(said("support", "support", "reject"), "support", id="one stray sentence overrules nothing"),
        pytest.param(said("support", "conditional"), "support", id="what an article leads with counts more"),
        pytest.param(said(("undeclared", RETREAT)), "undeclared", id="a retreat is a stance"),
    ],
)
def test_weigh(statements: list[Statement], expected: str) -> None:
    weighed = stances(statements)
    assert {actor: stance.position.value for actor, stance in weighed.items()} == {VANE: expected, NORTHLAND: expected}


def test_a_retreat_outweighs_neutral_talk_beside_it() -> None:
    assert stances(said("undeclared", ("undeclared", RETREAT)))[VANE].retreats


def test_the_words_that_carry_a_stance_are_the_weightiest_that_say_so() -> None:
    statements = said("support", ("support", HEADLINE), ("support", OFFICIAL), ("reject", OFFICIAL))
    assert stances(statements)[VANE].statement_id == "st_0"


def test_an_unsure_statement_does_not_overrule_a_sure_one() -> None:
    assert stances(said(("reject", {"confidence": 0.3}), "support"))[VANE].position is PositionScale.SUPPORT


def test_several_statements_of_a_position_bear_each_other_out() -> None:
    one, two = (stances(said(*["support"] * count))[VANE].confidence for count in (1, 2))
    assert one == pytest.approx(0.9)
    assert two == pytest.approx(0.99)


def test_of_words_and_an_act_that_say_the_same_the_words_are_shown() -> None:
    statements = said(("support", {"kind": Kind.ACTION, "confidence": 0.99}), "support")
    assert stances(statements)[VANE].statement_id == "st_1"


def test_a_person_may_stand_elsewhere_than_the_party() -> None:
    other = {"actor_id": None, "actor_name": "A minister", "authority": Authority.MINISTER}
    weighed = stances(said("support", ("reject", other), ("reject", other), ("reject", other)))
    assert (weighed[VANE].position.value, weighed[NORTHLAND].position.value) == ("support", "reject")


STATEMENTS = st.lists(
    st.tuples(
        st.sampled_from(PositionScale).map(str),
        st.fixed_dictionaries(
            {
                "authority": st.sampled_from(Authority),
                "confidence": st.sampled_from([0.0, 0.4, 0.9, 1.0]),
                "said_at": st.integers(-400, 0).map(lambda day: hours(24 * day)),
                "flags": st.sets(st.sampled_from(Flag)).map(frozenset),
            }
        ),
    ),
    min_size=1,
    max_size=6,
)


@given(STATEMENTS, st.randoms(use_true_random=False))
def test_a_stance_is_carried_by_words_that_say_so_in_whatever_order_they_come(parts: list[Said], random: Any) -> None:
    statements = said(*parts)
    shuffled = random.sample(statements, len(statements))
    weighed = stances(statements)
    assert weighed == {actor: stances(shuffled)[actor] for actor in weighed}
    for stance in weighed.values():
        (carrier,) = (one for one in statements if one.statement_id == stance.statement_id)
        assert carrier.position is stance.position
        assert 0 <= stance.confidence <= 1
