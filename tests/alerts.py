"""One alert of every type, plain and hostile, as endpoints may get them."""

from __future__ import annotations

from typing import Any

from tests.builders import alert_data, an_alert
from workers.domain.alert import Alert, AlertType

HOSTILE_WORDS = (
    "@everyone @here <!channel> <@U123> <users/all> **bold** [click](https://evil.example/) "
    "<https://evil.example/|Reuters> `code` # head & \u202eoverride <script>alert(1)</script> ~town-square _it_ |x| \\"
)


def every_alert() -> dict[str, Alert]:
    """Alerts by a name for each."""
    changed = alert_data()
    actor = changed["changes"][0]
    other = {**actor, "actor": {"id": "northland", "name": "Northland", "kind": "state"}, "from": "doubt"}
    conditional = alert_data("support", "conditional", late=True, flips=2)
    conditional["statement"] = {
        **conditional["statement"],
        "conditions": ["if the army withdraws", "once all prisoners are home"],
    }
    return {
        "changed": an_alert(42),
        "joint": an_alert(43, data=alert_data(changes=[actor, other], flips=1, follows="msg_ab12cd_river-war_42")),
        "established": an_alert(1, alert_type=AlertType.POSITION_ESTABLISHED, data=alert_data(None)),
        "conditions": an_alert(44, alert_type=AlertType.CONDITIONS_CHANGED, data=conditional),
        "corrected": an_alert(
            45, alert_type=AlertType.POSITION_CORRECTED, data=alert_data(statement=None, article=None)
        ),
        "hostile": an_alert(46, data=hostile_data()),
        "summary": _service(AlertType.ALERTS_SUMMARY, 7, **summary_data()),
        "feed_gone": _service(
            AlertType.FEED_GONE, 8,
            feed={"publisher": "Northern Wire", "url": "https://northern-wire.example/rss", "why": "HTTP 410 Gone"},
        ),
        "heartbeat": _service(
            AlertType.HEARTBEAT, 9, since="2025-03-13T12:00:00Z", alerts=3, articles=1204, waiting=2, dead=1,
            feeds={"polled": 80, "failing": 4},
        ),
        "test": _service(AlertType.WEBHOOK_TEST, 10, message="If you read this, alerts arrive here.", test=True),
    }  # fmt: skip


def hostile_data() -> dict[str, Any]:
    """A turn of which every word was written by an enemy."""
    data = alert_data()
    data["conflict"]["name"] = f"River {HOSTILE_WORDS}"
    data["changes"][0]["actor"]["name"] = HOSTILE_WORDS
    data["statement"] |= {"quote": HOSTILE_WORDS, "speaker": HOSTILE_WORDS, "conditions": [HOSTILE_WORDS]}
    data["article"] |= {
        "title": HOSTILE_WORDS,
        "publisher": HOSTILE_WORDS,
        "url": "https://a.example/?q=<b>|x)](https://evil.example/)\"'>",
    }
    return data


def summary_data() -> dict[str, Any]:
    """What was held of two alerts."""
    listed = [
        {
            "id": f"msg_ab12cd_river-war_{number}", "type": "position.changed", "timestamp": "2025-03-14T12:03:00Z",
            "conflict": {"id": "river-war", "name": "River war"}, "sequence": number,
            "changes": alert_data()["changes"], "speaker": "Vane", "quote": "We accept the ceasefire.",
            "url": "https://northern-wire.example/a1", "link": "http://127.0.0.1:8088/conflicts/river-war#st_a1",
        }
        for number in (42, 43)
    ]  # fmt: skip
    return {
        "why": "outage", "note": None, "endpoint": "newsroom", "since": "2025-03-14T10:00:00Z",
        "until": "2025-03-14T13:00:00Z", "count": 2, "alerts": listed,
    }  # fmt: skip


def _service(kind: AlertType, sequence: int, **data: Any) -> Alert:
    return an_alert(sequence, alert_type=kind, lane="service", data={"sequence": sequence, "test": False, **data})
