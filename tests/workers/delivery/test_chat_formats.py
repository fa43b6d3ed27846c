"""What chat services get: pinned by golden files, held to the vendors' limits, harmless whatever the words.

`TRUCEWATCH_TEST_WRITE_GOLDEN=1` writes the files anew, to be looked at before they are committed.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.alerts import HOSTILE_WORDS, every_alert, summary_data
from tests.builders import alert_data, an_alert
from workers.delivery.chat_services import EndpointFormat
from workers.delivery.formats import MAX_BYTES, Frozen, freeze
from workers.delivery.wording import utf16_units
from workers.domain.alert import Alert, AlertType

GOLDEN = Path(__file__).parent / "golden"
WRITE = bool(os.environ.get("TRUCEWATCH_TEST_WRITE_GOLDEN"))
ALERTS = every_alert()
CHATS = [kind for kind in EndpointFormat if not kind.for_machines]


def shown(frozen: Frozen) -> str:
    """A body as a person can review it: what is sent is one line of the same JSON."""
    json_body = frozen.content_type.startswith("application/")
    whole = {
        "content_type": frozen.content_type,
        "headers": dict(frozen.headers),
        "body": json.loads(frozen.body) if json_body else frozen.body.split("\n"),
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize("name", ALERTS)
@pytest.mark.parametrize("kind", EndpointFormat)
def test_every_format_of_every_alert_is_pinned(kind: EndpointFormat, name: str) -> None:
    path = GOLDEN / f"{kind}.{name}.json"
    found = shown(freeze(ALERTS[name], kind))
    if WRITE:
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", CHATS)
def test_a_person_reads_who_from_to_the_words_conditions_source_and_link(kind: EndpointFormat) -> None:
    frozen = freeze(ALERTS["conditions"], kind)
    titles = [b64decode(v.split("?")[3]).decode() for n, v in frozen.headers if n == "title" and v.startswith("=?")]
    said = "".join([*titles, *(v for _, v in frozen.headers), frozen.body]).replace("\\\\", "")
    for part in (
        "River war", "Mira Vane", "backs a ceasefire under conditions", "supported it", "We accept the ceasefire.",
        "if the army withdraws", "Northern Wire", "https://northern-wire.example/a1",
        "http://127.0.0.1:8088/conflicts/river-war#st_a1",
    ):  # fmt: skip
        assert part in said


def huge(letter: str) -> Iterator[Alert]:
    data = alert_data()
    words = letter * 9_000
    data["conflict"]["name"] = words
    data["changes"] = [{**data["changes"][0], "actor": {"id": "a", "name": words, "kind": "state"}}] * 60
    data["statement"] |= {"quote": words, "speaker": words, "conditions": [words] * 40}
    for address in ("x" * 1_900, "x" * 8_000, '"' * 1_900, "ї" * 1_900)[: 4 if letter == "a" else 1]:
        data["article"] = {**data["article"], "title": words, "publisher": words, "url": "https://a.example/" + address}
        yield an_alert(data={**data, "link": "https://b.example/" + address})
    entry = {
        **summary_data()["alerts"][0],
        "conflict": {"id": "c", "name": letter * 300},
        "url": "https://a.example/" + "x" * 1_900,
    }
    yield an_alert(
        lane="service",
        alert_type=AlertType.ALERTS_SUMMARY,
        data={**summary_data(), "alerts": [entry] * 60, "count": 200},
    )


@pytest.mark.parametrize("letter", ["a", "*", "&", "<", '"', "ї", "😀", "é\u0301", "\u202e", "\ud800", "@"])
@pytest.mark.parametrize("kind", EndpointFormat)
def test_no_message_is_larger_than_its_vendor_allows(kind: EndpointFormat, letter: str) -> None:
    for alert in huge(letter):
        frozen = freeze(alert, kind)
        assert len(frozen.body.encode()) <= MAX_BYTES
        assert_within_limits(kind, frozen)


def assert_within_limits(kind: EndpointFormat, frozen: Frozen) -> None:
    """The limits once more, from the vendors' pages and not from the code."""
    if kind is EndpointFormat.NTFY:
        assert 0 < len(frozen.body.encode()) <= 4_096
        assert all(value.isascii() and value.isprintable() for _, value in frozen.headers)
        return
    body = json.loads(frozen.body)
    if kind is EndpointFormat.SLACK:
        assert 1 <= len(body["blocks"]) <= 50
        assert utf16_units(body["text"]) <= 4_000
        for block in body["blocks"]:
            texts = block["elements"] if block["type"] == "context" else [block["text"]]
            assert all(
                1 <= utf16_units(text["text"]) <= (150 if block["type"] == "header" else 3_000) for text in texts
            )
    if kind is EndpointFormat.DISCORD:
        (embed,) = body["embeds"]
        assert 1 <= utf16_units(body["content"]) <= 2_000
        assert utf16_units(embed["title"]) <= 256
        assert utf16_units(embed["description"]) <= 4_096
        texts = [embed["title"], embed["description"], embed.get("footer", {}).get("text", "")]
        for field in embed.get("fields", ()):
            assert 1 <= utf16_units(field["value"]) <= 1_024
            texts += [field["name"], field["value"]]
        assert sum(map(utf16_units, texts)) <= 6_000
    if kind is EndpointFormat.MATTERMOST:
        assert 1 <= utf16_units(body["text"]) <= 16_383
    if kind is EndpointFormat.GOOGLE_CHAT:
        assert 1 <= utf16_units(body["text"]) <= 4_096


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


def assert_harmless(kind: EndpointFormat, frozen: Frozen) -> None:
    """Nobody is pinged, no link is forged, no reading order turned."""
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", frozen.body)
    if kind is EndpointFormat.NTFY:
        return  # plain text for eyes
    body = json.loads(frozen.body)
    if kind is EndpointFormat.APPRISE:  # whichever service is behind it: Discord pings and makes links of what it gets
        said = body["title"] + body["body"]
        assert not re.search("[<>]|@(?!\u200b)", said)
        assert "](" not in said
        return
    if kind is EndpointFormat.SLACK:
        marked = [body["text"], *(t["text"] for b in body["blocks"] for t in texts_of(b) if t["type"] == "mrkdwn")]
        for text in marked:
            assert re.sub(r"<https?://[^<>|]+\|[^<>|]*>", "", text).count("<") == 0
            assert "<!" not in text
    if kind is EndpointFormat.DISCORD:
        assert body["allowed_mentions"] == {"parse": []}
        assert not any(re.search(r"(?<!\\)\]\((?!http)", text) for text in strings(body))
        body["embeds"][0].pop("footer", None)  # the one place in which Discord knows no marks
        assert not any("](https://evil" in re.sub(r"\\.", "", text) for text in strings(body))
    if kind is EndpointFormat.TEAMS:
        card = body["attachments"][0]["content"]
        assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
        assert "entities" not in card["msteams"]
    if kind is EndpointFormat.MATTERMOST:
        assert not re.search("@(?!\u200b)", re.sub(r"\]\([^)]*\)", "", body["text"]))
        assert "<!channel>" not in body["text"]
        assert "](https://evil" not in body["text"].replace("\\](", "").replace("\\]\\(", "")
    if kind is EndpointFormat.GOOGLE_CHAT:
        assert "<" not in body["text"]
        html = "".join(w["textParagraph"]["text"] for s in body["cardsV2"][0]["card"]["sections"] for w in s["widgets"])
        assert not re.sub(r"</?i>|<a href=\"https?://[^\"<>]*\">|</a>", "", html).count("<")
        assert 'href="https://evil' not in html


def texts_of(block: dict[str, Any]) -> list[dict[str, Any]]:
    return block["elements"] if block["type"] == "context" else [block["text"]]


@pytest.mark.parametrize("kind", CHATS)
@pytest.mark.parametrize("url", ["https://reuters.com@evil.example/", "https://user:word@evil.example/x", "https:///x"])
def test_an_address_that_hides_its_host_is_no_link(kind: EndpointFormat, url: str) -> None:
    data = alert_data()
    data["article"] = {**data["article"], "url": url}
    frozen = freeze(an_alert(data=data), kind)
    assert "evil.example" not in frozen.body + str(frozen.headers)


@pytest.mark.parametrize("kind", CHATS)
def test_marks_piled_on_a_letter_do_not_cover_the_lines_around(kind: EndpointFormat) -> None:
    data = alert_data()
    data["statement"] |= {"quote": "Z" + "\u0335\u0322\u0353" * 200 + "algo. שָׁלוֹם"}
    said = freeze(an_alert(data=data), kind).body
    assert not re.search("[\u0335\u0322\u0353]{9}", said)
    assert "שָׁלוֹם" in said


@pytest.mark.parametrize("kind", CHATS)
def test_words_of_an_enemy_ping_nobody_and_forge_no_link(kind: EndpointFormat) -> None:
    assert_harmless(kind, freeze(ALERTS["hostile"], kind))


@pytest.mark.parametrize("kind", CHATS)
@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(sorted(ALERTS)),
    words=st.lists(
        st.sampled_from([*"<>[]()|@!*_`~\\&#\n\u202e a😀", "https://evil.example/", HOSTILE_WORDS]), max_size=30
    ),
)
def test_no_words_ping_or_forge(kind: EndpointFormat, name: str, words: list[str]) -> None:
    alert = ALERTS[name]
    frozen = freeze(replace(alert, data=poisoned(alert.data, "".join(words))), kind)
    assert_harmless(kind, frozen)
    assert_within_limits(kind, frozen)


def poisoned(value: Any, words: str, key: str = "") -> Any:
    """The data of an alert with these words in every place that strangers may write."""
    if isinstance(value, dict):
        return {name: poisoned(part, words, name) for name, part in value.items()}
    if isinstance(value, list):
        return [poisoned(part, words, key) for part in value]
    if key == "url":
        return f"https://a.example/{words}"
    return words if key in {"name", "quote", "speaker", "conditions", "title", "publisher", "why", "note"} else value
