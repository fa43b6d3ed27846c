"""Words for people: what comes from outside is harmless once it is shown."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wording import (
    brief_time_words,
    clean,
    escape_steering,
    fold_words,
    http_link,
    listed,
    moved_words,
    quoted,
    reason_words,
    said_words,
    shown_url,
)
from tests.builders import NOON, hours
from workers.domain.policy import Reason
from workers.domain.statement import Precision

STEERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff\u200b\u00ad"


@given(st.text(st.characters(codec=None)))
def test_no_character_that_steers_survives(text: str) -> None:
    for char in clean(text):
        kind = unicodedata.category(char)
        assert kind not in {"Cc", "Cs", "Zl", "Zp"}
        assert char not in STEERING


@given(st.text(max_size=300), st.integers(2, 50))
def test_nothing_is_longer_than_asked(text: str, longest: int) -> None:
    assert len(clean(text, longest)) <= longest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\x1b[31mred\x1b[0m", "a[31mred[0m", id="escape sequences lose their escape"),
        pytest.param("one\ntwo\tthree", "one two three", id="line ends and tabs part words"),
        pytest.param("\u202egnp.exe", "gnp.exe", id="the reading order cannot be turned"),
        pytest.param("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e", id="Persian keeps its joiner"),
        pytest.param("a\ud800b", "ab", id="a lone surrogate cannot be written"),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(st.text(st.characters(codec=None)))
def test_json_of_any_text_steers_nothing_and_reads_back(text: str) -> None:
    written = escape_steering(json.dumps({"quote": text}, ensure_ascii=False, indent=2))
    written.encode()
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} or char in STEERING for char in written if char != "\n")
    # A lone low and high surrogate side by side are one character once they are read.
    assert json.loads(written)["quote"] == json.loads(json.dumps(text))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "//evil.example/x",
        "/conflicts",
        "https:",
        "https://",
        "https://user:secret@news.example/",
        "https://user@news.example/",
        "https://news.example:port/",
        "https://news.example\\@evil.example/",
        "https://[news.example/",
        "https://news.example/\x1b]8;;",
        "https://news.example/\u202ea",
        "https://news.example/" + "a" * 3000,
        "",
        None,
    ],
)
def test_what_is_no_plain_web_address_is_not_linked_to(url: str | None) -> None:
    assert http_link(url) is None


@pytest.mark.parametrize("url", ["https://news.example/a?b=c#d", "http://news.example", "HTTPS://news.example/ü"])
def test_web_addresses_are_linked_to_as_they_are(url: str) -> None:
    assert http_link(url) == url


def test_a_shown_address_keeps_its_secrets() -> None:
    assert shown_url("https://me:pass@news.example/feed?key=secret#x") == "https://news.example/feed?…"
    assert shown_url("\x1b") == "(no address)"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("leader_direct", "leader, quoted"),
        ("minister_action", "by an act"),
        ("backlog", "said before it was watched, or too long ago to alert"),
        ("some_new_reason", "some new reason"),
    ],
)
def test_reasons_are_put_in_words(reason: str, expected: str) -> None:
    assert reason_words(reason) == expected


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("leader_direct", "moved by a leader, quoted"),
        ("official_mixed", "moved by an official, partly quoted"),
        ("minister_action", "moved by an act"),
        ("corrected", "corrected by a person"),
        ("some_new_reason", "some new reason"),
    ],
)
def test_what_moved_a_position_is_told_in_a_sentence(reason: str, expected: str) -> None:
    assert moved_words(reason) == expected


def test_every_reason_of_the_fold_has_words() -> None:
    assert all(fold_words(reason) for reason in Reason)


def test_a_quote_gets_marks_unless_it_brings_its_own() -> None:
    assert quoted("We accept it.") == "“We accept it.”"
    assert quoted('"We accept it," Vane said.') == '"We accept it," Vane said.'


@pytest.mark.parametrize(
    ("names", "expected"), [([], ""), (["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")]
)
def test_names_are_listed_as_people_do(names: list[str], expected: str) -> None:
    assert listed(names) == expected


def test_times_are_as_exact_as_they_are_known() -> None:
    assert said_words(NOON, Precision.DAY) == "14 March 2025"
    assert said_words(NOON, Precision.TIME) == "14 March 2025, 12:00 UTC"
    assert brief_time_words(NOON, hours(5)) == "14 Mar, 12:00 UTC"
    assert brief_time_words(NOON, hours(24 * 365)) == "14 Mar 2025, 12:00 UTC"
