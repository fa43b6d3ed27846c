"""The commands that show what is known, as they are typed, on a real store."""

from __future__ import annotations

import json
from typing import Any

import pytest


def test_lists_and_single_things_are_json_for_programs(run: Any) -> None:
    statements = json.loads(run("statements", "list", "--json").stdout)
    assert [one["statement_id"] for one in statements] == ["st_a2", "st_a1"]
    assert json.loads(run("statements", "show", "st_a1", "--json").stdout)["position"] == "reject"
    (alert,) = json.loads(run("alerts", "list", "--json").stdout)
    assert [move["after"] for move in alert["moves"]] == ["support"]
    details = json.loads(run("alerts", "show", alert["alert_id"], "--json").stdout)
    assert details["data"]["statement"]["id"] == "st_a2"
    assert len(json.loads(run("alerts", "list", "--all", "--json").stdout)) == 2
    (conflict,) = json.loads(run("positions", "--json").stdout)
    assert conflict["parties"][0]["position"] == "support"
    (history,) = json.loads(run("explain", "Mira Vane", "--json").stdout)
    assert [one["told_by"] for one in history["stances"]] == [alert["alert_id"], None]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("statements", "list"), id="statements"),
        pytest.param(("statements", "list", "--actor", "northland"), id="statements of a party"),
        pytest.param(("statements", "show", "st_a2"), id="one statement"),
        pytest.param(("alerts", "list"), id="alerts"),
        pytest.param(("positions",), id="positions"),
        pytest.param(("explain", "mira-vane", "river-war"), id="an actor's history"),
    ],
)
def test_people_get_tables(run: Any, command: tuple[str, ...]) -> None:
    result = run(*command)
    assert result.exit_code == 0
    assert "Supports" in result.stdout
    assert "\x1b" not in result.stdout


def test_an_actor_of_whom_nothing_was_heard_is_no_error(run: Any) -> None:
    assert run("statements", "list", "--actor", "Tomas Orr").stdout == "No statements.\n"
    assert "Nothing was heard of 'tomas-orr'." in run("explain", "tomas-orr").stdout


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("statements", "show", "st_x"), "statement 'st_x' is unknown"),
        (("alerts", "show", "msg_x"), "alert 'msg_x' is unknown"),
        (("explain", "nobody"), "actor 'nobody' is not in the catalogue"),
        (("positions", "--conflict", "atlantis"), "conflict 'atlantis' is unknown; those with history are: river-war"),
        (("statements", "list", "--conflict", "atlantis"), "conflict 'atlantis' is unknown"),
    ],
)
def test_what_is_unknown_is_named(run: Any, command: tuple[str, ...], named: str) -> None:
    result = run(*command)
    assert result.exit_code == 2
    assert named in result.stderr
