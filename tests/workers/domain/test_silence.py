from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NORTHLAND, RIVER_WAR, VANE, alert_data, an_alert, hours
from workers.domain.alert import Alert, AlertType
from workers.domain.silence import Silence, silence_of


def a_silence(actor_id: str = VANE, **named: Any) -> Silence:
    facts = {"silence_id": "s1", "conflict_id": None, "since": hours(0), "until": hours(6), "why": "a press tour"}
    return Silence(actor_id=actor_id, **(facts | named))


def an_alert_on(*actor_ids: str) -> Alert:
    change = alert_data()["changes"][0]
    return an_alert(data=alert_data(changes=[{**change, "actor": {"id": one, "name": one}} for one in actor_ids]))


@pytest.mark.parametrize(
    ("silences", "actor_ids", "held"),
    [
        pytest.param([a_silence()], [VANE], True, id="its actor"),
        pytest.param([a_silence()], ["somebody"], False, id="another actor"),
        pytest.param([a_silence()], [VANE, NORTHLAND], False, id="one of two changes"),
        pytest.param([a_silence(), a_silence(NORTHLAND)], [VANE, NORTHLAND], True, id="each change by its own"),
        pytest.param([a_silence(conflict_id=RIVER_WAR)], [VANE], True, id="its conflict"),
        pytest.param([a_silence(conflict_id="hill-war")], [VANE], False, id="another conflict"),
        pytest.param([a_silence(ended_at=hours(0.5))], [VANE], False, id="ended by a person"),
        pytest.param([a_silence(until=hours(1))], [VANE], False, id="over"),
        pytest.param([a_silence(since=hours(2))], [VANE], False, id="not begun"),
        pytest.param([], [VANE], False, id="none"),
    ],
)
def test_an_alert_is_silenced_only_when_all_its_changes_are(
    silences: list[Silence], actor_ids: list[str], held: bool
) -> None:
    assert (silence_of(an_alert_on(*actor_ids), silences, hours(1)) is not None) is held


def test_an_alert_without_changes_is_never_silenced() -> None:
    gone = an_alert(alert_type=AlertType.FEED_GONE, lane="service", data={"feed": {}})
    assert silence_of(gone, [a_silence()], hours(1)) is None


def test_of_several_silences_the_longest_tells() -> None:
    longer = a_silence(NORTHLAND, silence_id="s2", until=hours(6) + timedelta(seconds=1))
    assert silence_of(an_alert_on(VANE, NORTHLAND), [longer, a_silence()], hours(1)) == longer
