"""`trucewatch check` on catalogues: what stops the start is named with its place, what is doubtful with both places."""

from __future__ import annotations

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
