from __future__ import annotations

import pytest

from service.plain import plain_line, plain_text, tidy


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One  \n two.</p><p>Three</p>", "One two.\nThree"),
        ("One<br>two<br/>three", "One\ntwo\nthree"),
        ("<div>a<div>b</div>c</div>", "a\nb\nc"),
        ("<p>He said: <b>“no”</b>, <i>again</i>.</p>", "He said: “no”, again."),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<p>seen<script>alert('<p>not</p>')</script><style>p{}</style><!-- no --></p>", "seen"),
        ("<figure><img alt='x'><figcaption>Putin, left</figcaption></figure><p>Text</p>", "Text"),
        ("AT&amp;T &#8220;said&#8221; &nbsp; so", "AT&T “said” so"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("<p>unclosed <b>tags <i>all <p>over", "unclosed tags all\nover"),
        ("<?xml version='1.0' encoding='utf-16'?><p>words</p>", "words"),
        ("<html><head><title>no</title></head><body><p>words</body></html>", "words"),
        (
            "wrapped at\nsome column\n  and again.\nA second paragraph",
            "wrapped at some column and again.\nA second paragraph",
        ),
        ("one\n\ntwo", "one\ntwo"),
        ("cease\u00adfire\u200b now\ufeff", "ceasefire now"),
        ("red\x1b[31m \x00\x07bell \u202eeltit", "red[31m bell eltit"),
        ("half \ud83d surrogate", "half ? surrogate"),
        ("<p>half \ud83d surrogate</p>", "half ? surrogate"),
        ("<!-- only a comment -->", ""),
        ("<>", "<>"),
        ("", ""),
    ],
)
def test_markup_becomes_paragraphs(markup: str, text: str) -> None:
    assert plain_text(markup) == text


def test_a_title_is_one_line() -> None:
    assert plain_line(" Putin:\n<b>no</b> truce &amp; no talks<br>yet ") == "Putin: no truce & no talks yet"
    assert plain_line("Will <3 win?") == "Will <3 win?"


def test_markup_that_is_nested_too_deeply_costs_only_itself() -> None:
    assert isinstance(plain_text("<div>" * 100_000 + "x"), str)


def test_text_without_markup_is_left_alone() -> None:
    assert tidy("a\n\n b \n") == "a\nb"
