"""The conflicts and actors that are watched, as the catalogue file gives them.

Pure. The file's format is in `catalogue_file.py` (`parse_catalogue`), what a person should look at in it in
`catalogue_check.py` (`check_catalogue`); docs/catalogue.md describes both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class ActorKind(StrEnum):
    """What sort of actor an entry of the catalogue is."""

    STATE = "state"
    ORGANISATION = "organisation"
    GROUP = "group"
    PERSON = "person"


class Authority(IntEnum):
    """How much weight a speaker's word has for the party spoken for; higher is weightier."""

    OFFICIAL = 1
    SPOKESPERSON = 2
    MINISTER = 3
    LEADER = 4


@dataclass(frozen=True, slots=True)
class Conflict:
    """An armed conflict: its parties, the others who matter, the words it is known by, its dates.

    `parties` and `others` are actor ids. `active_from` and `active_to` are inclusive; None is open.
    """

    conflict_id: str
    name: str
    parties: tuple[str, ...]
    others: tuple[str, ...]
    terms: tuple[str, ...]
    active_from: date | None = None
    active_to: date | None = None

    def active_on(self, day: date) -> bool:
        """Tell whether the conflict is on at `day`."""
        return (self.active_from is None or self.active_from <= day) and (
            self.active_to is None or day <= self.active_to
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """One entry of the catalogue: a state, organisation, group or person, in one span of time.

    One name may have several entries with different dates (a president twice in office): their ids differ.
    `speaks_for` is the actor id of the party that a person speaks for, None for parties themselves.
    `members` are actor ids of a body that speaks jointly. `authority` is the given one, else read off the offices.
    `formerly` are ids that the entry had before: the history under them is its own.
    """

    actor_id: str
    name: str
    kind: ActorKind
    aliases: tuple[str, ...] = ()
    demonyms: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()
    speaks_for: str | None = None
    members: tuple[str, ...] = ()
    authority: Authority = Authority.OFFICIAL
    active_from: date | None = None
    active_to: date | None = None
    formerly: tuple[str, ...] = ()

    def active_on(self, day: date) -> bool:
        """Tell whether the entry holds at `day`."""
        return (self.active_from is None or self.active_from <= day) and (
            self.active_to is None or day <= self.active_to
        )

    @property
    def principal_id(self) -> str:
        """The party whose position this actor's words bear on: itself unless it speaks for another."""
        return self.speaks_for or self.actor_id


class CatalogueError(Exception):
    """A catalogue cannot be used. `problems` names every fault found, one sentence each, in the order of the file."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Catalogue:
    """All conflicts and actors, in the order of the file. Ids are unique and every id that is referred to exists.

    `source` names the file in messages; `lines` gives the line of an entry (`"actor:putin"`, `"conflict:sudan"`), for
    messages only: it may be empty.
    """

    conflicts: tuple[Conflict, ...]
    actors: tuple[Actor, ...]
    source: str = "catalogue"
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    def actor(self, actor_id: str) -> Actor:
        """Give one actor. Raises KeyError when the id is unknown."""
        return self._actors_by_id[actor_id]

    def conflict(self, conflict_id: str) -> Conflict:
        """Give one conflict. Raises KeyError when the id is unknown."""
        return self._conflicts_by_id[conflict_id]

    def has_actor(self, actor_id: str) -> bool:
        """Tell whether an actor of this id exists."""
        return actor_id in self._actors_by_id

    def has_conflict(self, conflict_id: str) -> bool:
        """Tell whether a conflict of this id exists."""
        return conflict_id in self._conflicts_by_id

    def named(self, name: str) -> tuple[Actor, ...]:
        """Give the entries of one name, in the order of the file: several when a person changed office."""
        return self._actors_by_name.get(name, ())

    def spokesmen_of(self, party_id: str, day: date | None = None) -> tuple[Actor, ...]:
        """Give those who speak for a party, weightiest first; only those in office at `day`, when it is given."""
        found = self._spokesmen.get(party_id, ())
        return found if day is None else tuple(actor for actor in found if actor.active_on(day))

    def members_of(self, body_id: str) -> tuple[Actor, ...]:
        """Give the members of a body that speaks jointly; none for all others."""
        return tuple(self.actor(member_id) for member_id in self.actor(body_id).members)

    def bodies_of(self, actor_id: str) -> tuple[Actor, ...]:
        """Give the bodies that an actor is a member of."""
        return self._bodies.get(actor_id, ())

    def actors_of(self, conflict: Conflict) -> tuple[Actor, ...]:
        """Give all who bear on a conflict: its parties, the others, their members, and those who speak for them."""
        listed = [self.actor(actor_id) for actor_id in (*conflict.parties, *conflict.others)]
        members = [member for actor in listed for member in self.members_of(actor.actor_id)]
        principals = dict.fromkeys([*listed, *members])
        spokesmen = [person for actor in principals for person in self.spokesmen_of(actor.actor_id)]
        return tuple(dict.fromkeys([*principals, *spokesmen]))

    def conflicts_of(self, actor_id: str, day: date | None = None) -> tuple[Conflict, ...]:
        """Give the conflicts that an actor bears on; only those that are on at `day`, when it is given."""
        found = self._conflicts_by_actor.get(actor_id, ())
        return found if day is None else tuple(conflict for conflict in found if conflict.active_on(day))

    def restricted_to(self, conflict_ids: Iterable[str]) -> Catalogue:
        """Keep only some conflicts, in the order of the file.

        All actors stay: who speaks in an article does not depend on the conflicts picked. Raises CatalogueError naming
        the unknown ids and the allowed ones.
        """
        wanted = list(conflict_ids)
        unknown = [conflict_id for conflict_id in wanted if not self.has_conflict(conflict_id)]
        if unknown or not wanted:
            allowed = ", ".join(self._conflicts_by_id)
            what = f"unknown conflicts {', '.join(map(repr, unknown))}" if unknown else "no conflict is named"
            raise CatalogueError([f"{self.source}: {what}; allowed are: {allowed}"])
        kept = tuple(conflict for conflict in self.conflicts if conflict.conflict_id in wanted)
        return Catalogue(conflicts=kept, actors=self.actors, source=self.source, lines=self.lines)

    def place_of(self, entry: Actor | Conflict) -> str:
        """Say where an entry stands, for messages: `catalogue.toml:12: actor 'putin'`, without the line if unknown."""
        kind, entry_id = ("actor", entry.actor_id) if isinstance(entry, Actor) else ("conflict", entry.conflict_id)
        line = self.lines.get(f"{kind}:{entry_id}")
        return f"{self.source}:{line}: {kind} {entry_id!r}" if line else f"{self.source}: {kind} {entry_id!r}"

    @cached_property
    def _actors_by_id(self) -> Mapping[str, Actor]:
        return {actor.actor_id: actor for actor in self.actors}

    @cached_property
    def _conflicts_by_id(self) -> Mapping[str, Conflict]:
        return {conflict.conflict_id: conflict for conflict in self.conflicts}

    @cached_property
    def _actors_by_name(self) -> Mapping[str, tuple[Actor, ...]]:
        return _grouped((actor.name, actor) for actor in self.actors)

    @cached_property
    def _spokesmen(self) -> Mapping[str, tuple[Actor, ...]]:
        weightiest_first = sorted(self.actors, key=lambda actor: -actor.authority)
        return _grouped((actor.speaks_for, actor) for actor in weightiest_first if actor.speaks_for)

    @cached_property
    def _bodies(self) -> Mapping[str, tuple[Actor, ...]]:
        return _grouped((member_id, actor) for actor in self.actors for member_id in actor.members)

    @cached_property
    def _conflicts_by_actor(self) -> Mapping[str, tuple[Conflict, ...]]:
        return _grouped((actor.actor_id, conflict) for conflict in self.conflicts for actor in self.actors_of(conflict))


def _grouped(pairs: Iterable[tuple[_Key, _Value]]) -> Mapping[_Key, tuple[_Value, ...]]:
    groups: defaultdict[_Key, list[_Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}
