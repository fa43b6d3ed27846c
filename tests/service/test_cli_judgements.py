"""The commands by which people judge, as they are typed, on a real store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from workers.storage import keys

SAID = ("--why", "an old quote", "--by", "ann")


def test_a_rejected_statement_is_taken_out_and_what_changes_is_said(run: Any) -> None:
    result = run("statements", "reject", "st_a2", *SAID)
    assert result.exit_code == 0
    assert "st_a2: rejected" in result.stdout
    assert "mira-vane: Supports -> Rejects, position.corrected" in result.stdout
    (conflict,) = json.loads(run("positions", "--json").stdout)
    assert conflict["parties"][0]["position"] == "reject"


def test_what_people_said_is_exported_as_replay_reads_it(run: Any, tmp_path: Path) -> None:
    run("statements", "accept", "st_a2", "--position", "conditional", *SAID)
    out = tmp_path / "corrections.jsonl"
    assert run("statements", "export", "-o", str(out)).exit_code == 0
    (line,) = map(json.loads, out.read_text().splitlines())
    assert (line["article_id"], line["actor"], line["verdict"], line["position"]) == (
        "a2", "Mira Vane", "accept", "conditional",
    )  # fmt: skip
    assert (line["why"], line["by"]) == ("an old quote", "ann")


@pytest.mark.parametrize("command", [("statements", "show", "st_a2"), ("explain", "mira-vane")])
def test_who_judged_and_why_is_shown(run: Any, command: tuple[str, ...]) -> None:
    run("statements", "reject", "st_a2", *SAID)
    shown = " ".join(run(*command).stdout.split())
    assert "rejected by ann" in shown
    assert "an old quote" in shown


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("statements", "reject", "st_x", *SAID), "statement 'st_x' is unknown"),
        (("statements", "reject", "st_a2", "--why", " ", "--by", "ann"), "--why: allowed are 1 to 1000 characters"),
        (("alerts", "approve", "msg_x"), "alert 'msg_x' waits for nobody"),
    ],
)
def test_what_cannot_be_judged_is_named(run: Any, command: tuple[str, ...], named: str) -> None:
    result = run(*command)
    assert result.exit_code == 2
    assert named in result.stderr


def test_a_held_alert_is_listed_until_somebody_judges_it(run: Any, valkey: redis.Redis) -> None:
    (alert,) = json.loads(run("alerts", "list", "--json").stdout)
    valkey.zadd(keys.alerts_held(), {alert["alert_id"]: 1.0})
    assert [one["alert_id"] for one in json.loads(run("alerts", "held", "--json").stdout)] == [alert["alert_id"]]
    assert "dropped, not sent to no endpoint" in run("alerts", "drop", alert["alert_id"], "--by", "ann").stdout
    again = run("alerts", "approve", alert["alert_id"])
    assert again.exit_code == 2
    assert f"alert '{alert['alert_id']}' was dropped by ann" in again.stderr
