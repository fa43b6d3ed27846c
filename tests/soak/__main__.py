"""Poll thousands of feeds of changing behaviour for minutes: `python -m tests.soak [--feeds N] [--minutes N]`.

Two pollers in processes of their own share a store and 2,000 feeds on 400 hosts of loopback, whose behaviour changes
every minute. Every ten seconds their memory is taken and how late the schedule is. The last line is one flat JSON
object; the exit code is 1 when memory grows by more than a tenth from the second third to the last, when the schedule
falls behind, when a request comes earlier than a server allowed, or when a feed is forgotten.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.table import Table

from service.embedded import EmbeddedStore
from tests.polling_process import start_poller
from tests.soak.town import FEEDS_A_HOST, GONE_EVERY, running_town
from workers.domain.article import Feed, Tier
from workers.storage import keys
from workers.stores import Stores, open_stores

INTERVAL_S = 30.0
LEASE_S = 30.0
AT_ONCE = 64
POLLERS = 2
LOOK_S = 10.0
MOST_GROWTH = 0.1
MOST_LATE_S = 10.0  # where ten of a host's feeds hang for five seconds each, the last waits for its turn
LONGEST_PAUSE_S = 600.0
PAGE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one moment: the pollers' memory, how late the latest due feed is, polls so far."""

    minute: float
    memory_mb: float
    late_s: float
    polls: int


def listed(count: int, port: int) -> list[Feed]:
    """The feeds, five on each host."""
    return [
        Feed(f"{n:012x}", f"http://h{n // FEEDS_A_HOST}.example:{port}/feed/{n}", f"P{n}", Tier.WIRE)
        for n in range(count)
    ]


def look_at(stores: Stores, pids: Sequence[int], began: float) -> Look:
    """Take the figures of this moment."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) for pid in pids)
    now = datetime.now(UTC).timestamp()
    first = stores.client.zrange(keys.feeds_due(), 0, 0, withscores=True)
    late_s = max(0.0, now - first[0][1]) if first else 0.0
    polls = stores.feed_claims.counts().get("claims", 0)
    return Look((time.monotonic() - began) / 60, pages * PAGE_BYTES / 1e6 / len(pids), late_s, polls)


def watched(stores: Stores, pids: Sequence[int], minutes: float, console: Console) -> list[Look]:
    """Look every ten seconds until the time is over."""
    began, looks = time.monotonic(), list[Look]()
    while time.monotonic() - began < minutes * 60:
        time.sleep(LOOK_S)
        looks.append(look_at(stores, pids, began))
        one = looks[-1]
        if len(looks) % 6 == 0:
            console.print(
                f"minute {one.minute:.0f}: {one.polls} polls, {one.memory_mb:.0f} MB a poller, {one.late_s:.1f} s late"
            )
    return looks


def forgotten(stores: Stores, feeds: int) -> int:
    """Feeds that nobody will poll again, though they are not gone."""
    due = dict(stores.client.zrange(keys.feeds_due(), 0, -1, withscores=True))
    states = stores.feeds.states()
    unplanned = sum(feed.feed_id not in due and not state.gone for feed, state in states)
    never = sum(state.polled_at is None for _, state in states)
    return unplanned + never + feeds - len(states)


def figures_of(looks: Sequence[Look], books: dict[str, object], stores: Stores, feeds: int) -> dict[str, object]:
    """The figures and whether they are right. The first third is that of warming up."""
    third = len(looks) // 3
    middle, last = looks[third : 2 * third], looks[2 * third :]
    growth = mean(one.memory_mb for one in last) / mean(one.memory_mb for one in middle) - 1
    late = [mean(one.late_s for one in part) for part in (middle, last)]
    states = [state for _, state in stores.feeds.states()]
    found: dict[str, object] = {
        "feeds": feeds,
        "minutes": round(looks[-1].minute, 1),
        "polls": looks[-1].polls,
        "polls_per_s": round(looks[-1].polls / looks[-1].minute / 60, 1),
        "memory_mb_a_poller": round(mean(one.memory_mb for one in last), 1),
        "memory_growth_share": round(growth, 3),
        "late_s_second_third": round(late[0], 2),
        "late_s_last_third": round(late[1], 2),
        "early_requests": books["early"],
        "most_at_once_at_a_host": books["most_at_once"],
        "requests_of_gone_feeds": books["after_gone"],
        "gone": sum(state.gone for state in states),
        "gone_expected": len([n for n in range(feeds) if n % GONE_EVERY == 7]),
        "forgotten": forgotten(stores, feeds),
        "leases_run_out": stores.feed_claims.counts().get("leases_run_out", 0),
    }
    found["right"] = (
        growth <= MOST_GROWTH
        and late[1] <= max(late[0] * 1.5, MOST_LATE_S)
        and found["early_requests"] == found["requests_of_gone_feeds"] == found["forgotten"] == 0
        and int(str(books["most_at_once"])) <= 2
        and found["gone"] == found["gone_expected"]
    )
    return found


def main(arguments: Sequence[str]) -> int:
    """Run, print the table and the figures; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=2_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args(arguments)
    console = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="tw-") as folder, running_town() as port:
        store = EmbeddedStore(Path(folder))
        store_url = store.start()
        stores = open_stores(store_url, timedelta(minutes=2), datetime.now(UTC))
        stores.feeds.register(listed(options.feeds, port), datetime.now(UTC), timedelta(seconds=INTERVAL_S))
        pollers = [start_poller(store_url, INTERVAL_S, LEASE_S, AT_ONCE) for _ in range(POLLERS)]
        try:
            looks = watched(stores, [poller.pid for poller in pollers], options.minutes, console)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/books") as answer:
                books = json.load(answer)
            figures = figures_of(looks, books, stores, options.feeds)
        finally:
            for poller in pollers:
                poller.terminate()
            for poller in pollers:
                poller.wait()
            stores.client.close()
            store.stop()
    table = Table("answer", "times", title="what the feeds answered")
    for kind, count in sorted(books["answers"].items(), key=lambda pair: -pair[1]):
        table.add_row(kind, f"{count:,}")
    console.print(table)
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["right"] else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
