"""The board: where each actor stands, and the service's facts, read from a real store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from service.board import find_conflict, read_board, read_conflict
from service.facts import count_ends, read_endpoints, view_feed
from service.histories import read_actor_history, read_conflict_history
from tests.builders import (
    NOON,
    NORTHLAND,
    RIVER_WAR,
    SOUTHLAND,
    VANE,
    a_catalogue,
    a_conflict,
    a_feed,
    a_feed_state,
    a_person,
    a_statement,
    an_actor,
    an_article,
    hours,
)
from tests.newsroom import Newsroom
from workers.domain.article import Outcome, Tier
from workers.domain.breaker import Breaker
from workers.domain.catalogue import Authority, Catalogue
from workers.domain.policy import Policy, Reason
from workers.domain.silence import Silence
from workers.domain.statement import PositionScale
from workers.storage.feed_claims import FeedClaims, Manners
from workers.storage.feeds import FeedStore, Poll


def a_wide_catalogue() -> Catalogue:
    """The River war with an ally and a mediator, and a second war that nobody speaks of."""
    return a_catalogue(
        replace(a_conflict(), others=("eastland", "the-mediators")),
        an_actor("Eastland"),
        an_actor("The Mediators", members=("islandia",)),
        an_actor("Islandia"),
        a_person("Ivo Ford", authority=Authority.MINISTER),
        a_person("Una Sund", SOUTHLAND),
        a_conflict("Coast war", parties=("eastland", "islandia")),
    )


@pytest.fixture
def newsroom(valkey: redis.Redis) -> Newsroom:
    return Newsroom(valkey, a_wide_catalogue(), Policy())


def test_an_empty_store_shows_conflicts_of_which_nothing_was_heard(newsroom: Newsroom) -> None:
    board = read_board(newsroom.reads)
    assert board.conflicts == ()
    assert board.unheard == ("River war", "Coast war")
    assert board.alerts == ()


def test_parties_come_first_and_people_sit_with_those_for_whom_they_speak(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("support", article="a1"))
    newsroom.hear(
        an_article("a2", hour=1),
        a_statement("doubt", article="a2", hour=1, actor_id="eastland", actor_name="Eastland", principal_id="eastland"),
    )
    conflict = read_conflict(newsroom.reads, a_wide_catalogue().conflict(RIVER_WAR))
    assert [view.name for view in conflict.parties] == ["Northland", "Southland"]
    assert [view.name for view in conflict.parties[0].people] == ["Mira Vane"]
    assert [view.name for view in conflict.others] == ["Eastland"]
    assert conflict.silent == ("The Mediators",)
    assert [view.name for view in conflict.actors] == ["Northland", "Mira Vane", "Southland", "Eastland"]


def test_a_party_of_which_nothing_was_heard_is_shown_all_the_same(newsroom: Newsroom) -> None:
    newsroom.hear(an_article(), a_statement())
    southland = read_board(newsroom.reads).conflicts[0].parties[1]
    assert (southland.name, southland.position, southland.heard) == ("Southland", None, False)


def test_people_are_seated_weightiest_first(newsroom: Newsroom) -> None:
    newsroom.hear(
        an_article("a1"),
        a_statement(
            article="a1", actor_id="ivo-ford", actor_name="Ivo Ford", authority=Authority.MINISTER, quote="a b c d e f"
        ),
    )
    newsroom.hear(an_article("a2", hour=1), a_statement(article="a2", hour=1))
    people = read_board(newsroom.reads).conflicts[0].parties[0].people
    assert [view.name for view in people] == ["Mira Vane", "Ivo Ford"]


def test_a_member_of_a_body_that_speaks_alone_sits_with_the_others(newsroom: Newsroom) -> None:
    newsroom.hear(an_article(), a_statement(actor_id="islandia", actor_name="Islandia", principal_id="islandia"))
    assert [view.name for view in read_board(newsroom.reads).conflicts[0].others] == ["Islandia"]


def test_a_position_is_shown_with_its_words_and_where_they_were_read(newsroom: Newsroom) -> None:
    statement = a_statement("conditional", quote="We accept if they leave.", conditions=("they leave",))
    newsroom.hear(an_article(), statement)
    vane = read_board(newsroom.reads).conflicts[0].parties[0].people[0]
    assert vane.position is PositionScale.CONDITIONAL
    assert vane.since == NOON
    assert vane.statement is not None
    assert vane.statement.quote == "We accept if they leave."
    assert vane.statement.conditions == ("they leave",)
    assert (vane.statement.speaker, vane.statement.publisher) == ("Vane", "Northern Wire")
    assert vane.statement.url == "https://northern-wire.example/a1"


def test_the_last_change_says_from_what_to_what_and_by_whom(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=2), a_statement("support", article="a2", hour=2))
    vane = read_board(newsroom.reads).conflicts[0].parties[0].people[0]
    assert vane.last_change is not None
    assert (vane.last_change.before, vane.last_change.after) == (PositionScale.REJECT, PositionScale.SUPPORT)
    assert vane.last_change.reason == "leader_direct"


def test_a_person_whose_words_carry_the_party_shares_them(newsroom: Newsroom) -> None:
    newsroom.hear(an_article(), a_statement())
    northland = read_board(newsroom.reads).conflicts[0].parties[0]
    assert northland.people[0].shares_words_of(northland)


def test_a_seeded_position_is_marked_until_something_live_is_heard(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement(article="a1"), seeded=True, live=False)
    assert read_board(newsroom.reads).conflicts[0].parties[0].seeded
    newsroom.hear(an_article("a2", hour=1), a_statement(article="a2", hour=1))
    assert not read_board(newsroom.reads).conflicts[0].parties[0].seeded


def test_words_that_were_taken_back_leave_the_board(newsroom: Newsroom) -> None:
    newsroom.hear(an_article(), a_statement())
    newsroom.hear(an_article(revision=2))
    conflict = read_board(newsroom.reads).conflicts[0]
    assert not conflict.parties[0].heard
    assert conflict.others == ()


def test_first_positions_are_no_latest_changes(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=2), a_statement("support", article="a2", hour=2))
    (alert,) = read_board(newsroom.reads).alerts
    (move,) = alert.moves
    assert set(move.actors) == {"Mira Vane", "Northland"}
    assert (move.before, move.after) == (PositionScale.REJECT, PositionScale.SUPPORT)
    assert (alert.conflict, alert.statement_id, alert.publisher) == ("River war", "st_a2", "Northern Wire")


def test_a_conflict_that_left_the_catalogue_keeps_its_history(newsroom: Newsroom) -> None:
    newsroom.hear(an_article(), a_statement())
    later = replace(newsroom, catalogue=newsroom.catalogue.restricted_to(["coast-war"]))
    assert read_board(later.reads).former == (RIVER_WAR,)
    conflict = find_conflict(later.reads, RIVER_WAR)
    assert conflict is not None
    assert [view.name for view in read_conflict(later.reads, conflict).others] == ["Northland"]
    assert find_conflict(later.reads, "no-such-war") is None


def test_an_actor_that_left_the_catalogue_is_shown_by_its_id(newsroom: Newsroom) -> None:
    newsroom.hear(an_article(), a_statement(actor_id="ivo-ford", actor_name="Ivo Ford"))
    later = replace(newsroom, catalogue=a_catalogue())
    others = {view.name: view for view in read_board(later.reads).conflicts[0].others}
    assert others["ivo-ford"].position is PositionScale.SUPPORT


# --- histories


def test_turns_are_told_newest_first_and_gather_what_one_statement_moved(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=2), a_statement("support", article="a2", hour=2))
    history = read_conflict_history(newsroom.reads, newsroom.catalogue.conflict(RIVER_WAR))
    assert [turn.statement_id for turn in history.turns] == ["st_a2", "st_a1"]
    assert [move.actors for move in history.turns[0].moves] == [("Mira Vane", "Northland")]
    assert history.told == {"st_a2"}
    assert history.superseded == ()


def test_an_alert_whose_words_were_taken_back_is_still_told_of(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    newsroom.hear(an_article("a2", hour=2), a_statement("support", article="a2", hour=2))
    newsroom.hear(an_article("a2", hour=2, revision=2))
    history = read_conflict_history(newsroom.reads, newsroom.catalogue.conflict(RIVER_WAR))
    assert [turn.statement_id for turn in history.turns] == ["st_a1"]
    assert "st_a2" in {alert.statement_id for alert in history.superseded}


def test_every_report_is_explained_and_what_is_held_back_says_what_it_needs(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
    blog = an_article("a2", hour=2, publisher="A Blog", tier=Tier.OTHER)
    newsroom.hear(blog, a_statement("support", article="a2", hour=2))
    history = read_actor_history(newsroom.reads, Policy(), newsroom.catalogue.conflict(RIVER_WAR), VANE)
    assert history is not None
    assert [one.reason for one in history.stances] == [Reason.NEEDS_PUBLISHER, Reason.ESTABLISHED]
    (held_back,) = history.held_back
    assert held_back.missing is not None
    assert "another publisher" in held_back.missing
    assert "between 12 March 2025, 14:00 UTC and 16 March 2025, 14:00 UTC" in held_back.missing


def test_what_was_read_with_little_confidence_says_how_much_it_needs(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1", confidence=0.41))
    history = read_actor_history(newsroom.reads, Policy(), newsroom.catalogue.conflict(RIVER_WAR), VANE)
    assert history is not None
    assert history.position is None
    assert str(history.stances[0].missing).endswith("or a confidence of 0.55 (it has 0.41)")


def test_a_second_publisher_sets_free_what_was_held_back(newsroom: Newsroom) -> None:
    for number, publisher in enumerate(("A Blog", "B Blog"), start=1):
        blog = an_article(f"a{number}", hour=number, publisher=publisher, tier=Tier.OTHER)
        newsroom.hear(blog, a_statement("support", article=f"a{number}", hour=number))
    history = read_actor_history(newsroom.reads, Policy(), newsroom.catalogue.conflict(RIVER_WAR), VANE)
    assert history is not None
    assert history.held_back == ()


def test_of_an_actor_that_was_never_heard_there_is_no_history(newsroom: Newsroom) -> None:
    assert read_actor_history(newsroom.reads, Policy(), newsroom.catalogue.conflict(RIVER_WAR), SOUTHLAND) is None


# --- the service's facts


def test_feeds_that_fail_are_named_with_their_trouble(newsroom: Newsroom) -> None:
    store = FeedStore(newsroom.client, newsroom.articles)
    well, ill = a_feed(), a_feed("Harbour Post")
    store.register([well, ill], NOON)
    manners = Manners(timedelta(seconds=60), host_at_once=2, host_gap=timedelta())
    states = {well.feed_id: a_feed_state(), ill.feed_id: a_feed_state(problem="answered 403", failures=3)}
    for claim in FeedClaims(newsroom.client).claim_due(NOON, 2, manners):
        feed = claim.feed
        assert store.commit_poll(Poll(feed.feed_id, claim.fence, feed.url, states[feed.feed_id], hours(1)))
    service = read_board(newsroom.reads).service
    assert [(view.feed.publisher, view.words) for view in service.failing] == [
        ("Harbour Post", "answered 403 (3 times)")
    ]
    assert len(service.feeds) == 2


def test_a_feed_is_told_as_new_or_gone() -> None:
    assert view_feed(a_feed(), a_feed_state(polled_at=None)).words == "not polled yet"
    gone = view_feed(a_feed(), a_feed_state(gone=True))
    assert (gone.ok, gone.words) == (False, "gone: its publisher took it away")


def test_articles_are_counted_by_what_became_of_them(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement(article="a1"))
    newsroom.skip(an_article("a2"), "off_topic")
    newsroom.skip(an_article("a3"), "KeyError: 'x'", Outcome.DEAD)
    newsroom.skip(an_article("a4"), "ValueError: y", Outcome.DEAD)
    newsroom.receive(an_article("a5"))
    service = read_board(newsroom.reads).service
    assert service.pending == 1
    assert [(end.outcome, end.reason, end.count) for end in service.ends] == [
        ("read", "read", 1),
        ("skipped", "off_topic", 1),
        ("dead", "", 2),
    ]


def test_an_outcome_of_a_later_version_is_counted_last() -> None:
    assert [end.outcome for end in count_ends({"burnt:x": 1, "read:read": 2})] == ["read", "burnt"]


def test_waiting_deliveries_are_counted_by_endpoint(newsroom: Newsroom) -> None:
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"), endpoint="desk")
    newsroom.hear(an_article("a2", hour=2), a_statement("support", article="a2", hour=2), endpoint="desk")
    service = read_board(newsroom.reads).service
    assert service.waiting == 2
    assert [(endpoint.name, endpoint.waiting, endpoint.state) for endpoint in service.endpoints] == [
        ("desk", 2, "well")
    ]


def test_endpoints_that_are_away_disabled_or_at_rest_are_told_with_why_and_since_when(newsroom: Newsroom) -> None:
    outbox, statement = newsroom.outbox, a_statement("reject", article="a1")
    newsroom.hear(an_article("a1"), statement, endpoint="desk")
    outbox.open_breaker("desk", Breaker(5, hours(1), hours(2)))
    outbox.disable("radio", "HTTP 410 Gone", hours(3))
    outbox.rest("chat", hours(2), hours(1))
    found = {one.name: one for one in read_endpoints(outbox, ["wire", "chat"])}
    assert list(found) == ["wire", "chat", "desk", "radio"]
    assert [one.state for one in found.values()] == ["well", "resting", "away", "disabled"]
    assert [one.ok for one in found.values()] == [True, True, False, False]
    assert (found["desk"].since, found["desk"].why) == (hours(1), "asked again at 14 March 2025, 14:00 UTC")
    assert (found["radio"].since, found["radio"].why) == (hours(3), "HTTP 410 Gone")
    assert found["chat"].why == "asked to be left alone for 60 minutes more"


def test_silences_that_hold_back_are_on_the_board_with_how_much(newsroom: Newsroom) -> None:
    silences = newsroom.reads.silences
    for name, ended in (("s1", None), ("s2", hours(1))):
        silences.add(Silence(name, VANE, None, NOON, hours(9), "a press tour", ended))
    silences.add(Silence("s3", NORTHLAND, RIVER_WAR, NOON, hours(3), "tests"))
    newsroom.hear(an_article("a1"), a_statement("reject", article="a1"), endpoint="desk")
    newsroom.hear(an_article("a2", hour=2), a_statement("support", article="a2", hour=2), endpoint="desk")
    shown = {one.silence_id: one for one in read_board(newsroom.reads).silences}
    assert {name: one.held for name, one in shown.items()} == {"s3": 0, "s1": 2}
    assert (shown["s1"].actor, shown["s1"].until) == ("Mira Vane", hours(9))
