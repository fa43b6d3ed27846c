"""Copies, excerpts and independent reports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.domain.sameness import (
    LEAD_SIZE,
    SIGNATURE_SIZE,
    components,
    is_copy,
    same_words,
    signature_of,
    words_of,
)

WORDS = "the delegation of the northern council said that it would sign the paper on friday if the guns fall silent"
REPORT = " ".join(f"{WORDS} and observers number {number} watched the bridge" for number in range(12))
OTHER = " ".join(f"harvest figures for region {number} were published by the ministry late" for number in range(20))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(WORDS, WORDS.upper(), True, id="case does not count"),
        pytest.param(WORDS, f"“{WORDS},” he said.", True, id="quote marks do not count"),
        pytest.param(WORDS, "it would sign the paper on friday", True, id="an excerpt is the same words"),
        pytest.param(WORDS, OTHER, False, id="other words are not"),
        pytest.param("we want peace", "we want peace", False, id="three words are said by everybody"),
        pytest.param("we reject this truce", "We reject this truce!", True, id="four equal words are the same"),
        pytest.param("we reject this truce", "we accept this truce", False, id="four words must be equal"),
        pytest.param("", "", False, id="nothing is not the same as nothing"),
    ],
)
def test_same_words(one: str, other: str, expected: bool) -> None:
    assert same_words(one, other) is expected
    assert same_words(other, one) is expected


def test_a_lightly_edited_copy_is_known() -> None:
    edited = f"By our staff. {REPORT.replace('observers', 'monitors', 2)}"
    assert is_copy(signature_of(REPORT), signature_of(edited))


def test_an_excerpt_that_prints_the_lead_only_is_a_copy() -> None:
    lead = " ".join(f"{REPORT} {OTHER}".split()[:70])
    assert is_copy(signature_of(f"{REPORT} {OTHER} {OTHER}"), signature_of(lead))


def test_formulas_alone_are_not_the_same_words() -> None:
    one = "Northland's president Mira Vane on Monday rejected a ceasefire in the River Valley."
    other = "Northland's president Mira Vane said on Wednesday she would accept a ceasefire in the River Valley if"
    assert not same_words(one, other)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param("Mira Vane on Monday rejected the harbour truce with Southland.", False, id="another truce"),
        pytest.param("Mira Vane on Monday rejected the 60-day ceasefire with Southland.", False, id="another number"),
        pytest.param("Mira Vane on Monday refused the 30-day ceasefire with Southland.", True, id="a word exchanged"),
        pytest.param("Indeed, Mira Vane on Monday rejected the 30-day ceasefire with Southland.", True, id="longer"),
    ],
)
def test_a_short_sentence_is_the_same_unless_it_is_about_another_thing(other: str, same: bool) -> None:
    one = "Mira Vane on Monday rejected the 30-day ceasefire with Southland."
    assert same_words(one, other) is same
    assert same_words(other, one) is same


def test_what_is_read_as_another_position_must_be_nearly_all_the_same() -> None:
    other = WORDS.replace("would sign", "would never sign").replace("guns", "cannons")
    assert same_words(WORDS, other)
    assert not same_words(WORDS, other, read_alike=False)
    assert same_words(WORDS, WORDS, read_alike=False)


SPOKEN = "“We will not sign this paper while their guns stand on our side of the river”"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(f"In a statement late on Friday the presidency put it thus: {SPOKEN}.", True, id="reworded"),
        pytest.param('"we will not sign this paper while their guns stand on our side", she told us', True, id="cut"),
        pytest.param("Vane told parliament on Monday: “We will sign as soon as it is translated.”", False, id="others"),
        pytest.param("Vane told parliament on Monday that the river is theirs.", False, id="nothing quoted"),
    ],
)
def test_reports_of_the_same_spoken_words_are_the_same_whatever_stands_around_them(other: str, same: bool) -> None:
    assert same_words(f"Vane told parliament on Monday: {SPOKEN}, and left.", other) is same


def test_a_few_words_between_quote_marks_are_said_by_many() -> None:
    assert not same_words(
        "Vane called for “an immediate ceasefire” in the valley", "Orr wants “an immediate ceasefire”"
    )


def test_a_quote_with_a_word_in_eight_changed_is_the_same_and_a_short_one_is_not() -> None:
    words = words_of("we will lay down our arms when the last of their boats has left the western bank of the river")
    edited = [word if at % 8 != 3 else "however" for at, word in enumerate(words)]
    assert same_words(" ".join(words), " ".join(edited))
    assert not same_words("we accept the truce from monday on", "we reject the truce from monday on")


def test_another_report_is_no_copy() -> None:
    assert not is_copy(signature_of(REPORT), signature_of(OTHER))


def test_a_short_text_has_no_signature_and_copies_nothing() -> None:
    assert signature_of("Truce holds") == ""
    assert not is_copy("", "")


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    assert len(signature_of(text)) in {0, 2 * (SIGNATURE_SIZE + LEAD_SIZE)}
    same_words(text, WORDS)


@given(st.permutations(["a", "b", "c", "d"]), st.sets(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"))))
def test_components_depend_on_no_order(members: list[str], links: set[tuple[str, str]]) -> None:
    forth = components(members, [(one, [other]) for one, other in links])
    back = components(sorted(members), [(other, [one]) for one, other in sorted(links, reverse=True)])
    assert forth == back
    assert all(forth[one] == forth[other] for one, other in links)
