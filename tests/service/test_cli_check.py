"""`trucewatch check` on catalogues: what stops the start is named with its place, what is doubtful with both places."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from tests.archives import CATALOGUE

RIVAL = """
[[actor]]
id = "vane-the-younger"
name = "Tessa Vane"
kind = "person"
aliases = ["Vane"]
offices = ["Southland's foreign minister"]
speaks_for = "southland"
"""


@pytest.fixture
def check(tmp_path: Path) -> Any:
    """Check a catalogue of this text; the settings are otherwise those of a bare machine."""

    def check_it(text: str) -> Result:
        path = tmp_path / "catalogue.toml"
        path.write_text(text, encoding="utf-8")
        env = {"TRUCEWATCH_CATALOGUE": str(path), "TRUCEWATCH_DATA_DIR": str(tmp_path / "data")}
        return CliRunner().invoke(app, ["check"], env=env)

    return check_it


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        pytest.param('name = "Southland"\n', "", "actor 'southland': name is missing", id="a missing key"),
        pytest.param(
            'terms = ["River', 'from = "2025-02-01"\nto = "2025-01-01"\nterms = ["River', "to 2025-01-01 lies before",
            id="a date the wrong way round",
        ),
        pytest.param('"northland", "south', '"atlantis", "south', "unknown actor 'atlantis'", id="an unknown id"),
        pytest.param("version = 1", "version = ", "is not TOML", id="no TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_catalogue_is_named_with_its_place(check: Any, old: str, new: str, named: str) -> None:
    assert old in CATALOGUE
    result = check(CATALOGUE.replace(old, new, 1))
    assert result.exit_code == 2
    assert "catalogue.toml" in result.stderr
    assert named in result.stderr


def test_one_alias_of_two_actors_of_a_conflict_is_named_with_both_places(check: Any) -> None:
    result = check(CATALOGUE + RIVAL)
    assert result.exit_code == 0
    lines = [line for line in result.stderr.splitlines() if "'vane'" in line]
    assert len(lines) == 1
    assert "actor 'mira-vane'" in lines[0]
    assert "actor 'vane-the-younger'" in lines[0]
    assert lines[0].count("catalogue.toml:") == 2


def test_people_without_a_party_and_offices_of_two_are_doubtful(check: Any) -> None:
    result = check(
        CATALOGUE
        + RIVAL.replace('"vane-the-younger"', '"second"')
        .replace("Tessa Vane", "Ada Ford")
        .replace('"Vane"', '"Ford"')
        .replace("foreign minister", "prime minister")
        + '\n[[actor]]\nid = "nobody"\nname = "No Body"\nkind = "person"\n'
    )
    assert 'has the same office "southland\'s prime minister" at that time' in result.stderr
    assert "actor 'nobody': speaks for no party" in result.stderr


def test_a_sound_catalogue_is_well(check: Any) -> None:
    result = check(CATALOGUE)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "all is well\n", "")


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    """What is wrong by itself, and what is named by the settings that are right."""
    wrong = {
        "TRUCEWATCH_POLL_INTERVAL_S": "often",
        "TRUCEWATCH_REDIS_URLL": "redis://127.0.0.1",
        "TRUCEWATCH_WEB_TOKEN_FILE": str(tmp_path / "absent"),
        "TRUCEWATCH_CATALOGUE": str(tmp_path / "absent.toml"),
        "TRUCEWATCH_FEEDS": str(tmp_path / "absent.opml"),
        "TRUCEWATCH_SPACY_MODEL": "no_such_model",
        "TRUCEWATCH_WEBHOOKS": '[{"url": "ftp://hooks.example", "unsigned": true, "filter": {"actors": ["putin"]}}]',
    }
    for command in ("run", "check"):
        result = CliRunner().invoke(app, [command], env=wrong)
        assert result.exit_code == 2
        named = [line.split(":")[1].strip() for line in result.stderr.splitlines()]
        assert sorted(named) == sorted(wrong), command


def test_what_hangs_on_a_wrong_setting_is_not_judged(tmp_path: Path) -> None:
    wrong = {
        "TRUCEWATCH_WEBHOOKS": "https://hooks.example/a",
        "TRUCEWATCH_WEBHOOK_SECRETS_FILE": str(tmp_path / "absent"),
    }
    result = CliRunner().invoke(app, ["check"], env=wrong)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "TRUCEWATCH_WEBHOOK_SECRETS_FILE" in line


def test_an_actor_that_does_not_exist_stops_the_start() -> None:
    hooks = '[{"url": "https://hooks.example/a", "unsigned": true, "filter": {"actors": ["putinn"]}}]'
    result = CliRunner().invoke(app, ["run"], env={"TRUCEWATCH_WEBHOOKS": hooks})
    assert result.exit_code == 2
    assert "'putinn' is not known" in result.stderr
    assert "do you mean putin" in result.stderr


def test_a_conflict_that_does_not_exist_is_named_with_its_setting_and_those_that_do() -> None:
    result = CliRunner().invoke(app, ["check"], env={"TRUCEWATCH_CONFLICTS": "sudan, atlantis"})
    assert result.exit_code == 2
    assert result.stderr.startswith("error: TRUCEWATCH_CONFLICTS: ")
    assert "unknown conflicts 'atlantis'; allowed are: russia-ukraine" in result.stderr


@pytest.mark.parametrize("command", [["poll"], ["work"], ["work", "--queue", "alerts"], ["web"]])
def test_who_starts_no_store_needs_the_address_of_one(command: list[str]) -> None:
    result = CliRunner().invoke(app, command, env={"TRUCEWATCH_FEEDS": "/absent.opml"})
    assert result.exit_code == 2
    assert "TRUCEWATCH_REDIS_URL: not set" in result.stderr
    assert "TRUCEWATCH_FEEDS" in result.stderr


def test_a_worker_needs_the_address_of_a_store() -> None:
    worker = subprocess.run(
        [sys.executable, "-m", "workers", "alerts"],
        env={"PATH": os.defpath, "HOME": os.environ["HOME"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert worker.returncode == 2
    assert worker.stderr.startswith("TRUCEWATCH_REDIS_URL: not set")
