from __future__ import annotations

import redis

from service.delivery_checks import delivery_checks
from tests.builders import VANE, a_delivery, hours
from workers.domain.alert import DeliveryState
from workers.domain.breaker import Breaker
from workers.domain.silence import Silence
from workers.storage.notices import Notices
from workers.storage.outbox import Outbox
from workers.storage.silences import Silences, stage_silenced


def words(valkey: redis.Redis, *names: str) -> dict[str, str]:
    outbox = Outbox(valkey)
    checks = delivery_checks(outbox, Silences(valkey, Notices(valkey, outbox)), names, lambda: hours(1))
    return {name: f"{check().state}: {check().why}" for name, check in checks.items()}


def test_nothing_set_and_nothing_silenced_is_well(valkey: redis.Redis) -> None:
    assert words(valkey) == {"endpoints": "ok: none are set", "silences": "ok: none active"}


def test_endpoints_that_are_not_sent_to_are_warned_about_without_their_names(valkey: redis.Redis) -> None:
    outbox = Outbox(valkey)
    outbox.open_breaker("desk", Breaker(5, hours(0), hours(2)))
    outbox.disable("radio", "HTTP 410 Gone", hours(0))
    outbox.disable("one-that-left-the-settings", "HTTP 410 Gone", hours(0))
    said = words(valkey, "desk", "radio", "wire")["endpoints"]
    assert said == "warning: 1 of 3 away, 1 of 3 disabled: see trucewatch endpoints list"
    assert words(valkey, "wire")["endpoints"] == "ok: all 1 are sent to"


def test_active_silences_are_counted_with_what_they_hold_back(valkey: redis.Redis) -> None:
    outbox = Outbox(valkey)
    silences = Silences(valkey, Notices(valkey, outbox))
    for name, until in (("s1", 2), ("s2", 9), ("s3", 0.5)):
        silences.add(Silence(name, VANE, None, hours(0), hours(until), "a press tour"))
    with valkey.pipeline(transaction=True) as pipe:
        outbox.stage_end(pipe, a_delivery(), DeliveryState.SILENCED, hours(0))
        stage_silenced(pipe, silences.listed()[-1], [a_delivery()])
        pipe.execute()
    assert words(valkey)["silences"] == "ok: 2 active, 1 deliveries held back"
