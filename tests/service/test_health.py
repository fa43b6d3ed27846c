from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.entry import is_probe
from service.health import STALE_S, judge_sign
from workers.life import LifeSign

ROOT = Path(__file__).parents[2]


def a_sign(tmp_path: Path, web: str | None = None, age_s: float = 0.0) -> Path:
    path = tmp_path / "alive"
    LifeSign(path, role="poll", web=web).beat()
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


def test_a_process_without_pages_is_well_while_it_shows_life(tmp_path: Path) -> None:
    answer = judge_sign(a_sign(tmp_path), alive_only=False)
    assert (answer.ready, answer.words) == (True, "`trucewatch poll` is alive")


def test_a_process_that_shows_no_life_any_more_is_not_well(tmp_path: Path) -> None:
    answer = judge_sign(a_sign(tmp_path, age_s=STALE_S + 60), alive_only=True)
    assert not answer.ready
    assert "gave its last sign of life 90 s ago" in answer.words


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "\x00"])
def test_a_sign_that_is_missing_or_damaged_is_none(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "alive"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert not judge_sign(path, alive_only=True).ready


def test_pages_are_asked_unless_it_is_about_the_process_alone(tmp_path: Path, unused_tcp_port: int) -> None:
    path = a_sign(tmp_path, web=f"http://0.0.0.0:{unused_tcp_port}")
    assert judge_sign(path, alive_only=True).ready
    asked = judge_sign(path, alive_only=False)
    assert not asked.ready
    assert f"no answer from http://0.0.0.0:{unused_tcp_port}/readyz" in asked.words


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["health"], True), (["health", "--alive"], True), (["health", "--help"], False), (["run"], False), ([], False)],
)
def test_only_the_words_of_a_probe_are_a_probe(words: list[str], expected: bool) -> None:
    assert is_probe(words) is expected


def test_a_probe_loads_neither_settings_nor_command_line(tmp_path: Path) -> None:
    path = a_sign(tmp_path)
    program = (
        "import sys; sys.argv = ['trucewatch', 'health']\n"
        "from service.entry import main\n"
        "try: main()\n"
        "except SystemExit as left: print(left.code, *sorted({'typer', 'pydantic', 'redis'} & set(sys.modules)))"
    )
    env = {**os.environ, "TRUCEWATCH_ALIVE_FILE": str(path)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["`trucewatch poll` is alive", "0"]
