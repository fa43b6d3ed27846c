"""Laws 3 to 8: whatever arrives, in whatever order, ends in one history, and every cause is told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.arrivals import BORN, Arrivals, Report, a_report
from tests.builders import NOON, NORTHLAND, VANE, a_statement, hours
from workers.domain.alert import AlertType
from workers.domain.article import Tier
from workers.domain.catalogue import Authority
from workers.domain.decision import Circumstances, Holdings, decide
from workers.domain.policy import Policy, Reason
from workers.domain.statement import Flag, Statement

WORDS = (
    "we will sign the paper on friday when the guns fall silent",
    "there is no truce to be had while they rearm behind the river",
    "my government takes the offer as it was put on the table",
    "nobody on our side believes a word of what the other side promises",
    "the guns fall silent when the last of their soldiers has left the valley",
)
NOW = hours(500)
STATEMENTS = st.lists(
    st.tuples(
        st.sampled_from(["reject", "doubt", "undeclared", "conditional", "support"]),
        st.sampled_from(WORDS),
        st.sampled_from(Authority),
        st.sampled_from([0.3, 0.8, 0.95]),
        st.sampled_from([frozenset[Flag](), frozenset({Flag.RETREAT}), frozenset({Flag.SECONDHAND})]),
        st.sampled_from([VANE, None]),
        st.one_of(st.none(), st.integers(-90, 10)),  # evidenced: so many days before it was fetched, or after
    ),
    max_size=3,
)
# Dated, undated, dated in the future, and dated before there were feeds.
DATES = st.one_of(
    st.none(),
    st.integers(-200, 200).map(hours),
    st.just(datetime(2099, 1, 1, tzinfo=UTC)),
    st.just(datetime(1970, 1, 1, tzinfo=UTC)),
)


@st.composite
def reports(draw: st.DrawFn, article_id: str, revision: int = 1) -> Report:
    """One revision of an article."""
    fetched_at = hours(draw(st.integers(-200, 400)))
    publisher, tier = draw(
        st.sampled_from(
            [
                ("Northern Wire", Tier.WIRE),
                ("Harbour Post", Tier.MAJOR),
                ("one.example", Tier.OTHER),
                ("two.example", Tier.OTHER),
            ]
        )
    )
    report = Report(article_id, publisher, tier, draw(DATES), fetched_at, (), revision)
    said = enumerate(draw(STATEMENTS))
    return replace(report, statements=tuple(_statement(report, number, facts) for number, facts in said))


def _statement(report: Report, number: int, facts: tuple[object, ...]) -> Statement:
    position, quote, authority, confidence, flags, actor_id, days = facts
    evidenced = isinstance(days, int)
    said_at = report.fetched_at + timedelta(days=days) if isinstance(days, int) else report.dated_at
    return a_statement(
        "undeclared" if Flag.RETREAT in flags else position,  # type: ignore[operator,arg-type]
        article=report.article_id,
        statement_id=f"st_{report.article_id}_{report.revision}_{number}",
        quote=f"{quote} and again",
        start=number * 1000,
        authority=authority,
        confidence=confidence,
        flags=flags,
        actor_id=actor_id,
        said_at=min(said_at, report.fetched_at),
        said_at_evidenced=evidenced,
    )


@st.composite
def archives(draw: st.DrawFn) -> list[Report]:
    """Some articles, some of them with a second revision."""
    found = []
    for number in range(draw(st.integers(1, 7))):
        found += [draw(reports(f"a{number}", revision + 1)) for revision in range(draw(st.integers(1, 2)))]
    return found


@given(archives(), st.integers(0, 1_000_000))
def test_shuffled_arrivals_end_in_one_history(archive: list[Report], seed: int) -> None:
    shuffled = Random(seed).sample(archive, len(archive))
    assert Arrivals().take_all(archive, NOW).outcome() == Arrivals().take_all(shuffled, NOW).outcome()


@given(archives(), st.integers(0, 1_000_000))
def test_what_arrives_twice_changes_nothing_and_is_told_once(archive: list[Report], seed: int) -> None:
    once = Arrivals().take_all(archive, NOW)
    twice = Arrivals().take_all([report for report in archive for _ in range(2)], NOW)
    assert twice.outcome() == once.outcome()
    assert [[move.actor_id for move in moves] for moves in twice.alerts] == [
        [move.actor_id for move in moves] for moves in once.alerts
    ]
    again = Random(seed).sample(archive, len(archive))
    assert twice.take_all([report for report in again if report.revision == twice.revisions[report.article_id]], NOW)
    assert len(twice.alerts) == len(once.alerts)


@given(archives())
def test_the_latest_revision_speaks(archive: list[Report]) -> None:
    latest = {report.article_id: report for report in archive}
    everything, final = Arrivals().take_all(archive, NOW), Arrivals().take_all(latest.values(), NOW)
    assert everything.outcome() == final.outcome()
    heard = {one.article_id for stances in everything.stances.values() for one in stances.values()}
    assert heard == {name for name, report in latest.items() if report.statements}


@given(archives())
def test_every_stance_has_a_reason_and_every_change_follows_the_one_before(archive: list[Report]) -> None:
    arrivals = Arrivals().take_all(archive, NOW)
    for actor_id, stances in arrivals.stances.items():
        history = arrivals.history(actor_id)
        assert set(history.reasons) == set(stances)
        moved = {name for name, reason in history.reasons.items() if reason.moves}
        assert moved == {change.article_id for change in history.changes}
        held = None
        for change in history.changes:
            assert change.before is held
            assert change.after is not held
            held = change.after
        assert (history.position.position if history.position else None) is held


@given(archives())
def test_nothing_was_said_after_it_was_fetched(archive: list[Report]) -> None:
    arrivals = Arrivals().take_all(archive, NOW)
    fetched = {(report.article_id, report.revision): report.fetched_at for report in archive}
    for stances in arrivals.stances.values():
        for stance in stances.values():
            latest = fetched[stance.article_id, arrivals.revisions[stance.article_id]]
            assert stance.said_at <= latest
            assert stance.published_at <= latest


@given(archives())
def test_a_late_article_is_told_only_when_it_changes_what_is_held_now(archive: list[Report]) -> None:
    arrivals = Arrivals()
    for report in sorted(archive, key=lambda one: (one.fetched_at, one.revision)):
        before = arrivals.outcome()
        for move in arrivals.take(report, NOW):
            was, now = before[move.actor_id].position, arrivals.history(move.actor_id).position
            assert (was and was.position) is not (now and now.position) or (was and was.live) is not (now and now.live)


@given(archives())
def test_a_cause_is_told_once_of_an_actor(archive: list[Report]) -> None:
    arrivals = Arrivals().take_all([report for report in archive if report.revision == 1], NOW)
    told = [
        (move.cause, move.actor_id, move.carrier.said_at.date())  # said anew on a later day, it is another one
        for moves in arrivals.alerts
        for move in moves
        if move.alert is AlertType.POSITION_CHANGED and move.carrier is not None
    ]
    assert len(told) == len(set(told))


@given(archives())
def test_old_news_is_history(archive: list[Report]) -> None:
    policy, now = Policy(alert_max_age=timedelta(hours=1)), hours(2_000)
    arrivals = Arrivals(policy).take_all([report for report in archive if report.revision == 1], now)
    assert not arrivals.alerts
    assert {move.reason for decision in arrivals.decisions for move in decision.moves} <= {"backlog"}


@given(archives())
def test_low_publishers_move_nothing_alone(archive: list[Report]) -> None:
    alone = [replace(report, publisher="one.example", tier=Tier.OTHER) for report in archive]
    arrivals = Arrivals().take_all(alone, NOW)
    assert not arrivals.alerts
    assert all(history.position is None for history in arrivals.outcome().values())


@given(archives())
def test_only_who_speaks_moves_and_the_party_spoken_for(archive: list[Report]) -> None:
    about = [
        replace(
            report, statements=tuple(replace(one, actor_id=None, principal_id="southland") for one in report.statements)
        )
        for report in archive
    ]
    arrivals = Arrivals().take_all(about, NOW)
    assert set(arrivals.stances) <= {"southland"}


def test_a_recycled_quote_years_later_neither_moves_nor_is_told() -> None:
    arrivals = Arrivals().take_all(
        [a_report("a1", ("support", WORDS[0])), a_report("a2", ("reject", WORDS[1]), hour=48)]
    )
    recycled = a_report("a3", ("support", WORDS[0]), hour=9_000, publisher="Harbour Post")
    assert not arrivals.take(recycled)
    assert arrivals.history(VANE).reasons["a3"] is Reason.CORROBORATES


def test_a_position_waits_for_the_second_publisher_in_whichever_order_they_arrive() -> None:
    first = a_report("a1", ("support", WORDS[0]), publisher="one.example", tier=Tier.OTHER)
    second = a_report("a2", ("support", WORDS[2]), hour=5, publisher="two.example", tier=Tier.OTHER)
    for order in ([first, second], [second, first]):
        position = Arrivals().take_all(order).history(NORTHLAND).position
        assert position is not None
        assert position.since == hours(5)


def test_what_was_said_before_the_birth_is_history_in_whatever_order() -> None:
    stances = a_report("a1", ("reject", WORDS[1]), hour=0).stances()
    decision = decide("a1", stances, Holdings({}, {}, {}), Circumstances(hours(3), hours(2), None, NOON), Policy())
    assert hours(2) > BORN
    assert {move.reason for move in decision.moves} == {"backlog"}
