from __future__ import annotations

import pytest

from workers.language import LanguageJudge

JUDGE = LanguageJudge()
LONG = "The minister said on Friday that the talks on a truce would go on next week, whatever the other side did."


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        (LONG, None),
        (LONG, "de"),
        ("Putin rejects ceasefire proposal", None),
        ("Trump says Putin call went well", None),
        ("Erdoğan, Aliyev, Pashinyan, Abu Dhabi", None),
        ("Ceasefire talks", None),
        ("Ceasefire talks", "en-gb"),
        ("Хамас rejects the latest ceasefire proposal by the United States", None),
        ("", None),
        ("12:30", None),
    ],
)
def test_english_is_told_and_doubt_counts_for_it(text: str, tag: str | None) -> None:
    assert JUDGE.is_english(text, tag)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Putin lehnt Waffenruhe mit der Ukraine ab", None),
        ("Hamas sagt, es werde keine Geiseln freilassen, solange Israel nicht abzieht", "en"),
        ("Le président Macron appelle à un cessez-le-feu immédiat en Ukraine", None),
        ("Presiden Prabowo mendukung gencatan senjata di Gaza", None),
        ("Путин отверг перемирие", None),
        ("Путин", "en"),
        ("停火谈判", None),
        ("وقف إطلاق النار", "en"),
        ("Waffenruhe", "de"),
    ],
)
def test_another_language_is_told(text: str, tag: str | None) -> None:
    assert not JUDGE.is_english(text, tag)


def test_a_text_of_any_size_is_judged_by_its_beginning() -> None:
    assert JUDGE.is_english(LONG * 100_000, None)
