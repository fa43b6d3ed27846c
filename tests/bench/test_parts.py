from __future__ import annotations

from importlib.util import find_spec

from tests.bench.__main__ import main, merged, run
from tests.bench.parts import PARTS, Part


def test_every_part_is_a_module_with_a_name_of_its_own() -> None:
    assert all(find_spec(f"tests.bench.{part.module}") for part in PARTS)
    assert len({part.name for part in PARTS}) == len(PARTS)


def test_figures_are_named_after_their_part() -> None:
    assert merged({"a": {"x": 1}, "b": {"x": 2.5, "right": True}}) == {"a_x": 1, "b_x": 2.5, "b_right": True}


def test_a_part_that_says_nothing_has_failed() -> None:
    code, figures = run(Part("none", "parts"), [])
    assert (code, figures) == (1, {})


def test_a_part_without_the_data_that_it_measures_on_is_left_out(capfd) -> None:
    assert main(["parsing", "--feeds", "none-such"]) == 0
    out = capfd.readouterr().out.splitlines()
    assert "left out, since there is no folder none-such" in out[0]
    assert out[-1] == '{"failed_parts": ""}'
