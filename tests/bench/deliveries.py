"""How fast deliveries leave: `python -m tests.bench.deliveries [--alerts N] [--endpoints N] [--each]`.

Stages alerts in a store of its own (as durable as the bundled one), and drains all lanes as a worker does, signed, to a
receiver in another process on loopback. Each alert goes to one endpoint in turn, or with `--each` to all of them. The
last line is JSON: deliveries per second and per CPU-second of the sending process, and its memory before, after half a
second, at its most, and at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from service.embedded import EmbeddedStore
from tests.builders import alert_data, an_alert
from workers.delivery.dispatch import drain_side_by_side
from workers.delivery.endpoints import Endpoint
from workers.delivery.fanout import deliveries_for
from workers.delivery.lanes import DrainReport, drain_lane
from workers.domain.alert import DeliveryState
from workers.outbound import open_outbound
from workers.storage.connection import connect
from workers.storage.outbox import Outbox

LEAST_PER_S = 300  # deliveries for each second of one core
MOST_GROWTH_MB = 20.0
CONFLICTS = 4
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class _Taker(asyncio.Protocol):
    """Answers every request at once; bodies have a content-length."""

    def __init__(self) -> None:
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            head = self._rest[:end].lower()
            at = head.find(b"content-length:") + len(b"content-length:")
            whole = end + 4 + int(head[at:].split(b"\r\n", 1)[0])
            if len(self._rest) < whole:
                return
            self._rest = self._rest[whole:]
            self._transport.write(_ANSWER)  # type: ignore[attr-defined]


def receive(said: Connection) -> None:
    """Be the receiver; tells its port."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Taker, "127.0.0.1", 0)
        said.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


def stage(outbox: Outbox, client: object, endpoints: list[Endpoint], alerts: int, *, each: bool) -> int:
    """Put the alerts into the outbox; returns how many deliveries there are."""
    count = 0
    for start in range(0, alerts, 500):
        with client.pipeline(transaction=True) as pipe:  # type: ignore[attr-defined]
            for number in range(start, min(start + 500, alerts)):
                conflict = f"war-{number % CONFLICTS}"
                data = alert_data(sequence=number + 1)
                alert = an_alert(number + 1, lane=conflict, data=data, timestamp=datetime.now(UTC))
                chosen = endpoints if each else [endpoints[number % len(endpoints)]]
                deliveries = deliveries_for(alert, chosen, datetime.now(UTC))
                outbox.stage(pipe, deliveries)
                count += len(deliveries)
            pipe.execute()
    return count


async def drain_all(outbox: Outbox, endpoints: list[Endpoint], memory: list[float]) -> None:
    """Drain every lane as a worker does, one job after the other."""
    async with open_outbound([ip_network("127.0.0.1")], "trucewatch-bench") as outbound:

        async def drain(lane: str) -> DrainReport:
            return await drain_lane(outbox, endpoints, outbound, lane, lambda: datetime.now(UTC), lambda: 0.0)

        async def watch() -> None:
            while True:
                await asyncio.sleep(0.5)
                memory.append(_memory_mb())

        watching = asyncio.create_task(watch())
        while lanes := outbox.due_lanes(datetime.now(UTC), 1):
            await drain_side_by_side(outbox, lanes[0], drain, lambda: datetime.now(UTC), lambda: False)
        memory.append(_memory_mb())
        watching.cancel()


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> int:
    """Run once and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--endpoints", type=int, default=20)
    parser.add_argument("--each", action="store_true", help="every alert to every endpoint")
    options = parser.parse_args()
    structlog.configure(processors=[], wrapper_class=structlog.make_filtering_bound_logger(50))
    ours, theirs = multiprocessing.Pipe()
    receiver = multiprocessing.get_context("spawn").Process(target=receive, args=(theirs,), daemon=True)
    receiver.start()
    url = f"http://127.0.0.1:{ours.recv()}/hook"
    endpoints = [Endpoint(f"e{number}", url, (SECRET,)) for number in range(options.endpoints)]
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        store = EmbeddedStore(Path(folder))
        client = connect(store.start())
        outbox = Outbox(client)
        count = stage(outbox, client, endpoints, options.alerts, each=options.each)
        memory = [_memory_mb()]
        began, cpu_began = time.monotonic(), time.process_time()
        asyncio.run(drain_all(outbox, endpoints, memory))
        took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu_began
        delivered = sum(counts.get(DeliveryState.DELIVERED, 0) for counts in outbox.counts().values())
        client.close()
        store.stop()
    receiver.terminate()
    growth = memory[-1] - memory[1]  # since half a second after the start
    found = {
        "alerts": options.alerts,
        "endpoints": options.endpoints,
        "deliveries": count,
        "delivered": delivered,
        "seconds": round(took_s, 1),
        "per_second": round(count / took_s),
        "per_cpu_second": round(count / cpu_s),
        "memory_before_mb": round(memory[0]),
        "memory_after_half_a_second_mb": round(memory[1]),
        "memory_most_mb": round(max(memory)),
        "memory_end_mb": round(memory[-1]),
        "growth_mb": round(growth, 1),
        "right": delivered == count and count / cpu_s >= LEAST_PER_S and growth <= MOST_GROWTH_MB,
    }
    print(json.dumps(found))
    return 0 if found["right"] else 1


if __name__ == "__main__":
    sys.exit(main())
