from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from service.ready_checks import checks_of, durability_check, eviction_check, unwise_of


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
        "store": "ok", "durability": "warning", "eviction": "warning",
    }  # fmt: skip
    assert all("does not tell" in words for words in unwise_of(guest))
