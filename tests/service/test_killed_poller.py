"""A poller that is killed in the middle of its polls: another process takes them over."""

from __future__ import annotations

import redis

from tests.bench.killed_pollers import Toll, tolls


async def test_a_killed_poller_loses_no_feed_and_costs_each_of_its_feeds_one_request(
    valkey: redis.Redis, store_url: str
) -> None:
    assert valkey.dbsize() == 0
    assert await tolls(store_url, kills=1, feeds=12) == [Toll(lost=0, extra=1)]
