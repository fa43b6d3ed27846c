from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.builders import alert_data, an_alert
from workers.delivery.chat_services import EndpointFormat
from workers.delivery.formats import MAX_BYTES, freeze
from workers.domain.alert import Alert

PINNED = an_alert(
    alert_id="msg_ab12_river-war_42",
    sequence=42,
    timestamp=datetime(2025, 3, 13, 20, 4, 5, 987_654, tzinfo=timezone(timedelta(hours=2))),
    data={
        "conflict": {"id": "river-war", "name": "River war"},
        "sequence": 42,
        "follows": None,
        "late": False,
        "changes": [{"actor": {"id": "vane", "name": "Mira Vane"}, "from": "reject", "to": "support"}],
        "statement": {"quote": "“Ми за мир”,\nshe said: \u2028“now”.", "confidence": 0.91, "conditions": ()},
    },
)
PINNED_BODY = (
    '{"data":{"changes":[{"actor":{"id":"vane","name":"Mira Vane"},"from":"reject","to":"support"}],'
    '"conflict":{"id":"river-war","name":"River war"},"follows":null,"late":false,"sequence":42,'
    '"statement":{"conditions":[],"confidence":0.91,"quote":"“Ми за мир”,\\nshe said: \u2028“now”."}},'
    '"timestamp":"2025-03-13T18:04:05Z","type":"position.changed"}'
)


def body_of(alert: Alert) -> str:
    return freeze(alert, EndpointFormat.STANDARD).body


def data_of(alert: Alert) -> dict[str, Any]:
    body = body_of(alert)
    assert len(body.encode()) <= MAX_BYTES
    data: dict[str, Any] = json.loads(body)["data"]
    return data


def alert_with(part: str, **named: Any) -> Alert:
    data = alert_data()
    return an_alert(data={**data, part: {**data[part], **named}})


def test_the_bytes_of_an_alert_are_pinned() -> None:
    frozen = freeze(PINNED, EndpointFormat.STANDARD)
    assert frozen.content_type == "application/json"
    assert frozen.body == PINNED_BODY


def test_the_same_alert_gives_the_same_bytes_whatever_the_order_of_its_parts() -> None:
    turned = dict(reversed(list(alert_data().items())))
    assert body_of(an_alert(data=turned)) == body_of(an_alert(data=alert_data()))


def test_an_alert_that_fits_is_not_shortened() -> None:
    quote = "peace " * 1_500
    assert data_of(alert_with("statement", quote=quote))["statement"]["quote"] == quote


def test_of_an_alert_that_is_too_large_only_the_quote_is_shortened_and_as_little_as_can_be() -> None:
    large = alert_with("statement", quote="Ми за мир. " * 5_000, why="because " * 100)
    data = data_of(large)
    quote = data["statement"].pop("quote")
    assert quote.endswith("…")
    assert "Ми за мир. " * 100 in quote
    assert len(body_of(large).encode()) > MAX_BYTES - 40
    whole = json.loads(json.dumps(large.data))
    del whole["statement"]["quote"]
    assert data == whole


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"article": {"title": "Ü" * 50_000, "id": "a"}}, id="a title of a book"),
        pytest.param({"statement": {"quote": "q" * 9_000, "conditions": ["c" * 9_000] * 50}}, id="long conditions"),
        pytest.param({"known_sources": [{"publisher": "p" * 90, "url": "u" * 1_900}] * 500}, id="five hundred sources"),
        pytest.param({"article": {"url": "https://a.example/" + "x" * 50_000}}, id="an endless address"),
        pytest.param({"changes": [{"actor": {"id": f"a{n}", "name": "n" * 200}} for n in range(99)]}, id="many actors"),
        pytest.param({"statement": {"quote": "\ud800" * 20_000}}, id="half characters"),
        pytest.param({"statement": {"quote": '"\\\x00' * 20_000}}, id="letters that JSON must escape"),
    ],
)  # fmt: skip
def test_no_alert_is_larger_than_is_allowed(data: dict[str, Any]) -> None:
    assert data_of(an_alert(data={**alert_data(), **data}))["sequence"] == 1


def test_an_address_is_whole_or_absent() -> None:
    address = "https://a.example/" + "x" * 20_000
    assert data_of(alert_with("article", url=address))["article"]["url"] is None
