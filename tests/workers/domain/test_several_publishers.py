"""Timelines of several publishers: copies, contradictions, spoofed feeds, recycled quotes, retractions.

The thresholds' defaults are held to these stories, each told with what a reader would want to hear, and no more.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.arrivals import Arrivals, Report, a_report
from tests.builders import NORTHLAND, VANE
from workers.domain.alert import AlertType
from workers.domain.article import Tier
from workers.domain.catalogue import Authority
from workers.domain.policy import Reason

NO = "there is no truce to be had while they rearm behind the river"
IF = "we will stop firing if the other side leaves the valley before the spring"
YES = "my government takes the offer as it was put on the table in the morning"
NEVER = "not one of us will put a name under that paper in this life"
PAPER = {"publisher": "Harbour Post", "tier": Tier.MAJOR}
BLOG, OTHER_BLOG = ({"publisher": name, "tier": Tier.OTHER} for name in ("one.example", "two.example"))


def by_a_spokesman(report: Report) -> Report:
    lower = (replace(one, authority=Authority.SPOKESPERSON, actor_id=None) for one in report.statements)
    return replace(report, statements=tuple(lower))


def unsure(report: Report) -> Report:
    return replace(report, statements=tuple(replace(one, confidence=0.4) for one in report.statements))


HELD = a_report("held", ("reject", NO), hour=-48)
STORIES = {
    "copies of one turn are one alert": (
        [
            a_report("wire", ("conditional", IF)),
            a_report("paper", ("conditional", IF), hour=1, **PAPER),
            a_report("blog", ("conditional", f"as we hear {IF}"), hour=2, **BLOG),
        ],
        [("reject", "conditional")],
    ),
    "a spoofed feed alone tells nobody anything": (
        [a_report("blog", ("support", YES), **BLOG), a_report("again", ("support", YES), hour=3, **BLOG)],
        [],
    ),
    "a copy of the spoof does not help it": (
        [a_report("blog", ("support", YES), **BLOG), a_report("copy", ("support", YES), hour=3, **OTHER_BLOG)],
        [],
    ),
    "two low publishers with words of their own do": (
        [a_report("blog", ("support", YES), **BLOG), a_report("two", ("support", f"Oh {IF}"), hour=9, **OTHER_BLOG)],
        [("reject", "support")],
    ),
    "a low publisher two days later is too late to vouch": (
        [a_report("blog", ("support", YES), **BLOG), a_report("two", ("support", IF), hour=49, **OTHER_BLOG)],
        [],
    ),
    "a paper bears a blog out at once": (
        [a_report("blog", ("support", YES), **BLOG), a_report("paper", ("support", IF), hour=2, **PAPER)],
        [("reject", "support")],
    ),
    "a reading that is unsure waits for another publisher": (
        [unsure(a_report("wire", ("support", YES))), a_report("paper", ("support", IF), hour=2, **PAPER)],
        [("reject", "support")],
    ),
    "the spokesman's contradiction of the same day is not news": (
        [a_report("wire", ("conditional", IF)), by_a_spokesman(a_report("paper", ("reject", NEVER), hour=3, **PAPER))],
        [("reject", "conditional")],
    ),
    "the leader's own contradiction is": (
        [a_report("wire", ("conditional", IF)), a_report("paper", ("reject", NEVER), hour=3, **PAPER)],
        [("reject", "conditional"), ("conditional", "reject")],
    ),
    "a recycled quote is none, months later, by whomever": (
        [
            a_report("wire", ("conditional", IF)),
            a_report("turn", ("reject", NEVER), hour=100),
            a_report("recycled", ("conditional", IF), hour=3000, **PAPER),
        ],
        [("reject", "conditional"), ("conditional", "reject")],
    ),
    "a retraction is told as a correction": (
        [a_report("wire", ("conditional", IF)), replace(a_report("wire", hour=1), revision=2)],
        [("reject", "conditional"), ("conditional", "reject")],
    ),
    "a retracted copy changes nothing": (
        [
            a_report("wire", ("conditional", IF)),
            a_report("paper", ("conditional", IF), hour=1, **PAPER),
            replace(a_report("paper", hour=2, **PAPER), revision=2),
        ],
        [("reject", "conditional")],
    ),
    "blame after a refusal is no softening": ([a_report("wire", ("doubt", "they lie as they always did"))], []),
}


def told(arrivals: Arrivals, actor_id: str) -> list[tuple[str, str]]:
    moves = [move for moves in arrivals.alerts for move in moves if move.actor_id == actor_id]
    return [(move.before.position.value if move.before else "", move.after.value) for move in moves]


@pytest.mark.parametrize("name", STORIES)
def test_a_story_tells_what_a_reader_wants_to_hear_and_no_more(name: str) -> None:
    reports, expected = STORIES[name]
    assert told(Arrivals().take_all([HELD, *reports]), NORTHLAND) == expected


def test_a_retraction_goes_out_as_corrected() -> None:
    reports, _ = STORIES["a retraction is told as a correction"]
    arrivals = Arrivals().take_all([HELD, *reports])
    assert {move.alert for move in arrivals.alerts[-1]} == {AlertType.POSITION_CORRECTED}


def test_the_example_of_the_policys_page() -> None:
    day = [
        a_report("nine", ("support", YES), hour=-3, **BLOG),
        a_report("eleven", ("conditional", IF), hour=-1),
        a_report("copy", ("conditional", IF), hour=-0.6, **PAPER),
        by_a_spokesman(a_report("spokesman", ("reject", NEVER), hour=3)),
        a_report("six", ("support", "she said yes to all of it we are told by her friends"), hour=6, **OTHER_BLOG),
    ]
    arrivals = Arrivals().take_all([HELD, *day])
    assert told(arrivals, VANE) == [("reject", "conditional"), ("conditional", "support")]
    reasons = Arrivals().take_all([HELD, *day[:3]]).history(VANE).reasons
    assert (reasons["nine"], reasons["eleven"], reasons["copy"]) == (
        Reason.NEEDS_PUBLISHER,
        Reason.MOVED,
        Reason.CORROBORATES,
    )
