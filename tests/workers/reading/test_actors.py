from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.bench.large_catalogue import catalogue_text
from workers.provisions import load_catalogue
from workers.reading.actors import ActorFinder, How
from workers.reading.conflicts import ConflictFinder

DAY = date(2025, 3, 14)
NAMES = {"Dobababaka": "a10004", "Babababado's minister of task 2": "a2", "the Babababadon minister of task 2": "a2"}


def test_each_of_ten_thousand_actors_is_loaded_and_found(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text(catalogue_text(10_050), encoding="utf-8")
    catalogue = load_catalogue(path, ())
    finder, conflicts = ActorFinder(catalogue), ConflictFinder(catalogue)
    for name, actor_id in NAMES.items():
        (mention,) = finder.mentions(f"Then {name} spoke of peace.", DAY)
        assert mention.actor.actor_id == actor_id, name
    assert conflicts.named("There is war in Dobabababa Valley.", DAY) == {"c10000": 1}


def test_an_office_is_found_in_every_spelling() -> None:
    finder = ActorFinder(load_catalogue(None, ()))
    for office in ("Russian president", "Russia's president", "president of Russia", "the president of the Russia"):
        found = [(mention.actor.actor_id, mention.how) for mention in finder.mentions(f"The {office} left.", DAY)]
        assert ("putin", How.OFFICE) in found, office
