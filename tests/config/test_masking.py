"""What must not be read on a screen or in a log is not."""

from __future__ import annotations

import pytest

from config.masking import mask_url, mask_urls_in, mask_values, secret_parts, without_controls


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://example.org/feed?page=2", "https://example.org/feed?page=2"),
        ("https://user:word@example.org:8443/feed", "https://***@example.org:8443/feed"),
        ("https://example.org/?a=1&api_key=abc&b=2#x", "https://example.org/?a=1&api_key=***&b=2#x"),
        ("redis://:word@[::1]:6379/0", "redis://***@[::1]:6379/0"),
        ("unix:///run/store/sock?db=0", "unix:///run/store/sock?db=0"),
        ("https://[broken", "***"),
    ],
)
def test_an_address_keeps_what_is_public(url: str, masked: str) -> None:
    assert mask_url(url) == masked


def test_a_webhook_keeps_its_host_only() -> None:
    assert mask_url("mattermost+https://me@chat.example.org/hooks/abc?x=1", whole=True) == (
        "mattermost+https://chat.example.org/***"
    )


def test_addresses_are_masked_inside_a_text() -> None:
    assert mask_urls_in('["https://a:b@c/d", "plain"]') == '["https://***@c/d", "plain"]'


def test_the_longest_secret_is_masked_first_and_short_ones_never() -> None:
    assert mask_values("secret-and-more secret of a", ["secret", "secret-and-more", "a"]) == "*** *** of a"


def test_the_secrets_inside_a_secret_are_found() -> None:
    text = '[{"url": "https://u:pass%20word@h/p", "secrets": ["whsec_abc", "whsec_def"]}]'
    assert secret_parts(text) == ("https://u:pass%20word@h/p", "pass word", "whsec_abc", "whsec_def")


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\x9b", "\u200b", "\u202e", "\u2066", "\u2029", "\udcff"])
def test_characters_that_steer_a_terminal_become_spaces(char: str) -> None:
    assert without_controls(f"a{char}b") == "a b"


def test_words_of_every_script_stay_and_lines_where_they_are_wanted() -> None:
    assert without_controls("Перемирие — هدنة 停火 “quote”") == "Перемирие — هدنة 停火 “quote”"
    assert without_controls("a\n\tb\x1b", keep="\n\t") == "a\n\tb "
