from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.domain.cutting import CUT, cut_text


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        pytest.param("peace", 5, "peace", id="what fits stays"),
        pytest.param("peaces", 5, "peac…", id="what does not is cut with a mark"),
        pytest.param("we agree", 4, "we…", id="no blank before the mark"),
        pytest.param("e\u0301e\u0301e\u0301", 4, "e\u0301…", id="an accent stays on its letter"),
        pytest.param("ab\U0001f44d\U0001f3fd!", 4, "ab…", id="a skin tone stays on its hand"),
        pytest.param("\U0001f1fa\U0001f1e6\U0001f1f7\U0001f1fa.", 4, "\U0001f1fa\U0001f1e6…", id="no half of a flag"),
        pytest.param("a\U0001f1fa\U0001f1e6bc", 3, "a…", id="no half of the first flag"),
        pytest.param("\U0001f468\u200d\U0001f469\u200d\U0001f467 x", 5, "…", id="a family stays together"),
        pytest.param("नमस्ते दुनिया", 5, "नम…", id="letters that are tied by a virama"),
        pytest.param("कि कि", 2, "…", id="a vowel sign that takes room"),
        pytest.param("\u1112\u1161\u11ab\u1112\u1161\u11ab", 5, "\u1112\u1161\u11ab…", id="a syllable in parts"),
        pytest.param("\U0001f3f4\U000e0067\U000e0062\U000e007f!", 3, "…", id="a flag spelled by tags"),
        pytest.param("\u0301" * 9, 4, "…", id="nothing but accents"),
        pytest.param("abc", 0, "…", id="no room at all"),
    ],
)
def test_a_text_is_cut_between_characters(text: str, most: int, cut: str) -> None:
    assert cut_text(text, most) == cut


@given(st.text(max_size=60), st.integers(1, 60))
def test_what_is_cut_fits_and_is_the_beginning(text: str, most: int) -> None:
    cut = cut_text(text, most)
    assert len(cut) <= most
    assert cut == text or (cut.endswith(CUT) and text.startswith(cut[:-1]))
