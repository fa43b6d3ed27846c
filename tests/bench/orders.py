"""Prove on many arrival orders that the same articles end in one history (`python -m tests.bench.orders [ORDERS]`).

One archive with everything that makes order matter: wire copies, a recycled quote, revisions, a retraction, two low
publishers that need each other, a lower official on the leader's day, late, undated and future-dated articles. It
arrives in 10,000 orders (each seeded by its number); revisions of one article too come in any order. The last line is
one flat JSON object; the exit code is 1 when any order ends elsewhere.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from tests.arrivals import Arrivals, Report, a_report
from tests.builders import NORTHLAND, VANE, hours
from workers.domain.article import Tier
from workers.domain.catalogue import Authority

ORDERS = 10_000
NOW = hours(2_000)
SILENT = "we will sign the paper on friday when the guns fall silent"
NO_TRUCE = "there is no truce to be had while they rearm behind the river"
OFFER = "my government takes the offer as it was put on the table"
TRUST = "nobody on our side believes a word of what the other side promises"


def archive() -> list[Report]:
    """The articles, in the order of their publication."""
    blog = {"tier": Tier.OTHER}
    return [
        a_report("first", ("reject", NO_TRUCE), hour=0),
        a_report("copy", ("reject", NO_TRUCE), hour=1, publisher="Harbour Post"),
        a_report("blog-one", ("support", OFFER), hour=20, publisher="one.example", **blog),
        a_report("blog-two", ("support", f"as we hear {OFFER}"), hour=30, publisher="two.example", **blog),
        a_report("blog-copy", ("reject", NO_TRUCE), hour=31, publisher="two.example", **blog),
        a_report("turn", ("conditional", SILENT), hour=50),
        _by_an_official(a_report("official", ("reject", "we fight on said the man at the desk"), hour=55)),
        a_report("wrong", ("support", "all of it is accepted without any terms"), hour=70),
        replace(a_report("wrong", hour=71), revision=2),
        a_report("edited", ("doubt", TRUST), hour=90),
        replace(a_report("edited", ("doubt", TRUST), ("reject", "so we shall not sign it"), hour=92), revision=2),
        replace(a_report("edited", ("doubt", f"{TRUST} at all"), hour=94), revision=3),
        a_report("recycled", ("conditional", SILENT), hour=400, publisher="Harbour Post"),
        a_report("undated", ("support", "we agree to it now and in full"), published_at=None, fetched_at=hours(500)),
        a_report(
            "future",
            ("doubt", "we shall see whether they keep to it this time"),
            published_at=datetime(2099, 1, 1, tzinfo=UTC),
            fetched_at=hours(600),
        ),
        a_report("late", ("support", "yes to the pause of ten days"), hour=60, fetched_at=hours(900)),
    ]


def _by_an_official(report: Report) -> Report:
    lower = (replace(one, authority=Authority.OFFICIAL, actor_id=None) for one in report.statements)
    return replace(report, statements=tuple(lower))


def main(orders: int) -> int:
    """Let them arrive in so many orders; returns the exit code."""
    reports, began = archive(), time.process_time()
    wanted = Arrivals().take_all(reports, NOW).outcome()
    elsewhere = 0
    for number in range(orders):
        shuffled = Random(number).sample(reports, len(reports))
        elsewhere += Arrivals().take_all(shuffled, NOW).outcome() != wanted
    took = timedelta(seconds=time.process_time() - began)
    changes = {actor_id: len(wanted[actor_id].changes) for actor_id in (VANE, NORTHLAND)}
    found = {
        "orders": orders,
        "articles": len(reports),
        "elsewhere": elsewhere,
        "cpu_s": round(took.total_seconds(), 1),
    }
    sys.stdout.write(json.dumps(found | {"changes": sum(changes.values())}) + "\n")
    return 1 if elsewhere else 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS))
