from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOON
from workers.domain.breaker import CLOSED, OPEN_AFTER, PATIENCE, PROBES_S, Breaker, after_failure, has_waited_too_long


def opened(probes: int = 0) -> Breaker:
    return Breaker(OPEN_AFTER + probes, NOON, NOON + timedelta(seconds=30), probes)


@pytest.mark.parametrize("failures", range(1, OPEN_AFTER))
def test_a_few_failures_leave_it_closed(failures: int) -> None:
    assert not after_failure(Breaker(failures), NOON, 0.0, None).is_open


def test_several_failures_in_a_row_open_it() -> None:
    after = after_failure(Breaker(OPEN_AFTER), NOON, 0.0, None)
    assert after == Breaker(OPEN_AFTER, NOON, NOON + timedelta(seconds=PROBES_S[0]), 0)


def test_probes_become_rarer_up_to_one_an_hour() -> None:
    breaker, waits = Breaker(OPEN_AFTER), []
    for _ in range(len(PROBES_S) + 2):
        breaker = after_failure(breaker, NOON, 0.0, None)
        assert breaker.until is not None
        waits.append((breaker.until - NOON).total_seconds())
    assert waits == [*PROBES_S, 3600, 3600]
    assert breaker.opened_at == NOON


@given(st.floats(-1, 1), st.floats(0, 1e9), st.integers(0, 20))
def test_what_the_endpoint_asks_for_is_obeyed_up_to_a_day(jitter: float, asked_s: float, probes: int) -> None:
    until = after_failure(opened(probes), NOON, jitter, asked_s).until
    assert until is not None
    wait_s = (until - NOON).total_seconds()
    assert min(asked_s, 86_400) - 1e-5 <= wait_s <= max(min(asked_s, 86_400), 3600 * 1.2) + 1e-5


def test_it_rests_until_its_probe_is_due() -> None:
    assert opened().rests_until(NOON) == NOON + timedelta(seconds=30)
    assert opened().rests_until(NOON + timedelta(seconds=30)) is None
    assert CLOSED.rests_until(NOON) is None


def test_a_delivery_waits_as_long_as_its_own_schedule_would_last() -> None:
    assert timedelta(hours=75) < PATIENCE < timedelta(hours=76)
    assert not has_waited_too_long(NOON, NOON + PATIENCE)
    assert has_waited_too_long(NOON, NOON + PATIENCE + timedelta(seconds=1))
