"""Jobs are killed at any moment of their work; every delivery arrives, in order, with its own bytes.

`TRUCEWATCH_TEST_KILLS` says in how many rounds, of three jobs each (default 10).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
from collections import defaultdict
from multiprocessing.context import ForkServerContext, ForkServerProcess

import pytest
import redis

from tests.builders import RIVER_WAR, a_delivery
from tests.receivers import Answer, Received, a_receiver
from tests.workers.delivery.draining import drain
from workers.delivery.lanes import Pace
from workers.domain.alert import DeliveryState
from workers.storage.outbox import Outbox
from workers.storage.outbox_records import lane_of

KILLS = int(os.environ.get("TRUCEWATCH_TEST_KILLS", "10"))
JOBS = 3
PACE = Pace(lease_s=0.25, renew_every_s=0.05)
LANES = [("newsroom", RIVER_WAR), ("newsroom", "hill-war"), ("radio", RIVER_WAR)]


@pytest.mark.timeout(900)
async def test_nothing_is_lost_doubled_or_turned_round_by_kills(valkey: redis.Redis, store_url: str) -> None:
    chance = random.Random(7)
    outbox = Outbox(valkey)
    staged = [
        a_delivery(endpoint, lane=lane, sequence=n, body=f'{{"n":{n}}}')
        for n in range(1, KILLS * 3)
        for endpoint, lane in LANES
    ]
    with valkey.pipeline(transaction=True) as pipe:
        outbox.stage(pipe, staged)
        pipe.execute()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.workers.delivery.draining"])
    killed = 0
    async with a_receiver() as receiver:
        receiver.otherwise = Answer(after_s=0.02)
        for _ in range(KILLS):
            jobs = [_a_job(context, store_url, receiver.url, chance) for _ in range(JOBS)]
            await asyncio.to_thread(jobs[0].join, chance.uniform(0.0, 0.5))
            for job in jobs:
                job.kill()
            await asyncio.gather(*(asyncio.to_thread(job.join) for job in jobs))
            killed += sum(job.exitcode == -signal.SIGKILL for job in jobs)
        while lanes := [depth.lane for depth in outbox.depths()]:
            job = _process(context, store_url, lanes[0], receiver.url)
            await asyncio.to_thread(job.join)
    print(f"{killed} jobs killed, {len(staged)} deliveries, {len(receiver.received) - len(staged)} sent again")  # noqa: T201 - the figures of the run
    _judge(receiver.received, {delivery.delivery_id: delivery.body for delivery in staged})
    assert len(outbox.listed(DeliveryState.DELIVERED, 1_000_000)) == len(staged)


def _a_job(context: ForkServerContext, store_url: str, url: str, chance: random.Random) -> ForkServerProcess:
    endpoint, lane = chance.choice(LANES)
    return _process(context, store_url, lane_of(a_delivery(endpoint, lane=lane)), url)


def _process(context: ForkServerContext, store_url: str, lane: str, url: str) -> ForkServerProcess:
    # The receiver has one path for each endpoint, by which the test tells them apart.
    job = context.Process(target=drain, args=(store_url, lane, f"{url}/{lane.partition('~')[0]}", PACE), daemon=True)
    job.start()
    return job


def _judge(received: list[Received], staged: dict[str, str]) -> None:
    """First arrivals are in the order of staging in each lane, and every arrival has the bytes that were staged."""
    arrivals: dict[str, list[int]] = defaultdict(list)
    seen: set[str] = set()
    for request in received:
        delivery_id = f"{request.headers['webhook-id']}~{request.path.strip('/')}"
        assert request.body.decode() == staged[delivery_id]
        if delivery_id not in seen:
            seen.add(delivery_id)
            lane, _, number = delivery_id.partition("~")[0].rpartition("_")
            arrivals[f"{request.path} {lane}"].append(int(number))
    assert seen == set(staged)
    assert all(numbers == sorted(numbers) for numbers in arrivals.values())
