"""Every recorded feed through fetch and parse, from a real server: `python -m tests.bench.feed_files FEEDS`.

FEEDS is the folder of recorded feeds and of the suites of other projects, broken ones among them. The table says for
each folder how many files are feeds, how many are told to be none, and how many could not be parsed; the last line is
one flat JSON object. The exit code is 1 when any could not be fetched or parsed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote, unquote

from rich.console import Console
from rich.table import Table

from service.fetch import FetchedDocument, FetchError, Validators, fetch_feed
from service.parse import parse_feed, parsed_of
from service.poller import PARSE_S
from tests.bench.document_server import serving
from tests.bench.stalls import watched_loop
from workers.outbound import Limits, Outbound, open_outbound
from workers.sandbox import Sandbox, SandboxError

EXIT_ABSENT = 2
LIMITS = Limits(5.0, 30.0, 10_000_000, 5)
AT_ONCE = 8
FATES = ("a feed", "no feed", "not parsed", "not fetched")


def document(path: str) -> tuple[bytes, Mapping[str, str]]:
    """The file that the path names."""
    return Path(unquote(path)).read_bytes(), {"content-type": "application/xml"}


async def fate(outbound: Outbound, sandbox: Sandbox, url: str) -> tuple[str, int]:
    """What became of one file, and how many entries it has."""
    try:
        found = await fetch_feed(outbound, url, Validators(), LIMITS, datetime.now(UTC))
    except FetchError:
        return "not fetched", 0
    assert isinstance(found, FetchedDocument)
    try:
        arguments = (found.url, found.body, dict(found.headers))
        feed = parsed_of(await sandbox.run(parse_feed, *arguments, timeout_s=PARSE_S))
    except SandboxError:
        return "not parsed", 0
    return ("no feed", 0) if feed.problem else ("a feed", len(feed.entries))


async def fates(url: str, paths: list[Path]) -> tuple[dict[Path, tuple[str, int]], float]:
    """What became of all files, and the longest stall of the loop in seconds of its own processor time."""
    places = asyncio.Semaphore(AT_ONCE)
    sandbox = Sandbox(2, 1_000_000_000)
    async with open_outbound([ip_network("127.0.0.0/8")], "bench") as outbound, watched_loop() as stalls:

        async def one(path: Path) -> tuple[str, int]:
            async with places:
                return await fate(outbound, sandbox, url + quote(str(path)))

        found = await asyncio.gather(*(one(path) for path in paths))
        await sandbox.close()
        return dict(zip(paths, found, strict=True)), stalls.take()[1]


def main(folder: Path) -> int:
    """Print the table and the figures; returns the exit code."""
    suffixes = {".xml", ".rss", ".atom", ".json", ".opml", ".rdf", ".html", ".xhtml"}
    paths = sorted(path for path in folder.resolve().rglob("*") if path.suffix.lower() in suffixes)
    if not paths:
        sys.stderr.write(f"{folder} holds no recorded feeds: name the folder that does\n")
        return EXIT_ABSENT
    began = time.monotonic()
    with serving(document) as url:
        found, stall_s = asyncio.run(fates(url, paths))
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for path, (word, entries) in found.items():
        parts = path.relative_to(folder.resolve()).parts
        row = rows["/".join(parts[: min(3, len(parts) - 1)])]
        row[word] += 1
        row["entries"] += entries
    table = Table("folder", *FATES, "entries", title="recorded feeds through fetch and parse")
    for name, row in rows.items():
        table.add_row(name, *(f"{row[word]:,}" for word in (*FATES, "entries")))
    Console(width=110).print(table)
    totals = sum(rows.values(), Counter())
    figures = {"files": len(paths), **{word.replace(" ", "_"): totals[word] for word in (*FATES, "entries")}}
    figures |= {
        "files_per_s": round(len(paths) / (time.monotonic() - began)),
        "longest_stall_cpu_ms": round(stall_s * 1e3),
    }
    figures["right"] = totals["not parsed"] == totals["not fetched"] == 0
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["right"] else 1


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/feeds")))
