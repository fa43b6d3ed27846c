"""The policy as a table: what a stance lacks, who vouches for it, what it does to the position held."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import a_stance
from workers.domain.article import Tier
from workers.domain.catalogue import Authority
from workers.domain.policy import Held, Policy, Reason, judge, lacks, vouches
from workers.domain.statement import Flag, Kind, PositionScale

POLICY = Policy(
    least_confidence=0.6,
    least_confidence_leader=0.5,
    least_confidence_act=0.9,
    least_confidence_neutral=0.8,
    corroboration_window=timedelta(hours=10),
)
MINISTER, ACT = {"authority": Authority.MINISTER}, {"kind": Kind.ACTION}
NEUTRAL = {"position": PositionScale.UNDECLARED}
SECONDHAND, HEADLINE, RETREAT = (
    {"flags": frozenset({flag})} for flag in (Flag.SECONDHAND, Flag.HEADLINE, Flag.RETREAT)
)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        pytest.param({}, None, id="a sure reading of a known publisher lacks nothing"),
        pytest.param({"tier": Tier.MAJOR}, None, id="nor does one of a major publisher"),
        pytest.param({"tier": Tier.OFFICIAL}, None, id="nor of an official one"),
        pytest.param({"tier": Tier.OTHER}, Reason.NEEDS_PUBLISHER, id="a low publisher alone moves nothing"),
        pytest.param(MINISTER | {"confidence": 0.6}, None, id="just sure enough"),
        pytest.param(MINISTER | {"confidence": 0.59}, Reason.NEEDS_CONFIDENCE, id="not sure enough"),
        pytest.param({"confidence": 0.5}, None, id="sure enough for a leader"),
        pytest.param({"confidence": 0.49}, Reason.NEEDS_CONFIDENCE, id="not sure enough for a leader either"),
        pytest.param(ACT | {"confidence": 0.9}, None, id="an act that is certain"),
        pytest.param(
            ACT | {"confidence": 0.89}, Reason.NEEDS_CONFIDENCE, id="an act, even a leader's, must be certain"
        ),
        pytest.param(NEUTRAL | {"confidence": 0.8}, None, id="neutral talk that is plainly neutral"),
        pytest.param(NEUTRAL | {"confidence": 0.79}, Reason.NEEDS_CONFIDENCE, id="talk that may have been a stance"),
        pytest.param(SECONDHAND, Reason.NEEDS_OWN_WORDS, id="hearsay"),
        pytest.param(HEADLINE, Reason.NEEDS_OWN_WORDS, id="a headline that no sentence bears out"),
        pytest.param(
            {"tier": Tier.OTHER, "confidence": 0.1}, Reason.NEEDS_PUBLISHER, id="the publisher is named first"
        ),
        pytest.param({"seeded": True, "confidence": 0.1}, None, id="a seed lacks nothing"),
    ],
)
def test_lacks(named: dict[str, Any], expected: Reason | None) -> None:
    assert lacks(a_stance(**named), POLICY) is expected


COPY = {"signature": bytes(range(96)).hex()}


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        pytest.param({}, True, id="another publisher, the same position, the same day"),
        pytest.param({"publisher": "Harbour Post"}, False, id="the same publisher again"),
        pytest.param({"position": "doubt"}, False, id="another position"),
        pytest.param({"hour": 11}, False, id="too late"),
        pytest.param({"hour": -11}, False, id="too early"),
        pytest.param({"tier": Tier.OTHER}, True, id="a low publisher with words of its own"),
        pytest.param({"tier": Tier.OTHER} | COPY, False, id="a low publisher with a copy"),
        pytest.param(COPY, True, id="a known publisher stands by the copy that it prints"),
        pytest.param({"confidence": 0.1} | COPY, False, id="a copy that is read as badly"),
        pytest.param({"seeded": True}, False, id="a seed"),
    ],
)
def test_vouches(named: dict[str, Any], expected: bool) -> None:
    stance = a_stance("reject", article="a1", publisher="Harbour Post", tier=Tier.OTHER, **COPY)  # type: ignore[arg-type]
    other = a_stance(
        named.get("position", "reject"), **({"article": "a2"} | {k: v for k, v in named.items() if k != "position"})
    )
    assert vouches(other, stance, POLICY) is expected


def test_an_article_does_not_vouch_for_itself() -> None:
    assert not vouches(a_stance(publisher="one.example"), a_stance(publisher="two.example"), POLICY)


@pytest.mark.parametrize(
    ("held", "position", "named", "expected"),
    [
        pytest.param(None, "reject", {}, Reason.ESTABLISHED, id="an actor not heard before"),
        pytest.param("reject", "reject", {}, Reason.REPEATED, id="saying it again"),
        pytest.param("reject", "support", {}, Reason.MOVED, id="a turn"),
        pytest.param("support", "doubt", {}, Reason.MOVED, id="doubt after support is a turn"),
        pytest.param("conditional", "doubt", {}, Reason.MOVED, id="and after an offer"),
        pytest.param("reject", "doubt", {}, Reason.STILL_REFUSES, id="doubt after a refusal is no softening"),
        pytest.param("doubt", "reject", {}, Reason.MOVED, id="a refusal after doubt is harder"),
        pytest.param("support", "undeclared", {}, Reason.NEUTRAL, id="neutral talk moves nothing"),
        pytest.param(None, "undeclared", {}, Reason.ESTABLISHED, id="but it says where an actor starts from"),
        pytest.param("undeclared", "support", {}, Reason.MOVED, id="who had taken no stance and takes one has moved"),
        pytest.param("undeclared", "undeclared", {}, Reason.NEUTRAL, id="more neutral talk does nothing"),
        pytest.param("support", "undeclared", RETREAT, Reason.MOVED, id="an explicit retreat moves"),
        pytest.param("undeclared", "undeclared", RETREAT, Reason.REPEATED, id="a second retreat does not"),
        pytest.param("reject", "support", {"seeded": True}, Reason.MOVED, id="a live seed counts"),
        pytest.param(None, "support", {"seeded": True, "live": False}, Reason.SEEDED, id="a seed is for reading"),
    ],
)
def test_judge(held: str | None, position: str, named: dict[str, Any], expected: Reason) -> None:
    assert judge(Held(PositionScale(held)) if held else None, a_stance(position, **named)) is expected


def test_what_is_held_from_a_seed_for_reading_is_established_anew() -> None:
    assert judge(Held(PositionScale.REJECT, live=False), a_stance("support")) is Reason.ESTABLISHED
    assert judge(Held(PositionScale.REJECT, live=False), a_stance("reject")) is Reason.ESTABLISHED


def test_every_reason_either_moves_or_holds_back_or_does_neither() -> None:
    assert not [reason for reason in Reason if reason.moves and reason.holds_back]
