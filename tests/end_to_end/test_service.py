"""The service as people run it: with a store that comes late and goes away, and with feeds and endpoints in trouble."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.town import DEADLINE_S, Town, running, until

PROCESSES = 3  # the daemon, the worker of articles, the worker of alerts


@pytest.mark.timeout(3 * DEADLINE_S)
def test_a_store_that_comes_late_and_goes_away_costs_a_delay_and_is_named_once(town: Town) -> None:
    with running(town, TRUCEWATCH_REDIS_URL=town.store.url):
        until(lambda: bool(town.events("store_awaited")), town.log)
        town.store.start()
        town.publish("reject")
        until(lambda: bool(town.events("article_ended")), town.log)
        town.publish("support")
        until(lambda: len(town.moves()) == 1, town.log)

        pid = town.store._server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(lambda: len(town.events("store_away")) == PROCESSES, town.log)
        town.publish("reject")
        town.store.ensure()
        until(lambda: len(town.moves()) == 2 and len(town.events("store_back")) == PROCESSES, town.log)
    assert town.moves() == [("reject", "support"), ("support", "reject")]
    assert len(town.events("store_away")) == len(town.events("store_back")) == PROCESSES
    assert "Traceback" not in town.log()
    assert not town.events("child_died")


@pytest.mark.timeout(3 * DEADLINE_S)
def test_sigterm_ends_it_within_seconds_and_it_goes_on_where_it_was_though_its_endpoint_is_in_trouble(
    town: Town,
) -> None:
    data = str(town.folder / "data")
    with running(town, TRUCEWATCH_DATA_DIR=data) as service:
        town.publish("reject")
        until(lambda: bool(town.events("article_ended")), town.log)
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert service.returncode == 0
    town.publish("support")
    town.statuses += [500]
    with running(town, TRUCEWATCH_DATA_DIR=data):
        until(lambda: len(town.moves()) == 1, town.log)
    assert town.moves() == [("reject", "support")]
    assert [line["verdict"] for line in town.events("delivery_sent")] == ["retry", "delivered"]
    assert len({line["delivery_id"] for line in town.events("delivery_sent")}) == 1
