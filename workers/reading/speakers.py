"""Say for whom a noun phrase speaks: "the Kremlin", "US officials", "Russian deputy minister X", "Qatar and Egypt".

Only what the phrase itself shows; pronouns and bare roles ("he", "the group") are left to `coreference`.
"""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

from workers.domain.catalogue import Actor, Authority
from workers.reading.actors import ActorFinder, How, Mention, folded
from workers.reading.lexicon import Lexicon

SIGNATORIES_LEAST, MOST_SIGNATORIES = 2, 6
_AND = re.compile(r",\s+and\s+|\s+and\s+|,\s+|\s*&\s*|,?\s+as well as\s+|,?\s+together with\s+|\s+along with\s+")
_LAST_AND = re.compile(r"\band\b|&|as well as|together with|along with")
# Grammar of the noun phrase: where its head ends and its complements begin.
_COMPLEMENT = re.compile(
    r"\s(?:of|for|to|from|in|with|at|on|by|close|near|behind|within|inside|who|which|that|whose|familiar|speaking|briefed)\s|,|\s[-–—]\s|\("
)
# "Mediators in talks between Israel and Hamas" are neither, and "those fighting against the army" are not the army.
_BETWEEN = re.compile(r"\s(?:between|against)\s")
_NAME_WORD = r"(?:[A-Z][\w'.-]*[\w]|[A-Z]\.|al-[A-Z][\w-]+|el-[A-Z][\w-]+)"
_NAME = re.compile(
    rf"{_NAME_WORD}(?:\s+(?:(?:bin|ibn|al|el|de|da|dos|del|van|von|der|den|la|le|abu|ould)\s+)*{_NAME_WORD})*"
)
_JOINED = re.compile(r"(?:\W|\bthe\b|\band\b)*")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, and for whom. `actor_id` is None for an unlisted person of a listed party."""

    actor_id: str | None
    name: str
    principal_id: str
    authority: Authority
    path: str  # how the phrase led here, for `why`

    @property
    def is_party(self) -> bool:
        """Tell a party from a person who speaks for it."""
        return self.actor_id == self.principal_id


class SpeakerReader:
    """Reads noun phrases as of one day."""

    def __init__(self, finder: ActorFinder, lexicon: Lexicon, day: date) -> None:
        self.finder = finder
        self._roles = lexicon.roles
        self._titles = lexicon.titles
        self.day = day

    def read(self, phrase: str) -> tuple[Speaker, ...]:
        """The speakers that a phrase names, in its order; empty when it names no listed party or its people."""
        plain = folded(phrase)
        mentions = [m for m in self.finder.mentions(phrase, self.day) if not _BETWEEN.search(plain, 0, m.start)]
        if not mentions or self.is_bystander(plain, mentions):
            return ()
        joint = self._joint(plain, mentions)
        if joint:
            return joint
        one = self._one(plain, mentions)
        return (one,) if one else ()

    def of_actor(self, actor: Actor, path: str) -> Speaker:
        """An actor of the catalogue as a speaker."""
        return Speaker(actor.actor_id, actor.name, actor.principal_id, actor.authority, path)

    def official_of(self, actor: Actor, phrase: str) -> Speaker:
        """Somebody unnamed of a party: the party speaks, with the authority that the phrase shows."""
        party = self.finder.catalogue.actor(actor.principal_id)
        return Speaker(
            party.actor_id, party.name, party.actor_id, self.authority_of(phrase), f"official of {party.name}"
        )

    def authority_of(self, phrase: str) -> Authority:
        """How much the role named in a phrase weighs; an official's when none is named."""
        low = phrase.lower()
        if self._roles["spokesperson"].search(low):
            return Authority.SPOKESPERSON
        if self._roles["deputy"].search(low) or self._roles["former"].search(low):
            return Authority.OFFICIAL
        if self._roles["minister"].search(low):
            return Authority.MINISTER
        return Authority.LEADER if self._roles["leader"].search(low) else Authority.OFFICIAL

    def is_bystander(self, phrase: str, mentions: list[Mention] | None = None) -> bool:
        """Tell those who stand for no party: analysts, residents, the press, people who have left office."""
        head = _head(phrase)
        if mentions and any(m.is_person and m.start < len(phrase) for m in mentions):
            return False
        low = head.lower()
        return self._roles["bystander"].search(low) is not None or self._roles["former"].match(low) is not None

    def unlisted_name(self, phrase: str) -> str | None:
        """A proper name that ends the head of a phrase, without titles: "US official John Smith" gives "John Smith"."""
        head = _head(folded(phrase)).strip()
        names = [hit for hit in _NAME.finditer(head) if hit.end() == len(head)]
        if not names:
            return None
        words = names[-1].group().split()
        titled = names[-1].start() > 0
        while words and words[0].lower().strip(".") in self._titles:
            words.pop(0)
            titled = True
        return " ".join(words) if len(words) > 1 or (titled and words) else None

    def _joint(self, plain: str, mentions: list[Mention]) -> tuple[Speaker, ...]:
        """Parties or people named side by side ("the US, Qatar and Egypt"), not in apposition."""
        if not _LAST_AND.search(plain):
            return ()
        pieces = _pieces(plain)
        if len(pieces) < SIGNATORIES_LEAST:
            return ()
        read = []
        for start, end in pieces:
            inside = [m for m in mentions if start <= m.start and m.end <= end]
            read.append(self._one(plain[start:end], [_moved(m, -start) for m in inside]) if inside else None)
        found = list({speaker.name: speaker for speaker in read if speaker}.values())
        parties = {speaker.principal_id for speaker in found}
        if len(parties) < SIGNATORIES_LEAST or len(found) > MOST_SIGNATORIES or not (read[0] and read[-1]):
            return ()
        return tuple(replace(speaker, path=f"joint: {speaker.path}") for speaker in found)

    def _one(self, plain: str, mentions: list[Mention]) -> Speaker | None:
        """The one speaker of a phrase: a person at its head, else whoever its role and complements point to."""
        head_end = len(_head(plain))
        in_head = [m for m in mentions if m.start < head_end]
        person = self._person_at_head(plain, mentions, in_head, head_end)
        if person is not None:
            return self.of_actor(person.actor, f"{person.how} {person.actor.name}")
        party = next(iter(reversed(in_head)), None) or mentions[0]
        return self._of_party(plain, party, head_end)

    def _person_at_head(
        self, plain: str, mentions: list[Mention], in_head: list[Mention], head_end: int
    ) -> Mention | None:
        people = [m for m in in_head if m.is_person and not plain.startswith(("'s", "'"), m.end)]
        named = [m for m in people if m.how is How.NAME]
        if named:
            return named[-1]
        if people and not self._roles["office_of"].search(plain[people[-1].end : head_end].lower()):
            # "the Israeli prime minister" is the person, "the Israeli prime minister Ehud X" somebody else in a gap
            return people[-1] if self._nameless(plain[people[-1].end : head_end]) else None
        role = plain[:head_end].lower()
        if self._roles["leader"].search(role) or self._roles["minister"].search(role):
            # "Minister of Foreign Affairs of Lithuania Gabrielius Landsbergis"
            beyond = [m for m in mentions if m.is_person and m.how is How.NAME and m.start >= head_end]
            apart = [m for m in beyond if not re.search(r"(?:of|for|to|by|with)\s+(?:\w+\s+)?$", plain[: m.start])]
            if apart and not self._roles["spokesperson"].search(role) and not self._roles["deputy"].search(role):
                return apart[0]
        return None

    def _nameless(self, rest: str) -> bool:
        return not _NAME.search(rest)

    def _of_party(self, plain: str, mention: Mention, head_end: int) -> Speaker:
        """A party itself, or somebody of it: named but unlisted, or unnamed."""
        name = self.unlisted_name(plain)
        after = plain[mention.end : head_end]
        if name and _covers(mention, plain, name):
            name = None
        if name and (mention.start >= head_end or after.strip(" '")):
            party = self.finder.catalogue.actor(mention.actor.principal_id)
            return Speaker(
                None,
                name,
                party.actor_id,
                self.authority_of(plain[:head_end] + " " + plain[head_end:]),
                f"{name} of {party.name}",
            )
        role = re.sub(r"^'s?\s*", "", after).strip().lower()
        bare = mention.start < head_end and mention.how is How.NAME and not mention.is_person
        if bare and (not role or self._speaks_as_party(role)) and not self._names_people(plain[: mention.start]):
            return self.of_actor(mention.actor, f"party {mention.actor.name}")
        if not mention.is_person and self._speaks_as_party(role):
            return self.of_actor(mention.actor, f"{mention.how} {mention.actor.name}")
        return self.official_of(mention.actor, plain)

    def _speaks_as_party(self, role: str) -> bool:
        """Tell "the Israeli government", "Hamas leadership" from people of a party."""
        return any(
            self._roles[kind].fullmatch(role) for kind in ("government", "ministry", "group", "force", "document")
        )

    def _names_people(self, before: str) -> bool:
        low = before.lower()
        return any(self._roles[kind].search(low) for kind in ("official", "spokesperson"))


def _head(phrase: str) -> str:
    """The phrase up to its first complement."""
    cut = _COMPLEMENT.search(phrase)
    return phrase[: cut.start()] if cut and cut.start() else phrase


def _pieces(plain: str) -> list[tuple[int, int]]:
    pieces = []
    start = 0
    for cut in _AND.finditer(plain):
        pieces.append((start, cut.start()))
        start = cut.end()
    pieces.append((start, len(plain)))
    return [(a, b) for a, b in pieces if plain[a:b].strip()]


def _moved(mention: Mention, by: int) -> Mention:
    return replace(mention, start=mention.start + by, end=mention.end + by)


def _covers(mention: Mention, plain: str, name: str) -> bool:
    """Tell whether the proper name is (part of) the mention itself."""
    at = plain.find(name)
    return at >= 0 and mention.start <= at + len(name) and at < mention.end
