"""Find the catalogue's actors in a text by name, alias, office or demonym, as they stand on a day.

An office belongs to whoever holds it on the day; an entry out of its dates is not found.
"""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from workers.domain.catalogue import Actor, ActorKind, Authority, Catalogue
from workers.reading.surfaces import SurfaceMatcher

OFFICE_NAME_MOST_WORDS = 2  # "of the United States", not "of the Islamic Resistance Movement of …"
SURNAME_LEAST_CHARS = 4  # a shorter last name is too often a word or another's name
_PLAIN = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "\u00a0": " ", "\n": " ", "\t": " ", "‑": "-", "–": "-"})
_PARTICLES = ("of the ", "of ", "the ")


class How(StrEnum):
    """By what an actor is named."""

    NAME = "name"
    OFFICE = "office"
    DEMONYM = "demonym"


@dataclass(frozen=True, slots=True)
class Mention:
    """An actor named at `start`..`end` of a text. `demonym`s stand for what belongs to the party ("Russian")."""

    start: int
    end: int
    actor: Actor
    how: How

    @property
    def is_person(self) -> bool:
        """Tell a person from a party."""
        return self.actor.kind is ActorKind.PERSON


class ActorFinder:
    """One matcher for every way to name an actor of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._meanings: defaultdict[str, list[tuple[Actor, How]]] = defaultdict(list)
        exact: set[str] = set()
        loose: set[str] = set()
        namer = _Namer(catalogue)
        for actor in catalogue.actors:
            for surface, how in dict.fromkeys(namer.surfaces(actor)):
                key = surface.lower()
                meant = self._meanings[key]
                if not any(one is actor and way is how for one, way in meant):
                    meant.append((actor, how))
                (loose if how is How.OFFICE or surface == key or _is_full_name(actor, surface) else exact).add(surface)
        self.tails = _office_tails(catalogue, namer)
        self._names = SurfaceMatcher(exact, loose - exact)

    def mentions(self, text: str, day: date) -> list[Mention]:
        """All mentions in order, the longest of those that overlap.

        A name of several people in office on the day is nobody's; a word that is both a name and a demonym is a name.
        """
        plain = folded(text)
        found = []
        for start, end in self._names.find(plain):
            meant = self._meant(plain[start:end].lower(), day)
            if meant is not None:
                found.append(Mention(start, end, *meant))
        return found

    def _meant(self, key: str, day: date) -> tuple[Actor, How] | None:
        active = [(actor, how) for actor, how in self._meanings[key] if actor.active_on(day)]
        for wanted in How:
            of_kind = [actor for actor, how in active if how is wanted]
            if len(of_kind) > 1:  # the latest to come into office
                of_kind.sort(key=lambda actor: actor.active_from or date.min, reverse=True)
                newest = [a for a in of_kind if (a.active_from or date.min) == (of_kind[0].active_from or date.min)]
                of_kind = (
                    newest if len(newest) == 1 or wanted is How.DEMONYM else newest[:1] if wanted is How.NAME else []
                )
            if of_kind:
                return of_kind[0], wanted
        return None

    def holders(self, tail: str, day: date, principals: Iterable[str]) -> list[Actor]:
        """Who holds an office of this bare title ("prime minister") on the day for one of the parties."""
        wanted = set(principals)
        return [a for a in self.tails.get(tail, ()) if a.active_on(day) and a.speaks_for in wanted]


def _is_full_name(actor: Actor, surface: str) -> bool:
    """A person's full name is no other word, however it is spelled ("staffan de mistura")."""
    return actor.kind is ActorKind.PERSON and " " in surface


def folded(text: str) -> str:
    """Plain quotes, hyphens and spaces, no accents; the same length as `text`."""
    plain = text.translate(_PLAIN)
    if plain.isascii():
        return plain
    return "".join(c if c.isascii() else _bare(c) for c in plain)


def _bare(char: str) -> str:
    first = unicodedata.normalize("NFD", char)[0]
    return first if first.isalpha() else char


class _Namer:
    """Spells every way to name an actor. What it takes from a party is worked out once, not for each of its people."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._parties: dict[str, _Party] = {}
        self._tails: dict[tuple[str, str | None], str | None] = {}

    def surfaces(self, actor: Actor) -> Iterator[tuple[str, How]]:
        """Every name, office and demonym, folded; some come twice."""
        for name in (actor.name, *actor.aliases):
            yield folded(name), How.NAME
        if actor.kind is ActorKind.PERSON:
            surname = folded(actor.name).split()[-1]
            if len(surname) >= SURNAME_LEAST_CHARS and " " in actor.name:
                yield surname, How.NAME
            for office in actor.offices:
                yield from ((surface, How.OFFICE) for surface in self._office_surfaces(folded(office), actor))
            yield from ((surface, How.OFFICE) for surface in self._leader_surfaces(actor))
        for demonym in actor.demonyms:
            yield folded(demonym), How.DEMONYM

    def tail(self, office: str, actor: Actor) -> str | None:
        """The bare title of a folded office ("prime minister"), or None when it does not name its party."""
        party = self._party_of(actor)
        if party is None:
            return None
        key = (office, actor.speaks_for)
        if key not in self._tails:
            self._tails[key] = party.tail_of(office.lower())
        return self._tails[key]

    def _office_surfaces(self, office: str, actor: Actor) -> Iterator[str]:
        """Spell an office in every way: "Russian president", "Russia's president", "president of Russia"."""
        yield office
        party, tail = self._party_of(actor), self.tail(office, actor)
        if party is None or tail is None:
            return
        for name in party.short_names:
            yield from (f"{name}'s {tail}", f"{tail} of {name}", f"{tail} of the {name}", f"{name} {tail}")
        yield from (f"{demonym} {tail}" for demonym in party.demonyms)

    def _leader_surfaces(self, actor: Actor) -> Iterator[str]:
        """A head of state or of a group is its leader, whatever the office is called."""
        party = self._party_of(actor)
        if actor.authority is not Authority.LEADER or party is None or party.kind is ActorKind.ORGANISATION:
            return
        yield from (f"{demonym} leader" for demonym in party.demonyms)
        if party.kind is ActorKind.GROUP:
            yield from (f"{name} {title}" for name in party.short_names for title in ("leader", "chief"))

    def _party_of(self, actor: Actor) -> _Party | None:
        party_id = actor.speaks_for
        if not party_id:
            return None
        if party_id not in self._parties:
            self._parties[party_id] = _Party.of(self._catalogue.actor(party_id))
        return self._parties[party_id]


@dataclass(frozen=True, slots=True)
class _Party:
    """How a party is spelled, folded. `starts` and `ends` are what its offices begin or end with, in lower case."""

    kind: ActorKind
    demonyms: tuple[str, ...]
    short_names: tuple[str, ...]  # those that an office may be "of": proper ones, not long
    starts_and_ends: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]  # for each name, the longest first

    @classmethod
    def of(cls, party: Actor) -> _Party:
        """Work out the spellings."""
        demonyms = tuple(map(folded, party.demonyms))
        names = tuple(map(folded, (party.name, *party.aliases)))
        longest_first = sorted((name.lower() for name in (*demonyms, *names)), key=len, reverse=True)
        return cls(
            kind=party.kind,
            demonyms=demonyms,
            short_names=tuple(n for n in names if n[:1].isupper() and len(n.split()) <= OFFICE_NAME_MOST_WORDS),
            starts_and_ends=tuple(
                ((f"{name}'s ", f"{name} "), tuple(f" {particle}{name}" for particle in _PARTICLES))
                for name in longest_first
            ),
        )

    def tail_of(self, low: str) -> str | None:
        """What is left of an office, in lower case, without the party's name."""
        for starts, ends in self.starts_and_ends:
            for start in starts:
                if low.startswith(start):
                    return low[len(start) :]
            for end in ends:
                if low.endswith(end):
                    return low[: -len(end)]
        return None


def _office_tails(catalogue: Catalogue, namer: _Namer) -> Mapping[str, tuple[Actor, ...]]:
    tails: defaultdict[str, dict[str, Actor]] = defaultdict(dict)
    for actor in catalogue.actors:
        for office in map(folded, actor.offices):
            tails[namer.tail(office, actor) or office.lower()][actor.actor_id] = actor
    return {tail: tuple(actors.values()) for tail, actors in tails.items()}
