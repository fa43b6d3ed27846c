from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.hints import fresh_s_of
from service.schedule import (
    LONGEST_PAUSE,
    SLOWEST,
    STRAYED,
    Tempo,
    Weight,
    after_document,
    after_failure,
    after_move,
    after_unchanged,
    news_a_day,
    out_of_skipped,
    weight_of,
)
from tests.builders import NOON, hours
from workers.domain.feed import MOVES_NEEDED, FeedState, PauseReason, first_poll_at

INTERVAL = timedelta(minutes=15)
CALM = Tempo(INTERVAL, 0.0)
DAY_S = 86_400.0


def a_state(**named: Any) -> FeedState:
    facts: dict[str, Any] = {
        "polled_at": hours(-1),
        "succeeded_at": hours(-1),
        "news_since": hours(-48),
        "pace_s": 900.0,
    }
    return FeedState(**(facts | named))


def pause_of(state: FeedState) -> timedelta:
    assert state.next_at is not None
    return state.next_at - NOON


@pytest.mark.parametrize(
    ("known", "total", "minutes", "reason"),
    [
        pytest.param(29, 30, 45, PauseReason.QUIET, id="nearly all known: slower"),
        pytest.param(15, 30, 30, PauseReason.STEADY, id="half known: as it is"),
        pytest.param(3, 30, 15, PauseReason.BUSY, id="little known: sooner"),
        pytest.param(0, 30, 15, PauseReason.GAP, id="nothing known: as soon as may be"),
        pytest.param(0, 0, 45, PauseReason.QUIET, id="an empty document: slower"),
    ],
)
def test_a_feed_finds_its_own_pace(known: int, total: int, minutes: int, reason: PauseReason) -> None:
    state = after_document(a_state(pace_s=1_800.0), NOON, CALM, known, total)
    assert (pause_of(state), state.reason) == (timedelta(minutes=minutes), reason)


def test_a_quiet_feed_is_polled_at_a_quarter_of_the_pace_and_no_less() -> None:
    state = a_state()
    for _ in range(50):
        state = after_unchanged(state, NOON, CALM)
    assert pause_of(state) == INTERVAL * SLOWEST
    busy = after_document(replace(state, next_at=None), NOON, CALM, 1, 30)
    assert pause_of(busy) == INTERVAL * SLOWEST / 2


def test_a_first_document_tells_nothing_of_the_pace_and_is_no_gap() -> None:
    state = after_document(FeedState(), NOON, CALM, 0, 30)
    assert (state.gaps, state.reason, pause_of(state)) == (0, PauseReason.FIRST, INTERVAL)


def test_a_document_without_anything_known_is_counted_as_a_possible_gap() -> None:
    state = after_document(a_state(gaps=2), NOON, CALM, 0, 30)
    assert (state.gaps, state.gap_at) == (3, NOON)


@pytest.mark.parametrize(
    ("status", "permanent", "weight"),
    [
        (None, False, Weight.TEMPORARY),
        (429, False, Weight.TEMPORARY),
        (503, False, Weight.TEMPORARY),
        (500, False, Weight.SOFT),
        (403, False, Weight.SOFT),
        (404, False, Weight.HARD),
        (410, True, Weight.HARD),
        (None, True, Weight.HARD),
    ],
)
def test_failures_weigh_differently(status: int | None, *, permanent: bool, weight: Weight) -> None:
    assert weight_of(status, permanent=permanent) is weight


@pytest.mark.parametrize("weight", list(Weight))
def test_failures_stretch_the_pause_up_to_a_day_and_never_end_a_feed(weight: Weight) -> None:
    state, pauses = a_state(), []
    for _ in range(100):
        state = after_failure(state, NOON, CALM, problem="answered 503", weight=weight)
        pauses.append(pause_of(state))
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    assert pauses[1] == INTERVAL * 2 ** (2 * weight.value)
    well = after_unchanged(state, NOON, CALM)
    assert (well.failures, well.weight, well.problem) == (0, 0.0, None)
    assert pause_of(well) < timedelta(hours=1)


HINTS = [
    pytest.param({"fresh_s": 7_200.0}, timedelta(hours=2), PauseReason.FRESH, id="max-age or Expires"),
    pytest.param({"ttl_s": 5_400}, timedelta(hours=1.5), PauseReason.TTL, id="ttl or updatePeriod"),
    pytest.param({"fresh_s": 3_600.0, "ttl_s": 7_200}, timedelta(hours=2), PauseReason.TTL, id="the longer one"),
    pytest.param({"fresh_s": 31_536_000.0}, timedelta(days=1), PauseReason.FRESH, id="a year is capped"),
    pytest.param({"skip_hours": (12, 13)}, timedelta(hours=2), PauseReason.SKIPPED, id="skipHours"),
    pytest.param({"skip_days": (4, 5)}, timedelta(hours=36), PauseReason.SKIPPED, id="skipDays: a Friday's noon"),
]


@pytest.mark.parametrize(("hints", "floor", "reason"), HINTS)
def test_every_hint_is_a_floor_after_an_answer_of_any_kind(
    hints: dict[str, Any], floor: timedelta, reason: PauseReason
) -> None:
    state = a_state(**hints)
    for after in (
        after_unchanged(state, NOON, CALM),
        after_document(state, NOON, CALM, 1, 30),
        after_failure(state, NOON, CALM, problem="answered 500", weight=Weight.SOFT),
    ):
        assert (pause_of(after), after.reason) == (floor, reason)


def test_a_wish_to_be_left_alone_is_obeyed_up_to_a_day() -> None:
    for wish_s in (7_200.0, 999_999.0):
        after = after_failure(
            a_state(), NOON, CALM, problem="answered 429", weight=Weight.TEMPORARY, retry_after_s=wish_s
        )
        assert (pause_of(after).total_seconds(), after.reason) == (min(wish_s, DAY_S), PauseReason.RETRY_AFTER)


def test_a_feed_that_asks_to_be_skipped_always_is_not_obeyed() -> None:
    assert out_of_skipped(NOON, tuple(range(24)), ()) == NOON
    assert out_of_skipped(NOON, (), tuple(range(7))) == NOON


@given(
    chance=st.floats(-1, 1),
    fresh_s=st.none() | st.floats(0, 1e9),
    ttl_s=st.none() | st.integers(0, 604_800),
    retry_s=st.none() | st.floats(0, DAY_S),
    pace_s=st.floats(1, DAY_S),
    known=st.integers(0, 30),
)
def test_nothing_is_ever_polled_earlier_than_a_hint_allows(
    *, chance: float, fresh_s: float | None, ttl_s: int | None, retry_s: float | None, pace_s: float, known: int
) -> None:
    state, tempo = a_state(fresh_s=fresh_s, ttl_s=ttl_s, pace_s=pace_s), Tempo(INTERVAL, chance)
    floor = min(max(fresh_s or 0, ttl_s or 0), DAY_S)
    assert pause_of(after_unchanged(state, NOON, tempo)).total_seconds() >= floor - 1e-6
    assert pause_of(after_document(state, NOON, tempo, known, 30)).total_seconds() >= floor - 1e-6
    failed = after_failure(state, NOON, tempo, problem="x", weight=Weight.SOFT, retry_after_s=retry_s)
    assert pause_of(failed).total_seconds() >= max(floor, retry_s or 0) - 1e-6


def test_chance_moves_a_pause_by_a_tenth() -> None:
    pauses = [pause_of(after_document(a_state(), NOON, Tempo(INTERVAL, chance), 15, 30)) for chance in (-1, 0, 1)]
    assert pauses == [INTERVAL * 0.9, INTERVAL, INTERVAL * 1.1]


def test_a_move_for_good_is_believed_after_several_polls_in_a_row() -> None:
    state = FeedState()
    for _ in range(MOVES_NEEDED - 1):
        state = after_move(state, "https://news.example/new")
    assert after_move(state, "https://other.example/").saved_url is None
    assert after_move(state, None).moves == 0
    assert after_move(state, "https://news.example/new").saved_url == "https://news.example/new"


def test_a_feed_that_is_lost_where_it_moved_to_is_looked_for_where_it_was() -> None:
    state = a_state(saved_url="https://news.example/new", moved_to="https://news.example/new", moves=3)
    for _ in range(STRAYED - 1):
        state = after_failure(state, NOON, CALM, problem="answered 404", weight=Weight.HARD)
        assert state.saved_url
    assert after_failure(state, NOON, CALM, problem="answered 404", weight=Weight.HARD).saved_url is None


def test_the_news_of_a_day_are_estimated_from_those_of_late() -> None:
    state = after_document(FeedState(), NOON, CALM, 0, 30)
    assert news_a_day(state, NOON) is None
    for hour in range(1, 72):
        state = after_document(state, hours(hour), CALM, 28, 30)
        if hour in {2, 12, 71}:
            rate = news_a_day(state, hours(hour))
            assert rate is not None
            assert 44 < rate < 52
    later = news_a_day(state, hours(71 + 240))
    assert later is not None
    assert later < 1


@given(st.text(max_size=40))
def test_first_polls_lie_within_the_window_and_never_move(name: str) -> None:
    window = timedelta(minutes=15)
    at = first_poll_at(name, NOON, window)
    assert NOON <= at < NOON + window
    assert at == first_poll_at(name, NOON, window)


def test_first_polls_are_spread_evenly() -> None:
    window = timedelta(minutes=10)
    minutes = [int((first_poll_at(f"{n:012x}", NOON, window) - NOON) / timedelta(minutes=1)) for n in range(2_000)]
    assert all(140 < minutes.count(minute) < 260 for minute in range(10))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"cache-control": "public, max-age=600"}, 600.0),
        ({"cache-control": "Max-Age=600, must-revalidate"}, 600.0),
        ({"cache-control": 'max-age="600"'}, 600.0),
        ({"cache-control": "max-age=600", "age": "200"}, 400.0),
        ({"cache-control": "max-age=600", "age": "2000"}, 0.0),
        ({"cache-control": "no-cache, max-age=600"}, 0.0),
        ({"cache-control": "no-store"}, 0.0),
        ({"cache-control": "s-maxage=600"}, None),
        ({"cache-control": "max-age=-1"}, None),
        ({"expires": "Fri, 14 Mar 2025 13:00:00 GMT"}, 3_600.0),
        ({"expires": "Fri, 14 Mar 2025 19:00:00 GMT", "date": "Fri, 14 Mar 2025 18:00:00 GMT"}, 3_600.0),
        ({"expires": "Fri, 14 Mar 2025 11:00:00 GMT"}, 0.0),
        ({"expires": "0"}, 0.0),
        ({"expires": "Thu, 01 Jan 1970 00:00:00 GMT", "cache-control": "max-age=60"}, 60.0),
        ({"cache-control": "max-age=" + "9" * 300}, 0.0),
    ],
)
def test_freshness_is_read_as_the_rfc_says(headers: dict[str, str], seconds: float | None) -> None:
    if headers.get("cache-control", "").endswith("999"):
        found = fresh_s_of(headers, NOON)
        assert found is None or found > 0
    else:
        assert fresh_s_of(headers, NOON) == seconds
