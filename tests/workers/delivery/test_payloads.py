from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests.alerts import every_alert
from tests.receivers import Received, misfits_of
from workers.delivery.chat_services import EndpointFormat
from workers.delivery.formats import freeze
from workers.delivery.payloads import check_body, schemas
from workers.domain.alert import AlertType

ALERTS = every_alert()


@pytest.mark.parametrize("name", ALERTS)
def test_every_body_fits_the_schema_of_its_type(name: str) -> None:
    check_body(json.loads(freeze(ALERTS[name], EndpointFormat.STANDARD).body))


@pytest.mark.parametrize("alert_type", AlertType)
def test_every_type_has_a_schema_in_which_every_field_is_described(alert_type: AlertType) -> None:
    schema = schemas()[alert_type]
    assert schema["properties"]["type"] == {"const": alert_type}
    parts = [schema["properties"]["data"], *schema["$defs"].values()]
    assert all(field.get("description") for part in parts for field in part["properties"].values())
    assert all(set(part["required"]) == set(part["properties"]) for part in parts)
    assert alert_type in {alert.alert_type for alert in ALERTS.values()}


@pytest.mark.parametrize(
    "change",
    [
        {"data": {}},
        {"type": "position.moved"},
        {"timestamp": "yesterday"},
        {"more": 1},
    ],
)
def test_what_is_no_body_of_ours_is_told(change: dict[str, Any]) -> None:
    body = json.loads(freeze(ALERTS["changed"], EndpointFormat.STANDARD).body) | change
    with pytest.raises((ValidationError, ValueError)):
        check_body(body)
    headers = {"content-type": "application/json"}
    assert "more" in change or misfits_of(Received("POST", "/", headers, json.dumps(body).encode()))
