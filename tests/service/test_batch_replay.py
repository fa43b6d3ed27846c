"""Replay: an archive goes through the real pipeline in the order of publication, and nothing is sent."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.batch_archive import ArchivedArticle
from service.batch_corrections import Corrections, read_corrections
from service.batch_outcome import outcome_of
from service.batch_policy import PolicyError, with_policy
from service.batch_readers import Outcome
from service.batch_replay import Reading, Replayed, Rules, in_order, read_whole, replay, throw_away_store
from service.listings import as_json
from tests.archives import an_archived_article, lines_of
from tests.builders import a_catalogue
from tests.fakes import MarkupReader
from workers.domain.article import Outcome as End
from workers.domain.article import Tier
from workers.domain.policy import Policy
from workers.queues import ALERTS, ARTICLES
from workers.stores import Stores

REFUSAL = "A truce is talked about.\n[mira-vane reject] we shall sign no truce before the river is ours again"
CONSENT = "A truce is talked about.\n[mira-vane support] my government takes the truce as it was offered"
CONDITION = "A truce is talked about.\n[mira-vane conditional] we lay down arms when their last boat has left"

RETURN = "A truce is talked about.\n[mira-vane reject] nobody talks to murderers while our own boats burn on the water"


@pytest.fixture
def stores() -> Iterator[Stores]:
    with throw_away_store(datetime(2025, 3, 10, tzinfo=UTC)) as opened:
        yield opened


def readings(articles: Sequence[ArchivedArticle]) -> Iterator[tuple[ArchivedArticle, Outcome[Reading]]]:
    reader: Any = MarkupReader(a_catalogue())
    for article in in_order(articles):
        if "stumble" in article.text:
            yield article, Outcome(None, "ValueError: stumbled", 0.0)
        else:
            yield article, Outcome(read_whole(reader, article), None, 0.0)


def replayed(stores: Stores, *articles: ArchivedArticle, **named: Any) -> list[Replayed]:
    rules = Rules(a_catalogue(), named.pop("policy", Policy()), named.pop("tiers", {}))
    return list(replay(readings(articles), rules, stores, **named))


def bodies(found: Sequence[Replayed]) -> list[Any]:
    return [json.loads(body) for one in found for body in one.bodies]


def moves(found: Sequence[Replayed]) -> list[tuple[str, str, str]]:
    return [
        (body["data"]["article"]["id"], change["from"], change["to"])
        for body in bodies(found)
        for change in body["data"]["changes"]
        if change["actor"]["id"] == "mira-vane"
    ]


def test_a_change_gives_the_body_that_would_have_been_sent(stores: Stores) -> None:
    found = replayed(
        stores, an_archived_article("a1", text=REFUSAL), an_archived_article("a2", "2025-03-11T09:00:00Z", text=CONSENT)
    )
    (body,) = bodies(found)
    assert body["type"] == "position.changed"
    assert body["timestamp"] == "2025-03-11T09:00:00Z"
    data = body["data"]
    assert data["conflict"] == {"id": "river-war", "name": "River war"}
    assert [(one["actor"]["name"], one["from"], one["to"]) for one in data["changes"]] == [
        ("Mira Vane", "reject", "support"), ("Northland", "reject", "support"),
    ]  # fmt: skip
    assert data["article"]["id"] == "a2"
    assert data["statement"]["quote"] == "my government takes the truce as it was offered"


def test_nothing_is_queued_or_sent(stores: Stores) -> None:
    replayed(stores, an_archived_article("a1", text=REFUSAL), an_archived_article("a2", "2025-03-11", text=CONSENT))
    assert stores.outbox.depths() == []
    assert stores.queues.depth(ALERTS) == stores.queues.depth(ARTICLES) == 0


def test_the_order_is_that_of_publication(stores: Stores) -> None:
    found = replayed(
        stores,
        an_archived_article("late", "2025-03-14", text=CONSENT),
        an_archived_article("early", "2025-03-10", text=REFUSAL),
    )
    assert [one.article.article_id for one in found] == ["early", "late"]
    assert moves(found) == [("late", "reject", "support")]


def test_of_one_day_or_moment_they_come_as_they_stand_in_the_file() -> None:
    days = [an_archived_article(name, "2025-03-10") for name in ("b", "a", "c")]
    moment = [an_archived_article(name, "2025-03-10T08:00:00+02:00") for name in ("z", "y")]
    ordered = in_order([*moment, *days, an_archived_article("first", "2025-03-09")])
    assert [one.article_id for one in ordered] == ["first", "b", "a", "c", "z", "y"]


def test_the_last_article_of_one_moment_in_the_file_has_the_last_word(stores: Stores) -> None:
    rows = [
        an_archived_article(name, "2025-03-10", text=text)
        for name, text in (("z", REFUSAL), ("m", CONDITION), ("a", CONSENT))
    ]
    assert moves(replayed(stores, *rows)) == [("m", "reject", "conditional"), ("a", "conditional", "support")]


def test_an_undated_article_is_told_at_the_date_before_it_and_claims_none(stores: Stores) -> None:
    dated = an_archived_article("z", "2025-03-10", text=REFUSAL)
    undated = an_archived_article("a", "2025-03-10", published_at=None, text=CONSENT)
    (body,) = bodies(replayed(stores, dated, undated))
    assert body["data"]["article"]["published_at"] is None
    assert (body["timestamp"], body["data"]["changes"][0]["to"]) == ("2025-03-10T00:00:00Z", "support")


def test_two_replays_write_the_same_bytes() -> None:
    def written() -> list[str]:
        with throw_away_store(datetime(2025, 3, 10, tzinfo=UTC)) as stores:
            rows = [
                an_archived_article(f"a{number}", f"2025-03-1{number}", text=text)
                for number, text in enumerate([REFUSAL, CONSENT, CONDITION, RETURN])
            ]
            return [body for one in replayed(stores, *rows) for body in one.bodies]

    assert written() == written()
    assert len(written()) == 3


def test_many_changes_of_one_moment_are_all_told(stores: Stores) -> None:
    texts = (REFUSAL, CONSENT)
    rows = [
        an_archived_article(f"a{number:02}", "2025-03-10", text=f"{texts[number % 2]} {number} times {number * 7}")
        for number in range(40)
    ]
    told = [one.article.article_id for one in replayed(stores, *rows) for _ in one.bodies]
    assert sorted(told) == told
    assert len(told) == stores.ledger.alerts(1000)[0].sequence - 1  # but for the first position


def test_a_first_position_is_no_alert(stores: Stores) -> None:
    assert bodies(replayed(stores, an_archived_article("a1", text=REFUSAL))) == []


def test_a_publisher_has_the_tier_of_the_feeds_and_else_is_major(stores: Stores) -> None:
    gossip = [
        an_archived_article("a1", text=REFUSAL),
        an_archived_article("a2", "2025-03-11", text=CONSENT, publisher="Gossip"),
    ]
    assert moves(replayed(stores, *gossip, tiers={"gossip": Tier.OTHER})) == []


def test_an_article_that_comes_again_is_its_new_revision(stores: Stores) -> None:
    found = replayed(
        stores,
        an_archived_article("a1", text=REFUSAL),
        an_archived_article("a2", "2025-03-11", text=CONSENT),
        an_archived_article("a2", "2025-03-12", text="A truce is talked about. The quote was wrong."),
    )
    assert [body["type"] for body in bodies(found)] == ["position.changed", "position.corrected"]


def test_an_error_of_the_reader_costs_only_its_article(stores: Stores) -> None:
    found = replayed(
        stores,
        an_archived_article("a1", text=REFUSAL),
        an_archived_article("a2", "2025-03-11", text="stumble over the truce"),
        an_archived_article("a3", "2025-03-12", text=CONSENT),
    )
    assert [one.end.outcome for one in found if one.end] == [End.READ, End.DEAD, End.READ]
    assert found[1].end is not None
    assert found[1].end.reason == "ReadingError: ValueError: stumbled"
    assert moves(found) == [("a3", "reject", "support")]


def test_words_that_no_store_can_keep_cost_nothing(stores: Stores) -> None:
    found = replayed(
        stores, an_archived_article("a\ud800", text=f"{REFUSAL} \udfff", title="\ud801", publisher="\ud802")
    )
    assert [one.end.outcome for one in found if one.end] == [End.READ]


def test_what_is_too_old_by_the_replays_clock_is_forgotten(stores: Stores) -> None:
    rules = Rules(a_catalogue(), Policy(), {}, kept=timedelta(days=30))
    rows = [
        an_archived_article("a1", "2025-03-10", text=REFUSAL),
        an_archived_article("a2", "2025-03-20", text=CONSENT),
        an_archived_article("a3", "2025-06-01", text=CONDITION),
        an_archived_article("a4", "2025-08-01", title="Harvest", text="Wheat is up."),
    ]
    found = list(replay(readings(rows), rules, stores))
    assert moves(found) == [("a2", "reject", "support"), ("a3", "support", "conditional")]
    assert {one.statement.article_id for one in stores.ledger.statements("river-war")} == {"a3"}


# --- policies


def test_a_policy_is_tried_on_an_archive(stores: Stores) -> None:
    policy = with_policy(Policy(), ["least_confidence_leader=0.95", "corroboration_window=1h"])
    rows = [an_archived_article("a1", text=REFUSAL), an_archived_article("a2", "2025-03-11", text=CONSENT)]
    assert moves(replayed(stores, *rows, policy=policy)) == []
    outcome = json.loads(as_json(outcome_of(stores, Rules(a_catalogue(), policy, {}), {})))
    (conflict,) = outcome["conflicts"]
    assert {one["reason"] for one in conflict["held_back"]} == {"needs_confidence"}


@pytest.mark.parametrize(
    ("assignment", "why"),
    [
        ("patience=1", "unknown name; allowed are least_confidence,"),
        ("least_confidence=2", "allowed is a number from 0 to 1"),
        ("least_confidence", "allowed is a number from 0 to 1"),
        ("alert_max_age=3", "has no unit; allowed is a duration"),
    ],
)
def test_a_wrong_assignment_is_named(assignment: str, why: str) -> None:
    with pytest.raises(PolicyError, match=r"allowed (is|are)") as failure:
        with_policy(Policy(), [assignment])
    assert failure.value.problems[0].startswith(f"--policy {assignment}: {why}")


# --- corrections


def corrections(*rows: Any) -> tuple[Corrections, list[str]]:
    told: list[str] = []
    found = read_corrections(io.BytesIO(lines_of(rows)), lambda flaw: told.append(f"{flaw.place}: {flaw.why}"))
    return Corrections.of(found), told


def test_a_rejected_statement_moves_nothing(stores: Stores) -> None:
    rows = [an_archived_article("a1", text=REFUSAL), an_archived_article("a2", "2025-03-11", text=CONSENT)]
    wrong, _ = corrections({"article_id": "a2", "quote": "takes the truce", "verdict": "reject"})
    assert moves(replayed(stores, *rows, corrections=wrong)) == []
    assert wrong.unmet() == []


def test_an_accepted_statement_counts_with_the_position_that_it_is_given(stores: Stores) -> None:
    rows = [an_archived_article("a1", text=REFUSAL), an_archived_article("a2", "2025-03-11", text=CONSENT)]
    other, _ = corrections(
        {"article_id": "a2", "quote": "the truce", "actor": "Mira Vane", "verdict": "accept", "position": "conditional"}
    )
    assert moves(replayed(stores, *rows, corrections=other)) == [("a2", "reject", "conditional")]


def test_a_correction_that_meets_nothing_is_named() -> None:
    given, _ = corrections({"article_id": "a9", "statement_id": "st_1", "verdict": "reject"})
    assert [one.place for one in given.unmet()] == ["line 1"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"article_id": "a1", "quote": "x"}, "has no verdict; allowed are reject and accept"),
        (
            {"verdict": "reject", "quote": "x"},
            "names no statement: it needs an article_id, and a statement_id or a quote",
        ),
        (
            {"article_id": "a1", "quote": "x", "verdict": "accept", "position": "maybe"},
            "has an unknown position; allowed are reject, doubt, undeclared, conditional, support",
        ),
    ],
)
def test_a_wrong_correction_is_named(row: Any, why: str) -> None:
    _, told = corrections(row)
    assert told == [f"corrections, line 1: {why}"]


# --- the report


def test_the_report_tells_what_became_of_everything(stores: Stores) -> None:
    replayed(
        stores,
        an_archived_article("a1", text=REFUSAL),
        an_archived_article("a2", "2025-03-11", text=CONSENT),
        an_archived_article("a3", "2025-03-12", title="Harvest", text="Wheat is up."),
    )
    report = json.loads(as_json(outcome_of(stores, Rules(a_catalogue(), Policy(), {}), {"position.changed": 1})))
    assert report["ends"] == {"read:read": 2, "skipped:off_topic": 1}
    assert report["alerts"] == {"position.changed": 1}
    (conflict,) = report["conflicts"]
    assert conflict["positions"] == {"Mira Vane": "support", "Northland": "support"}
    assert [(one["before"], one["after"]) for one in conflict["changes"] if one["actor"] == "Mira Vane"] == [
        (None, "reject"), ("reject", "support"),
    ]  # fmt: skip
