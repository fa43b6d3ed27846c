"""The parts of the benchmark, in the order in which `make bench` runs them.

A part is a module of this folder with a `main` of its own (`python -m tests.bench.<module>`). It may print a table for
people; the LAST line that it prints is one flat JSON object of its figures (names in words with their unit, numbers,
texts or true and false). Its exit code is 1 when a figure is not what it must be. It uses stores, ports and folders of
its own and needs no internet. A line in PARTS adds it to `make bench`, where each of its figures is called
`<part>_<figure>`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name, its module in this folder, and what it is handed.

    `data` names the folder that it measures on ("eval" or "feeds", None when it needs none); where that folder is
    absent the part is left out with a word. The folder is its first argument.
    """

    name: str
    module: str
    data: str | None = None


PARTS = (
    Part("deliveries", "deliveries"),
    Part("fetching", "fetching"),
    Part("parsing", "parsing", data="feeds"),
    Part("feed_files", "feed_files", data="feeds"),
    Part("hostile", "hostile"),
    Part("bombs", "bombs"),
    Part("killed_pollers", "killed_pollers"),
    Part("sameness", "sameness", data="eval"),
    Part("orders", "orders"),
    Part("ledger", "ledger"),
    Part("queue", "queue"),
    Part("large_catalogue", "large_catalogue"),
    Part("backup", "backup"),
)
