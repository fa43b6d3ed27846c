"""The format of the catalogue file: parsed TOML in, a `Catalogue` out, or every fault at once.

Pure: the caller reads the file (`tomllib`). What is merely doubtful is told by `catalogue_check.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from workers.domain.alert import SERVICE_LANE
from workers.domain.catalogue import Actor, ActorKind, Authority, Catalogue, CatalogueError, Conflict
from workers.domain.offices import OfficeRanks

VERSION = 1
CONFLICT_KEYS = ("id", "name", "parties", "others", "terms", "from", "to")
ACTOR_KEYS = (
    *("id", "name", "kind", "aliases", "demonyms", "offices"),
    *("speaks_for", "members", "authority", "from", "to", "formerly"),
)
# A state, organisation or group that is named as a whole weighs less than its leader and more than its spokespeople.
BODY_AUTHORITY = Authority.MINISTER
_KEYS = {"conflict": CONFLICT_KEYS, "actor": ACTOR_KEYS}
_ID = re.compile(r"[A-Za-z0-9_-]+")  # they stand in links, in ids of jobs and of alerts
_Choice = TypeVar("_Choice")


def parse_catalogue(
    data: Mapping[str, Any], source: str = "catalogue", *, offices: OfficeRanks, text: str = ""
) -> Catalogue:
    """Read a catalogue out of parsed TOML.

    `source` names the file in messages. `offices` tells the authority of a person who is not given one. `text` is the
    file's text, from which messages take line numbers; empty for none. Raises CatalogueError with every fault: a wrong
    version, unknown or missing keys, values of a wrong type, ids that are malformed, double or unknown, dates the
    wrong way round, people who speak for nobody or for a person.
    """
    problems: list[str] = []
    _check_top(data, source, problems)
    tables = {table: _tables(data, table, _header_lines(text, table), source, problems) for table in _KEYS}
    conflicts = tuple(_conflict(entry) for entry in tables["conflict"])
    actors = tuple(_actor(entry, offices) for entry in tables["actor"])
    if not problems:
        lines = {f"{entry.table}:{entry.entry_id}": entry.line for found in tables.values() for entry in found}
        known = {key: line for key, line in lines.items() if line}
        catalogue = Catalogue(conflicts=conflicts, actors=actors, source=source, lines=known)
        problems.extend(_faults(catalogue))
        if not problems:
            return catalogue
    raise CatalogueError(problems)


@dataclass(slots=True)
class _Entry:
    """One table of the file while it is read; `problems` collects what is wrong with it."""

    table: str
    entry_id: str
    line: int
    source: str
    values: Mapping[str, Any]
    problems: list[str] = field(repr=False)

    def fault(self, what: str) -> None:
        place = f"{self.source}:{self.line}" if self.line else self.source
        self.problems.append(f"{place}: {self.table} {self.entry_id!r}: {what}")

    def word(self, key: str) -> str:
        value = self.values.get(key)
        if isinstance(value, str) and value.strip() == value and value:
            return value
        missing = f"{key} is missing"
        self.fault(missing if value is None else f"{key} must be a text without blanks around it, not {value!r}")
        return ""

    def words(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(w, str) and w.strip() == w and w for w in value):
            self.fault(f"{key} must be a list of texts, none empty or with blanks around it, not {value!r}")
            return ()
        for twice in sorted({word for word in value if value.count(word) > 1}):
            self.fault(f"{key} has {twice!r} twice")
        return tuple(value)

    def day(self, key: str) -> date | None:
        value = self.values.get(key)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            self.fault(f"{key} must be a date such as 2025-01-20, not {value!r}")
            return None

    def days(self) -> tuple[date | None, date | None]:
        first, last = self.day("from"), self.day("to")
        if first and last and last < first:
            self.fault(f"to {last} lies before from {first}")
        return first, last

    def choice(self, key: str, choices: Mapping[str, _Choice], default: _Choice | None) -> _Choice | None:
        value = self.values.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and value in choices:
            return choices[value]
        found = "is missing" if value is None else f"{value!r} is unknown"
        self.fault(f"{key} {found}; allowed are {', '.join(choices)}")
        return default


def _conflict(entry: _Entry) -> Conflict:
    first, last = entry.days()
    conflict = Conflict(
        conflict_id=entry.entry_id,
        name=entry.word("name"),
        parties=entry.words("parties"),
        others=entry.words("others"),
        terms=entry.words("terms"),
        active_from=first,
        active_to=last,
    )
    for needed in ("parties", "terms"):
        if not entry.values.get(needed):
            entry.fault(f"{needed} is missing or empty")
    for both in sorted(set(conflict.parties) & set(conflict.others)):
        entry.fault(f"{both!r} is in parties and in others")
    return conflict


_KINDS = {kind.value: kind for kind in ActorKind}
_AUTHORITIES = {authority.name.lower(): authority for authority in Authority}


def _actor(entry: _Entry, offices: OfficeRanks) -> Actor:
    first, last = entry.days()
    held = entry.words("offices")
    kind = entry.choice("kind", _KINDS, None) or ActorKind.GROUP
    derived = offices.highest_of(held) if kind is ActorKind.PERSON else BODY_AUTHORITY
    return Actor(
        actor_id=entry.entry_id,
        name=entry.word("name"),
        kind=kind,
        aliases=entry.words("aliases"),
        demonyms=entry.words("demonyms"),
        offices=held,
        speaks_for=entry.word("speaks_for") if "speaks_for" in entry.values else None,
        members=entry.words("members"),
        authority=entry.choice("authority", _AUTHORITIES, derived) or derived,
        active_from=first,
        active_to=last,
        formerly=entry.words("formerly"),
    )


def _check_top(data: Mapping[str, Any], source: str, problems: list[str]) -> None:
    if data.get("version") != VERSION:
        problems.append(f"{source}: version must be {VERSION}, not {data.get('version')!r}")
    allowed = ("version", *_KEYS)
    problems.extend(
        f"{source}: unknown key {key!r}; allowed are {', '.join(allowed)}" for key in data if key not in allowed
    )


def _tables(
    data: Mapping[str, Any], table: str, lines: Sequence[int], source: str, problems: list[str]
) -> list[_Entry]:
    """List the entries of one kind, with faults of their keys and ids noted. An entry without an id is `#3`."""
    found = data.get(table)
    if not isinstance(found, list) or not found or not all(isinstance(values, Mapping) for values in found):
        problems.append(f"{source}: there must be at least one [[{table}]]")
        return []
    placed = lines if len(lines) == len(found) else [0] * len(found)
    entries = [
        _Entry(table, str(values.get("id") or f"#{number}"), line, source, values, problems)
        for number, (values, line) in enumerate(zip(found, placed, strict=True), start=1)
    ]
    first_of: dict[str, int] = {}
    for number, entry in enumerate(entries, start=1):
        _check_keys(entry, _KEYS[table])
        first = first_of.setdefault(entry.entry_id, number)
        if first != number:
            entry.fault(f"the id is taken already by entry {first} of [[{table}]]")
    return entries


def _check_keys(entry: _Entry, allowed: Sequence[str]) -> None:
    if "id" not in entry.values:
        entry.fault("id is missing")
    elif not isinstance(entry.values["id"], str) or not _ID.fullmatch(entry.values["id"]):
        entry.fault("id must be of letters without accents, digits, hyphens and underscores, such as 'united-states'")
    elif entry.table == "conflict" and entry.entry_id == SERVICE_LANE:
        entry.fault("the id is taken by the alerts that are about no conflict; name it otherwise")
    for key in entry.values:
        if key not in allowed:
            entry.fault(f"unknown key {key!r}; allowed are {', '.join(allowed)}")


def _header_lines(text: str, table: str) -> list[int]:
    """Find the lines, from 1, at which the entries of a table begin."""
    header = re.compile(rf"\s*\[\[\s*{table}\s*\]\]")
    return [number for number, line in enumerate(text.splitlines(), start=1) if header.match(line)]


def _faults(catalogue: Catalogue) -> Iterator[str]:
    """Find what only shows once all entries are read: unknown ids and people who speak for nobody."""
    for conflict in catalogue.conflicts:
        for key, ids in (("parties", conflict.parties), ("others", conflict.others)):
            for actor_id in ids:
                if not catalogue.has_actor(actor_id):
                    yield f"{catalogue.place_of(conflict)}: {key} names the unknown actor {actor_id!r}"
                elif catalogue.actor(actor_id).speaks_for:
                    yield f"{catalogue.place_of(conflict)}: {key} names {actor_id!r}, who speaks for another actor"
    renamed: set[str] = set()
    for actor in catalogue.actors:
        place = catalogue.place_of(actor)
        yield from (f"{place}: {fault}" for fault in _actor_faults(catalogue, actor))
        for former_id in actor.formerly:
            if catalogue.has_actor(former_id):
                yield f"{place}: formerly names {former_id!r}, which is the id of an actor that is listed"
            elif former_id in renamed:
                yield f"{place}: formerly names {former_id!r}, which another actor names too"
            renamed.add(former_id)


def _actor_faults(catalogue: Catalogue, actor: Actor) -> Iterator[str]:
    if actor.kind is ActorKind.PERSON and actor.members:
        yield "a person has no members"
    for member_id in actor.members:
        if not catalogue.has_actor(member_id):
            yield f"members names the unknown actor {member_id!r}"
        elif member_id == actor.actor_id:
            yield "members names the actor itself"
    if actor.speaks_for is None:
        return
    if not catalogue.has_actor(actor.speaks_for):
        yield f"speaks_for names the unknown actor {actor.speaks_for!r}"
    elif catalogue.actor(actor.speaks_for).speaks_for:
        yield f"speaks_for names {actor.speaks_for!r}, who speaks for another actor; name the party itself"
