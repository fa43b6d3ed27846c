"""A poller in a process of its own: `python -m tests.polling_process STORE_URL INTERVAL_S LEASE_S AT_ONCE`.

Every name of a host leads to 127.0.0.1. It polls until SIGTERM and then ends in order.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import structlog

from tests.pollers import a_poller
from workers.outbound import Limits, open_outbound
from workers.sandbox import Sandbox
from workers.stores import open_stores

FETCH = Limits(connect_s=3, total_s=5, max_bytes=1_000_000, max_redirects=3)


def start_poller(store_url: str, interval_s: float, lease_s: float, at_once: int) -> subprocess.Popen[bytes]:
    """Start one."""
    arguments = (store_url, str(interval_s), str(lease_s), str(at_once))
    return subprocess.Popen([sys.executable, "-m", "tests.polling_process", *arguments])


async def poll(store_url: str, interval_s: float, lease_s: float, at_once: int) -> None:
    """Poll until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    stores = open_stores(store_url, timedelta(minutes=2), datetime.now(UTC))
    sandbox = Sandbox(2, 1_000_000_000)

    async def look_up(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with open_outbound([ip_network("127.0.0.0/8")], "trucewatch-test", lookup=look_up) as outbound:
        poller = a_poller(
            stores,
            outbound,
            sandbox,
            clock=lambda: datetime.now(UTC),
            interval=timedelta(seconds=interval_s),
            at_once=at_once,
            fetch=FETCH,
            lease=timedelta(seconds=lease_s),
            chance=lambda: random.uniform(-1, 1),
        )
        await poller.run(stop)
    await sandbox.close()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asyncio.run(poll(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
