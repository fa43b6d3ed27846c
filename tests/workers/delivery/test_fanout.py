from __future__ import annotations

from typing import Any

import pytest

from tests.builders import RIVER_WAR, VANE, alert_data, an_alert, hours
from workers.delivery.endpoints import Endpoint
from workers.delivery.fanout import deliveries_for, filtered
from workers.delivery.filters import Filter
from workers.domain.alert import Alert, AlertType, DeliveryState


def an_endpoint(name: str, **named: Any) -> Endpoint:
    return Endpoint(name, f"https://{name}.example/hook", unsigned=True, filter=Filter(**named))


def passes(alert: Alert, **named: Any) -> bool:
    return bool(deliveries_for(alert, [an_endpoint("desk", **named)], hours(1)))


def test_each_endpoint_gets_its_delivery_of_the_same_frozen_bytes() -> None:
    alert = an_alert(7)
    first, second = deliveries_for(alert, [an_endpoint("desk"), an_endpoint("radio")], hours(1))
    assert (first.delivery_id, second.delivery_id) == (f"{alert.alert_id}~desk", f"{alert.alert_id}~radio")
    assert first.body == second.body
    assert first.lane == RIVER_WAR
    assert first.created_at == hours(1)
    assert (first.attempts, first.state) == (0, DeliveryState.WAITING)


def test_an_endpoint_that_does_not_want_the_alert_gets_none_and_is_named() -> None:
    endpoints = [an_endpoint("desk", actors=frozenset({"somebody-else"})), an_endpoint("radio")]
    assert [delivery.endpoint for delivery in deliveries_for(an_alert(), endpoints, hours(1))] == ["radio"]
    assert filtered(an_alert(), endpoints) == ["desk"]


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        pytest.param({}, True, id="everything"),
        pytest.param({"conflicts": frozenset({RIVER_WAR})}, True, id="its conflict"),
        pytest.param({"conflicts": frozenset({"other-war"})}, False, id="another conflict"),
        pytest.param({"actors": frozenset({VANE, "other"})}, True, id="its actor"),
        pytest.param({"actors": frozenset({"other"})}, False, id="another actor"),
        pytest.param({"directions": frozenset({"softer"})}, True, id="its direction"),
        pytest.param({"directions": frozenset({"harder"})}, False, id="the other direction"),
        pytest.param({"from_positions": frozenset({"reject"})}, True, id="where it comes from"),
        pytest.param({"from_positions": frozenset({"doubt"})}, False, id="where it does not come from"),
        pytest.param({"to_positions": frozenset({"support"})}, True, id="where it goes"),
        pytest.param({"to_positions": frozenset({"doubt"})}, False, id="where it does not go"),
        pytest.param({"least_confidence": 0.9}, True, id="just confident enough"),
        pytest.param({"least_confidence": 0.95}, False, id="not confident enough"),
        pytest.param({"types": frozenset({AlertType.FEED_GONE})}, False, id="another type"),
    ],
)
def test_a_filter_lets_through_what_it_names(named: dict[str, Any], wanted: bool) -> None:
    assert passes(an_alert(), **named) is wanted


def test_one_change_must_fit_all_at_once() -> None:
    first = alert_data()["changes"][0]
    second = {**first, "actor": {"id": "southland"}, "direction": "harder"}
    alert = an_alert(data=alert_data(changes=[first, second]))
    assert passes(alert, actors=frozenset({"southland"}), directions=frozenset({"harder"}))
    assert not passes(alert, actors=frozenset({VANE}), directions=frozenset({"harder"}))


@pytest.mark.parametrize(
    ("alert_type", "wanted"),
    [(alert_type, alert_type not in {"position.established", "service.heartbeat"}) for alert_type in AlertType],
)
def test_all_types_but_two_go_out_by_default(alert_type: AlertType, wanted: bool) -> None:
    assert passes(an_alert(alert_type=alert_type)) is wanted


def test_what_an_alert_does_not_have_is_not_asked_of_it() -> None:
    gone = an_alert(alert_type=AlertType.FEED_GONE, lane="service", data={"feed": {"url": "https://a.example/"}})
    assert passes(gone, actors=frozenset({VANE}), conflicts=frozenset({RIVER_WAR}), least_confidence=1.0)


def test_a_withdrawn_statement_has_no_confidence_to_be_measured() -> None:
    assert passes(an_alert(data=alert_data(statement=None)), least_confidence=0.99)


def test_a_test_passes_every_filter() -> None:
    test = an_alert(alert_type=AlertType.WEBHOOK_TEST)
    assert passes(test, types=frozenset({AlertType.FEED_GONE}), actors=frozenset({"other"}))
