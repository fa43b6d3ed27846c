"""The report of a replay for people, and what another policy would tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.batch_difference import Difference, difference_of
from service.batch_outcome import ReplayOutcome, outcome_of
from service.batch_pages import render_report
from service.batch_policy import with_policy
from service.batch_readers import Outcome
from service.batch_replay import Rules, in_order, read_whole, replay, throw_away_store
from tests.archives import an_archived_article
from tests.builders import a_catalogue
from tests.fakes import MarkupReader
from workers.domain.article import Tier
from workers.domain.policy import Policy
from workers.stores import Stores

REFUSAL = "A truce is talked about.\n[mira-vane reject] we shall sign no truce before the river is ours again"
CONSENT = "A truce is talked about.\n[mira-vane support] my government takes <b>the *truce*</b> as it was offered"
BLOGGED = "A truce is talked about.\n[mira-vane doubt] nobody believes a word of what they promise us there"


@pytest.fixture
def stores() -> Iterator[Stores]:
    with throw_away_store(datetime(2025, 3, 10, tzinfo=UTC)) as opened:
        yield opened


def replayed(stores: Stores, policy: Policy) -> tuple[Rules, list[str]]:
    articles = [
        an_archived_article("a1", text=REFUSAL),
        an_archived_article("a2", "2025-03-11", text=CONSENT, url="javascript:alert(1)"),
        an_archived_article("a3", "2025-03-12", text=BLOGGED, publisher="some.example"),
    ]
    reader: Any = MarkupReader(a_catalogue())
    rules = Rules(a_catalogue(), policy, {"some.example": Tier.OTHER})
    read = ((one, Outcome(read_whole(reader, one), None, 0.0)) for one in in_order(articles))
    return rules, [body for one in replay(read, rules, stores) for body in one.bodies]


def report(stores: Stores, difference: Difference | None = None) -> ReplayOutcome:
    rules, _ = replayed(stores, Policy())
    return outcome_of(stores, rules, {"position.changed": 1}, (), difference)


@pytest.mark.parametrize("name", ["report.md", "report.html"])
def test_a_person_reads_who_turned_when_in_which_words_and_what_was_held_back(stores: Stores, name: str) -> None:
    page = render_report(report(stores), Path(name)).replace("\\", "")
    for words in (
        "Mira Vane: Supports",
        "we shall sign no truce before the river is ours again",
        "moved the position, told by msg_",
        "https://northern-wire.example/a1",
        "held back: one publisher of tier other alone moves nothing",
        "Missing: a report of the same position by another publisher",
    ):
        assert words in page, words


def test_words_of_an_archive_do_nothing_to_a_page(stores: Stores) -> None:
    page = render_report(report(stores), Path("report.html"))
    assert "<b>the" not in page
    assert "&lt;b&gt;the *truce*" in page
    assert "javascript" not in page
    markdown = render_report(report(stores), Path("report.md"))
    assert "\\<b\\>the \\*truce\\*" in markdown
    assert "javascript" not in markdown


def test_any_other_name_is_json(stores: Stores) -> None:
    (conflict,) = json.loads(render_report(report(stores), Path("report.json")))["conflicts"]
    assert [one["actor"] for one in conflict["timelines"]] == ["Mira Vane", "Northland"]
    assert [one["reason"] for one in conflict["timelines"][0]["heard"]] == ["established", "moved", "needs_publisher"]


def bodies_by(assignments: Sequence[str]) -> list[str]:
    with throw_away_store(datetime(2025, 3, 10, tzinfo=UTC)) as stores:
        return replayed(stores, with_policy(Policy(), assignments))[1]


def test_another_policy_is_told_by_its_difference(stores: Stores) -> None:
    usual, tried = bodies_by([]), bodies_by(["least_confidence_leader=0.95"])
    difference = difference_of(tried, usual)
    assert difference.more == ()
    assert {(one.actor, one.before, one.after) for one in difference.less} == {
        ("Mira Vane", "reject", "support"), ("Northland", "reject", "support"),
    }  # fmt: skip
    page = render_report(report(stores, difference), Path("report.md")).replace("\\", "")
    assert "0 moves more and 2 fewer are told than by the settings." in page
    assert "no longer told: Mira Vane on River war: Rejects → Supports" in page


def test_the_same_policy_makes_no_difference_and_the_same_bytes() -> None:
    usual, again = bodies_by([]), bodies_by([])
    assert usual == again
    assert difference_of(again, usual).words == "the same moves are told as by the settings"
