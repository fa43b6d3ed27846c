"""Twenty kills of every kind of process, the store too: nothing lost, doubled, out of order or wrong.

`make chaos` is the same with thousands of kills, and with the language model.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.campaign import opened
from tests.chaos.plan import Plan

KILLS = 20
DEADLINE_S = 600  # of wall-clock time on a busy machine; it takes a tenth of that


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short one: a unix socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="tw-") as made:
        yield Path(made)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the service's processes by /proc")
@pytest.mark.timeout(DEADLINE_S)
def test_twenty_kills_lose_double_and_turn_round_nothing(folder: Path) -> None:
    verdict = opened(Plan(folder, KILLS, small=True)).run()
    assert verdict.words() == []
    assert verdict.alerts > 0
    assert verdict.deliveries >= verdict.alerts
