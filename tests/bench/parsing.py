"""How fast feeds are parsed, beside feedparser with its defaults: `python -m tests.bench.parsing FEEDS`.

FEEDS is the folder of recorded feeds; its real news feeds are parsed several times each by feedparser in one process,
and by our parse step in two (sandboxed, text extracted). Both see the same bytes. Counts the entries that we lose and
the dates that we make up. Then feedparser's own cases are held against our parse step, of the fields that we use. The
last line is one flat JSON object; the exit code is 1 when a goal is missed.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import feedparser
from rich.console import Console
from rich.table import Table

from service.parse import parse_feed, parsed_of
from tests.feedparser_cases import cases, excluded, judged
from workers.sandbox import Sandbox

ROUNDS = 3
PROCESSES = 2
GOAL = 2.0
EXIT_ABSENT = 2
URL = "https://news.example/feed.xml"


def main(folder: Path) -> int:
    """Print the figures; returns the exit code."""
    documents = [path.read_bytes() for path in sorted((folder / "news").glob("*"))]
    if not documents:
        sys.stderr.write(f"{folder} holds no recorded feeds: name the folder that does\n")
        return EXIT_ABSENT
    table = Table("", "feeds/s", "feeds per CPU-second", title=f"parsing {len(documents)} real news feeds")
    feedparser_s, feedparser_cpu_s, theirs = with_feedparser(documents)
    ours_s, ours_cpu_s, ours = asyncio.run(with_ours(documents))
    count = ROUNDS * len(documents)
    table.add_row("feedparser, defaults, one process", f"{count / feedparser_s:.1f}", f"{count / feedparser_cpu_s:.1f}")
    table.add_row(f"ours, {PROCESSES} sandboxed processes", f"{count / ours_s:.1f}", f"{count / ours_cpu_s:.1f}")
    Console(width=110).print(table)
    lost, invented = compared(theirs, ours)
    right, wrong, left_out = suite(folder)
    for name, why in wrong[:20]:
        sys.stdout.write(f"{name}: {why}\n")
    figures = {
        "feeds": len(documents),
        "feedparser_feeds_per_s": round(count / feedparser_s, 1),
        "ours_feeds_per_s": round(count / ours_s, 1),
        "times_feedparser": round(feedparser_s / ours_s, 2),
        "times_feedparser_per_cpu_s": round(feedparser_cpu_s / ours_cpu_s, 2),
        "entries_lost": lost,
        "dates_invented": invented,
        "suite_cases": right + len(wrong),
        "suite_right": right,
        "suite_excluded": left_out,
    }
    figures["right"] = figures["times_feedparser"] >= GOAL and not lost and not invented and not wrong
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["right"] else 1


def with_feedparser(documents: list[bytes]) -> tuple[float, float, list[Any]]:
    """Seconds, CPU-seconds and results of feedparser as it comes."""
    found = [feedparser.parse(io.BytesIO(body)) for body in documents]  # not counted: what is loaded at the first time
    began, cpu_s = time.monotonic(), time.process_time()
    for _ in range(ROUNDS):
        for body in documents:
            feedparser.parse(io.BytesIO(body))
    return time.monotonic() - began, time.process_time() - cpu_s, found


async def with_ours(documents: list[bytes]) -> tuple[float, float, list[Any]]:
    """Seconds, CPU-seconds (of all processes) and results of our parse step."""
    sandbox = Sandbox(PROCESSES, 1_000_000_000)

    async def parsed(body: bytes) -> Any:
        return parsed_of(await sandbox.run(parse_feed, URL, body, {}, timeout_s=60))

    try:
        found = await asyncio.gather(*(parsed(body) for body in documents))
        before = [cpu_of(pid) for pid in sandbox.process_ids]
        began, cpu_s = time.monotonic(), time.process_time()
        for _ in range(ROUNDS):
            await asyncio.gather(*(parsed(body) for body in documents))
        took_s = time.monotonic() - began
        children_s = sum(cpu_of(pid) for pid in sandbox.process_ids) - sum(before)
        return took_s, time.process_time() - cpu_s + children_s, list(found)
    finally:
        await sandbox.close()


def cpu_of(pid: int) -> float:
    """Processor seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compared(theirs: list[Any], ours: list[Any]) -> tuple[int, int]:
    """How many entries of feedparser's we lost, and how many of our dates it does not have."""
    lost = invented = 0
    for their, our in zip(theirs, ours, strict=True):
        named = [entry for entry in their.entries if entry.get("id") or entry.get("link")]
        lost += len(named) - len(our.entries)
        for entry, ourselves in zip(named, our.entries, strict=False):
            dated = any(entry.get(name) for name in ("published_parsed", "updated_parsed"))
            invented += not dated and bool(ourselves.published_at or ourselves.updated_at)
    return lost, invented


def suite(folder: Path) -> tuple[int, list[tuple[str, str]], int]:
    """feedparser's own cases: how many hold, which do not and why, and how many are left out by name."""
    right, wrong, left_out = 0, [], excluded()
    for case in cases(folder / "suites" / "feedparser"):
        if case.name not in left_out:
            why = judged(case)
            right += why == ""
            wrong += [(case.name, why)] if why else []
    return right, wrong, len(left_out)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/feeds")))
