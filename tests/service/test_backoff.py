"""Pauses before the dead are started again."""

from __future__ import annotations

from service.backoff import Backoff


def test_pauses_grow_up_to_a_limit_and_start_over_after_a_healthy_life() -> None:
    backoff = Backoff(first_s=1.0, longest_s=5.0, healthy_s=30.0)
    assert [backoff.pause_after(0.1) for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert backoff.pause_after(31.0) == 1.0
    assert backoff.pause_after(0.1) == 2.0
