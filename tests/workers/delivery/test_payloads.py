from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from tests.alerts import every_alert
from tests.receivers import Received, misfits_of
from tests.schemas import misfit
from workers.delivery.chat_services import EndpointFormat
from workers.delivery.formats import freeze
from workers.delivery.payloads import check_body, schemas
from workers.domain.alert import AlertType

ALERTS = every_alert()
PUBLISHED = json.loads((Path(__file__).parents[3] / "docs" / "webhooks.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ALERTS)
def test_every_body_fits_the_schema_of_its_type(name: str) -> None:
    body = json.loads(freeze(ALERTS[name], EndpointFormat.STANDARD).body)
    check_body(body)
    assert misfit(PUBLISHED[body["type"]], body) is None


@pytest.mark.parametrize("name", ALERTS)
def test_the_published_schemas_let_new_fields_pass_and_nothing_else(name: str) -> None:
    body = json.loads(freeze(ALERTS[name], EndpointFormat.STANDARD).body)
    schema = PUBLISHED[body["type"]]
    assert "additionalProperties" not in json.dumps(schema)
    assert misfit(schema, {**body, "new": 1, "data": {**body["data"], "new": 1}}) is None
    for field in body["data"]:
        less = {key: value for key, value in body["data"].items() if key != field}
        assert misfit(schema, {**body, "data": less}) == f"$.data has no ['{field}']"
        assert misfit(schema, {**body, "data": {**body["data"], field: object()}}) is not None


@pytest.mark.parametrize("name", ALERTS)
def test_the_envelope_of_cloudevents_has_what_the_specification_asks_for(name: str) -> None:
    """CloudEvents 1.0.2, "Required attributes" and "Optional attributes"; names are lower-case letters and digits."""
    alert = ALERTS[name]
    frozen = freeze(alert, EndpointFormat.CLOUDEVENTS)
    event = json.loads(frozen.body)
    assert frozen.content_type == "application/cloudevents+json"
    assert event["specversion"] == "1.0"
    assert (event["id"], event["type"], event["subject"]) == (alert.alert_id, alert.alert_type, alert.lane)
    assert urlsplit(event["source"]).path == event["source"]
    assert datetime.fromisoformat(event["time"]).tzinfo is not None
    assert event["datacontenttype"] == "application/json"
    assert event["data"] == json.loads(freeze(alert, EndpointFormat.STANDARD).body)["data"]
    assert all(re.fullmatch("[a-z0-9]{1,20}", attribute) for attribute in event)


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
