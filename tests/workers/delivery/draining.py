"""A process that drains one lane, to be killed: `python -m tests.workers.delivery.draining STORE_URL LANE URL`."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from ipaddress import ip_network

import redis

from workers.delivery.endpoints import Endpoint
from workers.delivery.lanes import Pace, drain_lane
from workers.outbound import open_outbound
from workers.storage.outbox import Outbox
from workers.storage.outbox_records import endpoint_of


def drain(store_url: str, lane: str, url: str, pace: Pace | None = None) -> None:
    """Drain the lane once, with the real clock."""
    asyncio.run(_drained(store_url, lane, url, pace))


async def _drained(store_url: str, lane: str, url: str, pace: Pace | None) -> None:
    outbox = Outbox(redis.Redis.from_url(store_url, decode_responses=True))
    endpoints = [Endpoint(endpoint_of(lane), url, unsigned=True)]
    async with open_outbound([ip_network("127.0.0.0/8")], "trucewatch-test") as outbound:
        await drain_lane(outbox, endpoints, outbound, lane, lambda: datetime.now(UTC), lambda: 0.0, pace=pace)


if __name__ == "__main__":
    drain(*sys.argv[1:])
