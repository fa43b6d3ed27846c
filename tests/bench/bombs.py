"""How much memory a decompression bomb takes, over the cap: `python -m tests.bench.bombs`.

Each bomb (250 MB in a small body) is fetched from a real server by a fresh process: by our client with a cap of 10 MB,
and by httpx, which is read until the cap is reached. The growth of that process's peak memory is told in caps. The last
line is one flat JSON object; the exit code is 1 when ours grows by more than two caps.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import zlib
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_network

import httpx
from rich.console import Console
from rich.table import Table

from tests.bench.document_server import serving
from workers.outbound import Limits, OutboundError, open_outbound

CAP_BYTES = 10_000_000
SIZE_MB = 250
GOAL = 2.0
WBITS = {"gzip": 31, "deflate": 15}
WAYS = ("ours", "ours, cut", "httpx")


def document(path: str) -> tuple[bytes, Mapping[str, str]]:
    """What the server answers: a bomb of the encoding that the path names, a few bytes for `/warm`."""
    encoding = path.strip("/")
    packer = zlib.compressobj(9, zlib.DEFLATED, WBITS.get(encoding, 31))
    size = SIZE_MB if encoding in WBITS else 1
    body = b"".join(packer.compress(bytes(1 << 20)) for _ in range(size)) + packer.flush()
    return body, {"content-encoding": encoding if encoding in WBITS else "gzip"}


async def with_ours(url: str, path: str, *, cut: bool) -> float:
    """The growth of the peak in bytes."""
    limits = Limits(max_bytes=CAP_BYTES, cut=cut)
    async with open_outbound([ip_network("127.0.0.0/8")], "bench") as outbound:
        await outbound.fetch("GET", f"{url}/warm", limits)
        before = _peak()
        with suppress(OutboundError):
            await outbound.fetch("GET", url + path, limits)
        return _peak() - before


async def with_httpx(url: str, path: str) -> float:
    """The growth of the peak in bytes."""
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        await client.get(f"{url}/warm")
        before = _peak()
        body = bytearray()
        async with client.stream("GET", url + path) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > CAP_BYTES:
                    break
        return _peak() - before


def measured(way: str, url: str, path: str) -> float:
    """The growth in caps, measured in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.bombs", way, url, path]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / CAP_BYTES


def main() -> int:
    """Print the table and the figures; returns the exit code."""
    table = Table("bomb", *WAYS, title=f"growth of memory over a cap of {CAP_BYTES // 1_000_000} MB, in caps")
    found: dict[tuple[str, str], float] = {}
    with serving(document) as url:
        for encoding in WBITS:
            for way in WAYS:
                found[encoding, way] = measured(way, url, f"/{encoding}")
            table.add_row(encoding, *(f"{found[encoding, way]:.2f}" for way in WAYS))
    Console(width=100).print(table)
    ours = max(growth for (_, way), growth in found.items() if way != "httpx")
    figures = {
        "caps_ours": round(ours, 2),
        "caps_httpx": round(max(growth for (_, way), growth in found.items() if way == "httpx"), 2),
        "right": ours <= GOAL,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["right"] else 1


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _child(way: str, url: str, path: str) -> None:
    growth = asyncio.run(with_httpx(url, path) if way == "httpx" else with_ours(url, path, cut=way != "ours"))
    sys.stdout.write(f"{growth}\n")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        _child(*sys.argv[1:])
    else:
        raise SystemExit(main())
