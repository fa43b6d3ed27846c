"""Silences, signs of life and gone feeds on a real store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import redis

from service.herald import Herald
from tests.builders import NORTHLAND, VANE, a_catalogue, a_feed, a_feed_state, a_statement, an_article, hours
from tests.fakes import FixedClock
from tests.newsroom import Newsroom
from workers.delivery.announcing import Announcer
from workers.delivery.chat_services import EndpointFormat
from workers.delivery.endpoints import Endpoint
from workers.delivery.filters import Filter
from workers.delivery.formats import freeze
from workers.delivery.payloads import check_body
from workers.domain.alert import AlertType, Delivery, DeliveryState
from workers.domain.feed import FeedState
from workers.domain.policy import Policy
from workers.domain.silence import Silence
from workers.storage import keys
from workers.storage.records import records_of
from workers.stores import Stores, open_stores

EVERYTHING = Filter(types=frozenset(AlertType))


class Office:
    """A store with one endpoint, in which the president of Northland turns when told to."""

    def __init__(self, valkey: redis.Redis, url: str) -> None:
        self.clock = FixedClock(hours(0))
        self.stores: Stores = open_stores(url, timedelta(minutes=2), self.clock.now)
        self.newsroom = Newsroom(valkey, a_catalogue(), Policy())
        endpoints = [Endpoint("newsroom", "https://a.example/x", unsigned=True, filter=EVERYTHING)]
        self.herald = Herald(self.stores, Announcer(endpoints, "ab12cd", self.clock), self.clock)
        self.articles = 0

    def turn(self) -> None:
        """Publish a turn of the president, an hour after the one before."""
        self.articles += 1
        name, hour = f"a{self.articles}", float(self.articles)
        position = ("reject", "support")[self.articles % 2]
        statement = a_statement(position, article=name, hour=hour)
        self.newsroom.hear(an_article(name, hour=hour), statement, endpoint="newsroom")

    def silence(self, *actor_ids: str, until: float = 6) -> list[Silence]:
        silences = [Silence(f"s-{one}", one, None, hours(0), hours(until), "a press tour") for one in actor_ids]
        for silence in silences:
            self.stores.silences.add(silence)
        return silences

    def waiting(self) -> list[Delivery]:
        return self.stores.outbox.listed(DeliveryState.WAITING, 99)

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(one.body) for one in self.waiting() if one.lane == "service"]


@pytest.fixture
def office(valkey: redis.Redis, store_url: str) -> Office:
    return Office(valkey, store_url)


def ids(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.alert_id for delivery in deliveries]


def test_what_a_silence_holds_back_is_told_at_its_end_in_one_summary(office: Office) -> None:
    office.turn()
    before = len(office.waiting())
    office.silence(VANE, NORTHLAND)
    for _ in range(3):
        office.turn()
    assert len(office.waiting()) == before
    silenced = office.stores.outbox.listed(DeliveryState.SILENCED, 99)
    assert len(silenced) == 3
    assert office.stores.outbox.counts()["newsroom"]["silenced"] == 3
    office.herald.tick()
    assert office.told() == []
    office.clock.now = hours(6)
    office.herald.tick()
    office.herald.tick()
    (summary,) = office.told()
    assert summary["type"] == "alerts.summary"
    assert (summary["data"]["why"], summary["data"]["note"], summary["data"]["count"]) == ("silence", "a press tour", 3)
    assert [entry["id"] for entry in summary["data"]["alerts"]] == ids(silenced)[::-1]
    assert summary["data"]["alerts"][0]["changes"][0]["actor"]["id"] == VANE


def test_what_the_service_tells_fits_the_schemas(office: Office) -> None:
    for _ in range(3):
        office.turn()
    office.silence(VANE, NORTHLAND)
    office.turn()
    office.clock.now = hours(25)
    office.herald.tick()
    office.clock.now = hours(50)
    office.herald.tick()
    alerts = office.stores.ledger.alerts(99)
    assert {"position.established", "position.changed", "alerts.summary", "service.heartbeat"} <= {
        alert.alert_type for alert in alerts
    }
    for alert in alerts:
        check_body(json.loads(freeze(alert, EndpointFormat.STANDARD).body))


def test_an_alert_of_which_one_change_is_not_silenced_goes_out(office: Office) -> None:
    office.turn()
    office.silence(VANE)
    office.turn()
    assert office.stores.outbox.listed(DeliveryState.SILENCED, 99) == []


def test_a_silence_without_anything_held_ends_without_a_word(office: Office) -> None:
    (silence,) = office.silence(VANE)
    office.clock.now = hours(7)
    office.herald.tick()
    assert office.told() == []
    ended = office.stores.silences.find(silence.silence_id)
    assert ended is not None
    assert ended.ended_at == hours(7)
    office.clock.now = hours(24 * 40)
    office.herald.end_silences()
    assert office.stores.silences.listed() == []


def test_a_silence_that_a_person_ends_is_told_at_the_next_look(office: Office) -> None:
    office.turn()
    silences = office.silence(VANE, NORTHLAND)
    office.turn()
    office.clock.now = hours(3)
    for silence in silences:
        office.stores.silences.shorten(silence, office.clock.now)
    office.herald.tick()
    assert len(office.told()) == 1


def test_once_a_day_it_gives_a_sign_of_life(office: Office) -> None:
    office.herald.tick()
    assert office.told() == []
    office.turn()
    office.turn()
    office.clock.now = hours(24)
    office.herald.tick()
    office.herald.tick()
    (beat,) = office.told()
    assert beat["type"] == "service.heartbeat"
    assert beat["data"]["alerts"] == 2
    office.clock.now = hours(49)
    office.herald.tick()
    assert [one["data"]["alerts"] for one in office.told()] == [2, 0]


def test_a_gone_feed_is_told_once_until_it_comes_back(office: Office) -> None:
    feed = a_feed()
    (polled,) = office.stores.feeds.register([feed], office.clock.now)
    for hour, gone in ((1, True), (2, True), (3, False), (4, True)):
        office.clock.now = hours(hour)
        state = a_feed_state(gone=gone, problem="HTTP 410 Gone" if gone else None)
        _store_state(office.stores, polled.feed_id, state)
        office.herald.tick()
    assert [one["type"] for one in office.told()] == ["feed.gone", "feed.gone"]
    assert office.told()[0]["data"]["feed"]["publisher"] == feed.publisher


def test_a_silence_whose_record_is_damaged_is_over_and_what_it_held_is_told(office: Office) -> None:
    office.turn()
    office.silence(VANE, NORTHLAND)
    office.turn()
    for name in office.stores.client.hkeys(keys.silences()):
        office.stores.client.hset(keys.silences(), name, '{"v":1,"silence_id":')
    office.turn()  # a commit that meets it goes on, and is not held back
    office.herald.tick()
    (summary,) = office.told()
    assert summary["data"]["count"] == 1
    assert "damaged" in summary["data"]["note"]
    assert {one.ended_at for one in office.stores.silences.listed()} == {office.clock.now}


def test_a_silence_of_a_newer_format_is_left_to_those_who_know_it(office: Office) -> None:
    office.stores.client.hset(keys.silences(), "s-new", '{"v":2}')
    office.turn()
    office.herald.tick()
    assert office.stores.client.hget(keys.silences(), "s-new") == '{"v":2}'
    assert office.stores.silences.listed() == []


def test_what_cannot_be_read_holds_up_neither_the_rest_nor_the_timers(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    (polled,) = office.stores.feeds.register([a_feed()], office.clock.now)
    office.stores.client.set(keys.feed_state(polled.feed_id), "{")
    office.stores.client.set(keys.heartbeat(), "yesterday")
    office.turn()
    office.silence(VANE, NORTHLAND)
    office.turn()
    office.clock.now = hours(7)
    for _ in range(3):
        office.herald.tick()
    assert [one["type"] for one in office.told()] == ["alerts.summary"]
    assert capsys.readouterr().out.count("over=tell_gone_feeds") == 1  # and once more in a minute
    office.clock.now = hours(8)
    office.herald.tick()
    assert capsys.readouterr().out.count("over=tell_gone_feeds") == 1
    assert office.stores.signs.last_heartbeat() == hours(7)


def test_what_a_long_silence_held_is_known_at_its_end(office: Office) -> None:
    office.turn()
    office.silence(VANE, NORTHLAND, until=24 * 80)
    office.turn()
    (held,) = office.stores.outbox.listed(DeliveryState.SILENCED, 9)
    assert office.stores.client.ttl(keys.delivery(held.delivery_id)) > 100 * 86_400


def _store_state(stores: Stores, feed_id: str, state: FeedState) -> None:
    stores.client.set(keys.feed_state(feed_id), records_of(FeedState).dump(state))
