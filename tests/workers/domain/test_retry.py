from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.domain.retry import DELAYS_S, Verdict, judge_status, parse_retry_after, wait_after

NOW = datetime(2026, 3, 13, 18, 0, tzinfo=UTC)
DAY_S = 86_400.0


def expected_verdict(status: int, *, signed: bool) -> Verdict:
    """The table, written out once more and in other words than the code."""
    if 200 <= status <= 299:
        return Verdict.DELIVERED
    if status == 410:
        return Verdict.GONE
    if status in {413, 415, 422} or (status == 400 and not signed):
        return Verdict.DEAD
    return Verdict.RETRY


@pytest.mark.parametrize("signed", [True, False])
def test_every_status_has_its_verdict(signed: bool) -> None:
    for status in range(100, 600):
        assert judge_status(status, signed=signed) is expected_verdict(status, signed=signed), status


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        pytest.param(100, Verdict.RETRY, id="an informational answer is no success"),
        pytest.param(204, Verdict.DELIVERED, id="an empty success is a success"),
        pytest.param(301, Verdict.RETRY, id="a redirect is a failure"),
        pytest.param(400, Verdict.RETRY, id="a bad request may be a wrong key"),
        pytest.param(401, Verdict.RETRY, id="missing credentials are put right by people"),
        pytest.param(404, Verdict.RETRY, id="a wrong address is put right by people"),
        pytest.param(409, Verdict.RETRY, id="a conflict may pass"),
        pytest.param(410, Verdict.GONE, id="gone is gone"),
        pytest.param(413, Verdict.DEAD, id="too large stays too large"),
        pytest.param(422, Verdict.DEAD, id="refused content stays refused"),
        pytest.param(429, Verdict.RETRY, id="too many may come later"),
        pytest.param(500, Verdict.RETRY, id="a broken server may heal"),
        pytest.param(999, Verdict.RETRY, id="a status that nobody defined is a failure"),
    ],
)
def test_a_status_of_a_signed_endpoint(status: int, verdict: Verdict) -> None:
    assert judge_status(status, signed=True) is verdict


def test_a_bad_request_of_an_unsigned_endpoint_blames_the_message() -> None:
    assert judge_status(400, signed=False) is Verdict.DEAD


@pytest.mark.parametrize("signed", [True, False])
def test_too_large_for_now_is_tried_again_and_no_other_status_changes_by_being_asked_to_wait(signed: bool) -> None:
    for status in range(100, 600):
        expected = Verdict.RETRY if status == 413 else expected_verdict(status, signed=signed)
        assert judge_status(status, signed=signed, asks_to_wait=True) is expected, status


def test_the_schedule_has_eleven_sends_in_three_days_and_then_ends() -> None:
    waits = [wait_after(failures, 0.0) for failures in range(12)]
    assert waits[-1] is None
    assert [wait.total_seconds() for wait in waits if wait is not None] == [
        0, 5, 30, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400,
    ]  # fmt: skip
    assert timedelta(hours=75) < timedelta(seconds=sum(DELAYS_S)) < timedelta(hours=76)


@given(st.integers(0, 10), st.floats(-1, 1))
def test_jitter_moves_a_wait_by_at_most_a_fifth(failures: int, jitter: float) -> None:
    wait = wait_after(failures, jitter)
    assert wait is not None
    assert DELAYS_S[failures] * 0.799 <= wait.total_seconds() <= DELAYS_S[failures] * 1.201


@given(st.integers(0, 10), st.floats(-1, 1), st.floats(0, 1e9))
def test_a_wait_is_never_shorter_than_what_was_asked_for_up_to_a_day(
    failures: int, jitter: float, asked_s: float
) -> None:
    wait, own = wait_after(failures, jitter, asked_s), wait_after(failures, jitter)
    assert wait is not None
    assert own is not None
    assert wait.total_seconds() >= min(asked_s, DAY_S) - 1e-5
    assert wait >= own


def test_what_was_asked_for_does_not_add_sends() -> None:
    assert wait_after(11, 0.0, 60.0) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param(None, None, id="absent"),
        pytest.param("", None, id="empty"),
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 7 ", 7.0, id="seconds in blanks"),
        pytest.param("0.75", 0.75, id="a fraction"),
        pytest.param("0", 0.0, id="at once"),
        pytest.param("-5", None, id="negative"),
        pytest.param("1e9", None, id="an exponent"),
        pytest.param("²", None, id="a digit that is no number"),
        pytest.param("9" * 18, DAY_S, id="ages"),
        pytest.param("9" * 5000, None, id="absurdly long"),
        pytest.param("soon", None, id="a word"),
        pytest.param("nan", None, id="not a number"),
        pytest.param("Fri, 13 Mar 2026 18:02:00 GMT", 120.0, id="a date"),
        pytest.param("Friday, 13-Mar-26 18:02:00 GMT", 120.0, id="a date of RFC 850"),
        pytest.param("Fri Mar 13 18:02:00 2026", 120.0, id="a date of asctime"),
        pytest.param("Fri, 13 Mar 2026 18:02:00 -0000", 120.0, id="a date of an unknown zone"),
        pytest.param("Fri, 13 Mar 2026 20:02:00 +0200", 120.0, id="a date of another zone"),
        pytest.param("Thu, 12 Mar 2026 18:00:00 GMT", 0.0, id="a date that is past"),
        pytest.param("Fri, 13 Mar 2099 18:00:00 GMT", DAY_S, id="a date far off"),
        pytest.param("Fri, 99 Mar 2026 18:00:00 GMT", None, id="a date that is none"),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text(max_size=80))
def test_no_retry_after_breaks_the_reader(value: str) -> None:
    read = parse_retry_after(value, NOW)
    assert read is None or 0.0 <= read <= DAY_S
