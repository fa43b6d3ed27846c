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
        for actor in catalogue.actors:
            for surface, how in _surfaces(actor, catalogue):
                key = surface.lower()
                if (actor, how) not in self._meanings[key]:
                    self._meanings[key].append((actor, how))
                (loose if how is How.OFFICE or surface == key or _is_full_name(actor, surface) else exact).add(surface)
        self.tails = _office_tails(catalogue)
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


def _surfaces(actor: Actor, catalogue: Catalogue) -> Iterator[tuple[str, How]]:
    names = (actor.name, *actor.aliases)
    for name in names:
        yield folded(name), How.NAME
    if actor.kind is ActorKind.PERSON:
        surname = folded(actor.name).split()[-1]
        if len(surname) >= SURNAME_LEAST_CHARS and " " in actor.name:
            yield surname, How.NAME
        for office in actor.offices:
            yield from ((surface, How.OFFICE) for surface in _office_surfaces(folded(office), actor, catalogue))
        yield from ((surface, How.OFFICE) for surface in _leader_surfaces(actor, catalogue))
    for demonym in actor.demonyms:
        yield folded(demonym), How.DEMONYM


def _office_surfaces(office: str, actor: Actor, catalogue: Catalogue) -> Iterator[str]:
    """Spell an office in every way: "Russian president", "Russia's president", "president of Russia"."""
    yield office
    tail = _tail(office, actor, catalogue)
    if tail is None or not actor.speaks_for:
        return
    party = catalogue.actor(actor.speaks_for)
    for name in _short_names(party):
        yield from (f"{name}'s {tail}", f"{tail} of {name}", f"{tail} of the {name}", f"{name} {tail}")
    yield from (f"{demonym} {tail}" for demonym in map(folded, party.demonyms))


def _leader_surfaces(actor: Actor, catalogue: Catalogue) -> Iterator[str]:
    """A head of state or of a group is its leader, whatever the office is called."""
    if actor.authority is not Authority.LEADER or not actor.speaks_for:
        return
    party = catalogue.actor(actor.speaks_for)
    if party.kind is ActorKind.ORGANISATION:
        return
    yield from (f"{folded(demonym)} leader" for demonym in party.demonyms)
    if party.kind is ActorKind.GROUP:
        yield from (f"{name} {title}" for name in _short_names(party) for title in ("leader", "chief"))


def _short_names(party: Actor) -> list[str]:
    """The names that an office may be "of": proper ones, not long."""
    names = [folded(n) for n in (party.name, *party.aliases)]
    return [n for n in names if n[:1].isupper() and len(n.split()) <= OFFICE_NAME_MOST_WORDS]


def _tail(office: str, actor: Actor, catalogue: Catalogue) -> str | None:
    """The bare title of an office ("prime minister"), or None when it does not name its party."""
    if not actor.speaks_for:
        return None
    party = catalogue.actor(actor.speaks_for)
    names = sorted(map(folded, (*party.demonyms, party.name, *party.aliases)), key=len, reverse=True)
    for name in names:
        for start in (f"{name}'s ", f"{name} "):
            if office.lower().startswith(start.lower()):
                return office[len(start) :].lower()
        for particle in _PARTICLES:
            if office.lower().endswith(f" {particle}{name}".lower()):
                return office[: -len(particle) - len(name) - 1].lower()
    return None


def _office_tails(catalogue: Catalogue) -> Mapping[str, tuple[Actor, ...]]:
    tails: defaultdict[str, list[Actor]] = defaultdict(list)
    for actor in catalogue.actors:
        for office in actor.offices:
            tail = _tail(folded(office), actor, catalogue) or folded(office).lower()
            if actor not in tails[tail]:
                tails[tail].append(actor)
    return {tail: tuple(actors) for tail, actors in tails.items()}
