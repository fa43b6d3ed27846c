"""What the death of a poller costs: `python -m tests.bench.killed_pollers [KILLS] [FEEDS]`.

Again and again a poller is killed (SIGKILL) while the server keeps its requests waiting, and another one takes over.
Counts the feeds that are never polled again (lost), and the most requests that the death cost any feed beyond the one
that it needs. The last line is one flat JSON object; the exit code is 1 unless these are 0 and at most 1.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.embedded import EmbeddedStore
from tests.polling_process import start_poller
from tests.servers import listening
from workers.domain.article import Feed, Tier
from workers.stores import Stores, open_stores

KILLS, FEEDS = 10, 40
LEASE_S = 6.0
INTERVAL_S = 3_600.0
AT_ONCE = 8
DEADLINE_S = 60.0
BODY = b"<rss version='2.0'><channel><title>t</title><item><guid>1</guid><title>x</title></item></channel></rss>"


@dataclass(slots=True)
class Server:
    """Answers only while the gate is open; counts the requests by path."""

    asked: Counter[str] = field(default_factory=Counter)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.asked[(await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()] += 1
                await self.gate.wait()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY))
                await writer.drain()


@dataclass(frozen=True, slots=True)
class Toll:
    """What one death cost: feeds lost, and the most requests of a feed beyond one."""

    lost: int
    extra: int


async def toll_of(server: Server, port: int, store_url: str, number: int, feeds: int) -> Toll:
    """Kill a poller in the middle of its polls, and let another one take over."""
    stores = open_stores(store_url, timedelta(minutes=2), datetime.now(UTC))
    paths = [f"/{number}-{place}" for place in range(feeds)]
    listed = [Feed(path[1:], f"http://h{path[1:]}.example:{port}{path}", "P", Tier.WIRE) for path in paths]
    stores.feeds.register(listed, datetime.now(UTC))
    server.gate.clear()
    doomed = start_poller(store_url, INTERVAL_S, LEASE_S, AT_ONCE)
    try:
        await _until(lambda: sum(server.asked[path] for path in paths) >= AT_ONCE)
    finally:
        doomed.kill()
        await asyncio.to_thread(doomed.wait)
    server.gate.set()
    heir = start_poller(store_url, INTERVAL_S, LEASE_S, AT_ONCE)
    try:
        with suppress(TimeoutError):
            await _until(lambda: _polled(stores) == feeds)
    finally:
        heir.terminate()
        await asyncio.to_thread(heir.wait)
    return Toll(feeds - _polled(stores), max(server.asked[path] for path in paths) - 1)


async def tolls(store_url: str, kills: int, feeds: int) -> list[Toll]:
    """What each of so many deaths cost."""
    server = Server()
    async with listening(server.serve) as port:
        return [await toll_of(server, port, store_url, number, feeds) for number in range(kills)]


async def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.05)


def _polled(stores: Stores) -> int:
    return sum(state.succeeded_at is not None for _, state in stores.feeds.states())


def main(kills: int, feeds: int) -> int:
    """Print the figures; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        store = EmbeddedStore(Path(folder))
        found = asyncio.run(tolls(store.start(), kills, feeds))
        store.stop()
    figures = {
        "kills": kills,
        "feeds": feeds,
        "lost": sum(toll.lost for toll in found),
        "most_extra_fetches_per_lease": max(toll.extra for toll in found),
        "lease_s": LEASE_S,
    }
    figures["right"] = figures["lost"] == 0 and figures["most_extra_fetches_per_lease"] <= 1
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["right"] else 1


if __name__ == "__main__":
    given = tuple(int(one) for one in sys.argv[1:3])
    raise SystemExit(main(*(given + (KILLS, FEEDS)[len(given) :])))
