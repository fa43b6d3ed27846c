"""When a condition is new, and when it is an earlier one in other words."""

from __future__ import annotations

import pytest

from workers.domain.terms import adds_terms

WITHDRAWAL = "Southland withdraws its troops from the eastern bank"


@pytest.mark.parametrize(
    ("said", "standing", "expected"),
    [
        pytest.param([WITHDRAWAL], [WITHDRAWAL], False, id="the same condition"),
        pytest.param(["a full withdrawal of the troops"], [WITHDRAWAL], False, id="in other words"),
        pytest.param(["all prisoners of war are released"], [WITHDRAWAL], True, id="another one"),
        pytest.param(["Southland releases every prisoner it holds"], [WITHDRAWAL], True, id="of the same other side"),
        pytest.param([WITHDRAWAL, "sanctions against the ministry are lifted"], [WITHDRAWAL], True, id="one more"),
        pytest.param([], [WITHDRAWAL], False, id="terms left out are not taken back"),
        pytest.param([WITHDRAWAL], [], False, id="without terms before, it is not known that they are new"),
        pytest.param(["if so"], [WITHDRAWAL], False, id="a condition without a word of weight"),
    ],
)
def test_adds_terms(said: list[str], standing: list[str], expected: bool) -> None:
    assert adds_terms(said, standing) is expected
