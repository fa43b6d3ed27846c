"""Kill the service thousands of times and see what is lost: `python -m tests.chaos [KILLS] [--folder FOLDER]`.

Nine tenths of the kills hit a service whose reader takes the truth from markup, so that they are many; a tenth hits
`trucewatch run` with the real language model. The run goes on where it was stopped. The last line is one flat JSON
object; the exit code is 1 when anything was lost, doubled, out of order or wrong.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

from tests.chaos.campaign import Campaign, opened
from tests.chaos.judge import Verdict, percentile
from tests.chaos.plan import Plan
from tests.chaos.press import Journal

KILLS = 2_000
REAL_SHARE = 0.1


def main(kills: int, folder: Path) -> int:
    """Run both parts, print the table; returns the exit code."""
    began = time.monotonic()
    real = round(kills * REAL_SHARE)
    plans = [
        Plan(folder / "markup", kills - real, seed=1, long_outages=max(1, (kills - real) // 500)),
        Plan(folder / "real", real, seed=2, real=True, mean_pause_s=3.0),
    ]
    verdicts = [_judged(opened(plan)) for plan in plans]
    figures = _figures(folder, verdicts) | {"took_s": round(time.monotonic() - began)}
    _tell(figures, verdicts)
    return 0 if not any(verdict.words() for verdict in verdicts) else 1


def _judged(campaign: Campaign) -> Verdict:
    print(f"{campaign.plan.folder}: {campaign.done()} of {campaign.plan.kills} kills so far", flush=True)
    return campaign.run()


def _figures(folder: Path, verdicts: list[Verdict]) -> dict[str, object]:
    killed = Counter(
        line["kind"] for part in ("markup", "real") for line in Journal(folder / part / "killed.jsonl").lines()
    )
    waits = [line for part in ("markup", "real") for line in Journal(folder / part / "recoveries.jsonl").lines()]
    stops = [line for part in ("markup", "real") for line in Journal(folder / part / "stops.jsonl").lines()]
    calm = [line["took_s"] for line in waits if not line["disturbed"]]
    everything = [line["took_s"] for line in waits]
    stories = sum(len(Journal(folder / part / "stories.jsonl").lines()) for part in ("markup", "real"))
    return {
        "kills": killed.total(),
        **{f"kills_of_{kind}": count for kind, count in sorted(killed.items())},
        "stories": stories,
        "alerts": sum(verdict.alerts for verdict in verdicts),
        "deliveries": sum(verdict.deliveries for verdict in verdicts),
        "lost": sum(len(verdict.lost) for verdict in verdicts),
        "doubled": sum(len(verdict.doubled) for verdict in verdicts),
        "order_breaks": sum(len(verdict.order_breaks) for verdict in verdicts),
        "wrong_positions": sum(len(verdict.wrong_positions) for verdict in verdicts),
        "redelivered": sum(verdict.redelivered for verdict in verdicts),
        "recoveries": len(calm),
        "recovery_p50_s": percentile(calm, 0.5),
        "recovery_p99_s": percentile(calm, 0.99),
        "recovery_most_s": max(calm, default=None),
        "stops": len(stops),
        "stop_p99_s": percentile([line["took_s"] for line in stops], 0.99),
        "recovery_with_other_trouble_p99_s": percentile(everything, 0.99),
    }


def _tell(figures: dict[str, object], verdicts: list[Verdict]) -> None:
    for verdict in verdicts:
        for fault in verdict.words():
            print(fault)
    for name, value in figures.items():
        print(f"{name:36} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=KILLS)
    parser.add_argument("--folder", type=Path, default=Path(".chaos"))
    parser.add_argument("--fresh", action="store_true", help="Forget the run that is there.")
    asked = parser.parse_args()
    if asked.fresh:
        shutil.rmtree(asked.folder, ignore_errors=True)
    sys.exit(main(asked.kills, asked.folder))
