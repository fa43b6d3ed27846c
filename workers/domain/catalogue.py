"""The conflicts and actors that are watched, as the catalogue file gives them.

Pure: the file is read by the caller, who hands over the parsed TOML (`parse_catalogue`).
Format: DESIGN section 4 ("Catalogue"): `version = 1`, `[[conflict]]`, `[[actor]]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum


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

    def active_on(self, day: date) -> bool:
        """Tell whether the entry holds at `day`."""
        return (self.active_from is None or self.active_from <= day) and (
            self.active_to is None or day <= self.active_to
        )

    @property
    def principal_id(self) -> str:
        """The party whose position this actor's words bear on: itself unless it speaks for another."""
        return self.speaks_for or self.actor_id
