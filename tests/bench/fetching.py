"""How many unchanged feeds (304) a CPU-second of fetching brings: `python -m tests.bench.fetching`.

Polls 100 and 400 origins on loopback, all of them at once and each several times, with httpx alone and with our fetch
step, one after the other in this process; then with whole polls of our poller, store included. The last line is one
flat JSON object; the exit code is 1 below 4 times httpx at 100 origins, or 20 times at 400.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import httpx
import structlog
from rich.console import Console
from rich.table import Table

from service.embedded import EmbeddedStore
from service.fetch import NotModified, Validators, fetch_feed
from tests.bench.not_modified import unchanged_origins
from tests.pollers import a_poller
from workers.domain.article import Feed, Tier
from workers.domain.feed import FeedState
from workers.outbound import Limits, open_outbound
from workers.sandbox import Sandbox
from workers.storage.feed_claims import Manners
from workers.stores import open_stores

LOOPBACK = [ip_network("127.0.0.0/8")]
GOALS = {100: 4.0, 400: 20.0}
ROUNDS = {100: 12, 400: 8}
HTTPX_ROUNDS = {100: 4, 400: 1}
LIMITS = Limits(connect_s=30.0, total_s=60.0)
VALIDATORS = Validators('"v1"')
POLLED_BEFORE = FeedState(etag='"v1"', pace_s=900.0)
Fetch = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Pace:
    """Polls per second of processor time, and per second of the clock."""

    per_cpu_s: float
    per_s: float


async def paced(urls: list[str], rounds: int, fetch: Fetch) -> Pace:
    """Fetch all addresses at once, so many times, after a first time that is not counted."""
    await asyncio.gather(*(fetch(url) for url in urls[:20]))
    cpu_s, began = time.process_time(), time.monotonic()
    for _ in range(rounds):
        await asyncio.gather(*(fetch(url) for url in urls))
    count = rounds * len(urls)
    return Pace(count / (time.process_time() - cpu_s), count / (time.monotonic() - began))


async def with_httpx(urls: list[str]) -> Pace:
    """httpx as it comes."""
    headers = {"user-agent": "bench", "if-none-match": '"v1"'}
    async with httpx.AsyncClient(timeout=120, headers=headers, trust_env=False) as client:

        async def fetch(url: str) -> None:
            assert (await client.get(url)).status_code == 304

        return await paced(urls, HTTPX_ROUNDS[len(urls)], fetch)


async def with_ours(urls: list[str]) -> Pace:
    """Our fetch step: vetted addresses, caps, deadline, validators."""
    async with open_outbound(LOOPBACK, "bench") as outbound:

        async def fetch(url: str) -> None:
            answer = await fetch_feed(outbound, url, VALIDATORS, LIMITS, datetime.now(UTC))
            assert isinstance(answer, NotModified)

        return await paced(urls, ROUNDS[len(urls)], fetch)


async def with_store(urls: list[str], store_url: str) -> Pace:
    """Whole polls: claimed from the store, fetched, planned, committed."""
    stores = open_stores(store_url, timedelta(minutes=2), datetime.now(UTC))
    stores.client.flushall()
    feeds = [Feed(f"feed{number}", url, "Bench", Tier.MAJOR) for number, url in enumerate(urls)]
    rounds, now = ROUNDS[len(urls)], datetime.now(UTC)
    stores.feeds.register(feeds, now)
    sandbox = Sandbox(1, 1_000_000_000)
    async with open_outbound(LOOPBACK, "bench") as outbound:
        poller = a_poller(stores, outbound, sandbox, clock=lambda: datetime.now(UTC), fetch=LIMITS)
        manners = Manners(timedelta(minutes=5), 2, timedelta())
        cpu_s, began = time.process_time(), time.monotonic()
        for number in range(rounds):
            claims = stores.feed_claims.claim_due(now + timedelta(days=number), len(urls), manners)
            await asyncio.gather(*(poller.poll(replace(claim, state=POLLED_BEFORE)) for claim in claims))
            assert len(claims) == len(urls)
        count = rounds * len(urls)
        return Pace(count / (time.process_time() - cpu_s), count / (time.monotonic() - began))


def main() -> int:
    """Print the figures; returns the exit code."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    table = Table(
        "origins at once", "httpx", "our fetch", "times httpx", "goal", "whole polls", title="304s per CPU-second"
    )
    figures: dict[str, float | bool] = {}
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        store = EmbeddedStore(Path(folder))
        store_url = store.start()
        for count, goal in GOALS.items():
            with unchanged_origins(count) as urls:
                alone, ours = asyncio.run(with_httpx(urls)), asyncio.run(with_ours(urls))
                whole = asyncio.run(with_store(urls, store_url))
            ratio = ours.per_cpu_s / alone.per_cpu_s
            shown = (alone.per_cpu_s, ours.per_cpu_s, whole.per_cpu_s)
            table.add_row(
                str(count), *(f"{one:,.0f}" for one in shown[:2]), f"{ratio:.1f}", f">= {goal:g}", f"{shown[2]:,.0f}"
            )
            figures |= {
                f"httpx_304s_per_cpu_s_{count}": round(alone.per_cpu_s),
                f"ours_304s_per_cpu_s_{count}": round(ours.per_cpu_s),
            }
            figures |= {
                f"times_httpx_{count}": round(ratio, 1),
                f"whole_polls_per_cpu_s_{count}": round(whole.per_cpu_s),
            }
            figures[f"whole_polls_per_s_{count}"] = round(whole.per_s)
        store.stop()
    Console(width=110).print(table)
    figures["right"] = all(figures[f"times_httpx_{count}"] >= goal for count, goal in GOALS.items())
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["right"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
