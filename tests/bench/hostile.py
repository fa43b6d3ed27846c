"""What hostile documents do to the process that polls: `python -m tests.bench.hostile`.

Every generated kind (`tests/hostile_documents.py`) is fetched from a real server and parsed in the sandbox, feeds as
the poller does it and pages as a worker does. For each the table says what became of it, how long it took, and for how
long the event loop was held up. The last line is one flat JSON object; the exit code is 1 when one takes longer than
10 s, or stalls the loop for more than 50 ms.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network

from rich.console import Console
from rich.table import Table

from service.fetch import FetchedDocument, FetchError, Validators, fetch_feed
from service.parse import parse_feed, parsed_of
from service.poller import PARSE_S
from tests.bench.document_server import serving
from tests.bench.stalls import watched_loop
from tests.hostile_documents import FEEDS, PAGES, XML
from workers.fulltext import PAGE, FullText, fetch_full_text
from workers.outbound import Limits, Outbound, open_outbound
from workers.sandbox import Sandbox, SandboxError

LONGEST_S = 10.0
LONGEST_STALL_S = 0.05
LEAST_KINDS = 28
LIMITS = Limits(5.0, 30.0, 10_000_000, 5)
KINDS = {f"/{number}": kind for number, kind in enumerate((*FEEDS, *PAGES))}
GOOD = b"<rss version='2.0'><channel><title>Good</title><item><guid>1</guid></item></channel></rss>"
GOOD_PATH = "/good"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one kind: in words, in seconds, and the longest stalls of the loop in seconds."""

    words: str
    took_s: float
    stall_s: float
    stall_cpu_s: float


def document(path: str) -> tuple[bytes, Mapping[str, str]]:
    """What the server answers."""
    if path not in KINDS:
        return GOOD, XML
    kind = KINDS[path]
    default = {"content-type": "text/html"} if kind in PAGES else XML
    return kind.make(), {**default, **kind.headers}


async def feed_fate(outbound: Outbound, sandbox: Sandbox, url: str) -> str:
    """Fetch and parse as the poller does."""
    try:
        found = await fetch_feed(outbound, url, Validators(), LIMITS, datetime.now(UTC))
    except FetchError as error:
        return error.why
    assert isinstance(found, FetchedDocument)
    try:
        answer = await sandbox.run(parse_feed, found.url, found.body, dict(found.headers), timeout_s=PARSE_S)
    except SandboxError as error:
        return f"cannot be parsed: {error.why}"
    feed = await asyncio.to_thread(parsed_of, answer)
    return feed.problem or f"a feed with {len(feed.entries)} entries, {feed.left_out} left out"


async def page_fate(outbound: Outbound, sandbox: Sandbox, url: str) -> str:
    """Fetch and extract as a worker does."""
    found = await fetch_full_text(outbound, sandbox, url, limits=PAGE)
    return f"a text of {len(found.text)} characters" if isinstance(found, FullText) else found.reason


async def fates(url: str) -> dict[str, Fate]:
    """What becomes of every kind, one after the other; after each a good feed must be read at once."""
    found = {}
    sandbox = Sandbox(1, 1_000_000_000)
    async with open_outbound([ip_network("127.0.0.0/8")], "bench") as outbound, watched_loop() as stalls:
        await feed_fate(outbound, sandbox, url + GOOD_PATH)  # what is loaded at the first time is not counted
        await page_fate(outbound, sandbox, url + GOOD_PATH)
        for path, kind in KINDS.items():
            stalls.take()
            began = time.monotonic()
            words = await (page_fate if kind in PAGES else feed_fate)(outbound, sandbox, url + path)
            took_s = time.monotonic() - began
            stall_s, stall_cpu_s = stalls.take()
            found[kind.name] = Fate(words, took_s, stall_s, stall_cpu_s)
            good = await feed_fate(outbound, sandbox, url + GOOD_PATH)
            assert good == "a feed with 1 entries, 0 left out", (kind.name, good)
        await sandbox.close()
    return found


def main() -> int:
    """Print the table and the figures; returns the exit code."""
    with serving(document) as url:
        found = asyncio.run(fates(url))
    table = Table("kind", "seconds", "stall ms", "of it ours", "what became of it", title="hostile documents")
    for name, fate in found.items():
        stalls = (f"{fate.stall_s * 1e3:.0f}", f"{fate.stall_cpu_s * 1e3:.0f}")
        table.add_row(name, f"{fate.took_s:.1f}", *stalls, "".join(c for c in fate.words[:90] if c.isprintable()))
    Console(width=160).print(table)
    figures = {
        "kinds": len(found),
        "slowest_s": round(max(fate.took_s for fate in found.values()), 1),
        "longest_stall_ms": round(max(fate.stall_s for fate in found.values()) * 1e3),
        "longest_stall_cpu_ms": round(max(fate.stall_cpu_s for fate in found.values()) * 1e3),
        "killed": sum("longer than" in fate.words and "took" in fate.words for fate in found.values()),
    }
    # By processor time: what others take of a busy machine is no stall of ours.
    is_smooth = all(fate.stall_cpu_s <= LONGEST_STALL_S for fate in found.values())
    is_quick = all(fate.took_s <= LONGEST_S for fate in found.values())
    figures["right"] = is_smooth and is_quick and len(found) >= LEAST_KINDS
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["right"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
