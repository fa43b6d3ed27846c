"""Who "he", "the group" and "the statement" are: light coreference over the narration of one article.

Only what is said outside quotation marks can be an antecedent. What stays unclear stays unresolved.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from spacy.tokens import Token

from workers.domain.catalogue import Actor, ActorKind
from workers.reading.actors import ActorFinder, Mention, folded
from workers.reading.lexicon import Lexicon
from workers.reading.parsed import ParsedText
from workers.reading.speakers import Speaker, SpeakerReader

REACH_SENTENCES = 8  # further back a reader would no longer look
SUBJECT_WEIGHT = 1.6  # a subject is taken up again rather than what stands beside it
SPEAKER_WEIGHT = 1.2  # so is who spoke last
ONWARD = frozenset(
    {"compound", "appos", "conj", "nmod", "flat"}
)  # from a name's last word up to the head of its phrase
_ARTICLE = re.compile(
    r"^(?:the|a|an|this|that|these|those|its|his|her|their|our|another|one|both|senior|top|same|two|three|second|first)\s+"
)


Fits = Callable[[Actor], bool]


class Sort(StrEnum):
    """What a word can stand for."""

    HE = "he"
    SHE = "she"
    IT = "it"
    THEY = "they"


PRONOUNS = {
    "he": Sort.HE,
    "she": Sort.SHE,
    "it": Sort.IT,
    "they": Sort.THEY,
    "him": Sort.HE,
    "her": Sort.SHE,
    "who": Sort.HE,
}


@dataclass(frozen=True, order=True, slots=True)
class Heard:
    """Somebody who came up at `at`; `speakers` is empty for somebody of no party, who still takes up a pronoun."""

    at: int
    weight: float
    speakers: tuple[Speaker, ...] = ()
    is_person: bool = False
    gender: str = ""


class Cast:
    """Who has come up so far in one article. Speakers are resolved in the order of the text (`resolve`)."""

    def __init__(
        self,
        parsed: ParsedText,
        finder: ActorFinder,
        reader: SpeakerReader,
        lexicon: Lexicon,
        mentions: Sequence[Mention],
    ) -> None:
        self._finder = finder
        self._reader = reader
        self._roles = lexicon.roles
        self._text = folded(parsed.text)
        self._starts = [start for _, _, start, _ in parsed.sentences()]
        self._quotes = [(q.start, q.end) for q in parsed.quotes if not q.is_scare]
        self._heard: list[Heard] = []
        self._unlisted: dict[str, Speaker] = {}
        self._note_narration(parsed, mentions)

    def resolve(self, phrase: str, at: int, after: int | None = None) -> tuple[Speaker, ...]:
        """The speakers that a phrase at `at` stands for; empty when it stays unclear. `after` is where it ends."""
        found = self._read(phrase, at, after)
        self.note(found, at, SPEAKER_WEIGHT, phrase)
        return found

    def note(self, found: tuple[Speaker, ...], at: int, weight: float, phrase: str) -> None:
        """Remember that these came up at `at`."""
        if not found and phrase.lower() in PRONOUNS:
            return
        is_person = (bool(found) and not any(s.is_party for s in found)) or (not found and phrase[:1].isupper())
        if found or is_person:
            insort(self._heard, Heard(at, weight, found, is_person, self._gender(at, phrase)), key=lambda h: h.at)

    def is_quoted(self, at: int) -> bool:
        """Tell whether a place lies inside a quotation."""
        return any(start <= at < end for start, end in self._quotes)

    def _read(self, phrase: str, at: int, after: int | None) -> tuple[Speaker, ...]:
        low = phrase.lower().strip()
        if low in PRONOUNS:
            return self._antecedent(PRONOUNS[low], at)
        named = self._reader.read(phrase)
        if named:
            self._remember(named)
            return named
        if self._reader.is_bystander(folded(phrase)) and not self._known(phrase):
            return ()
        return self._known(phrase) or self._in_apposition(phrase, after) or self._by_role(low, at)

    def _remember(self, named: tuple[Speaker, ...]) -> None:
        for speaker in named:
            if speaker.actor_id is None:
                self._unlisted.setdefault(speaker.name.split()[-1], speaker)

    def _known(self, phrase: str) -> tuple[Speaker, ...]:
        """Find an unlisted person introduced before ("Patel" after "State Department spokesman Vedant Patel")."""
        name = self._reader.unlisted_name(phrase)
        known = self._unlisted.get(name.split()[-1]) if name else None
        return (known,) if known else ()

    def _in_apposition(self, phrase: str, after: int | None) -> tuple[Speaker, ...]:
        """Read what stands behind a name: "James Kariuki, UK deputy permanent representative to the UN,"."""
        name = self._reader.unlisted_name(phrase)
        if not name or after is None or not self._text.startswith(", ", after):
            return ()
        rest = re.split(r",\s|[.;:\"“]|\s(?:said|says|told)\b", self._text[after + 2 : after + 160], maxsplit=1)[0]
        of = self._reader.read(rest)
        if len(of) != 1 or self._reader.is_bystander(rest):
            return ()
        introduced = Speaker(None, name, of[0].principal_id, self._reader.authority_of(rest), f"{name}, {rest.strip()}")
        self._remember((introduced,))
        return (introduced,)

    def _by_role(self, low: str, at: int) -> tuple[Speaker, ...]:
        """Resolve a bare role: "the minister", "the group", "the ministry", "the statement", "his office"."""
        bare = low
        while (cut := _ARTICLE.match(bare)) is not None:
            bare = bare[cut.end() :]
        head = re.split(r"\s(?:of|for|to|in|with|from|on|by|at|who|which|that)\s|,", bare, maxsplit=1)[0]
        if self._is(head, "document") or self._is(head, "office_of") or self._is(head, "ministry"):
            return self._party_of(self._antecedent(None, at), head)
        if self._is(head, "group") or self._is(head, "force"):
            return self._party_of(self._antecedent(None, at, self._can_be(head)), head)
        if self._is(head, "government"):
            return self._party_of(self._antecedent(None, at, lambda a: a.kind is ActorKind.STATE), head)
        if self._is(head, "spokesperson") or self._is(head, "official"):
            return self._party_of(self._antecedent(None, at), head)
        if self._is(head, "leader") or self._is(head, "minister"):
            return self._person_in_office(head, at)
        return ()

    def _is(self, head: str, role: str) -> bool:
        """Tell whether the last words of a head are of a role."""
        return any(hit.end() == len(head) for hit in self._roles[role].finditer(head))

    def _can_be(self, head: str) -> Fits:
        is_group = self._is(head, "group")
        return lambda actor: actor.kind is (ActorKind.GROUP if is_group else actor.kind)

    def _party_of(self, found: tuple[Speaker, ...], head: str) -> tuple[Speaker, ...]:
        """Whoever speaks for the party of somebody who came up."""
        if len(found) != 1:
            return found if all(s.is_party for s in found) else ()
        party = self._finder.catalogue.actor(found[0].principal_id)
        authority = (
            party.authority
            if not (self._is(head, "official") or self._is(head, "spokesperson"))
            else self._reader.authority_of(head)
        )
        return (Speaker(party.actor_id, party.name, party.actor_id, authority, f"{head} -> {party.name}"),)

    def _person_in_office(self, head: str, at: int) -> tuple[Speaker, ...]:
        """Resolve "the prime minister": the last one who came up and holds that office, else the last leader."""
        for heard in self._back(at):
            for speaker in heard.speakers:
                actor = self._finder.catalogue.actor(speaker.actor_id) if speaker.actor_id else None
                if actor and actor.kind is ActorKind.PERSON and _holds(actor, head):
                    return (
                        Speaker(
                            actor.actor_id, actor.name, actor.principal_id, actor.authority, f"{head} -> {actor.name}"
                        ),
                    )
        for heard in self._back(at):
            for speaker in heard.speakers:
                if speaker.actor_id is None and self._reader.authority_of(head) == speaker.authority:
                    return (speaker,)
        return ()

    def _antecedent(self, sort: Sort | None, at: int, fits: Fits | None = None) -> tuple[Speaker, ...]:
        best: tuple[float, tuple[Speaker, ...]] = (float("-inf"), ())
        here = self._sentence(at)
        for heard in self._back(at):
            if not self._suits(heard, sort, fits):
                continue
            score = heard.weight - 1.0 * (here - self._sentence(heard.at)) + heard.at / 1e6
            if score > best[0]:
                best = (score, heard.speakers)
        return best[1]

    def _suits(self, heard: Heard, sort: Sort | None, fits: Fits | None) -> bool:
        if fits is not None:
            actors = [self._finder.catalogue.actor(s.principal_id) for s in heard.speakers]
            return bool(actors) and all(fits(a) for a in actors)
        if sort in (Sort.HE, Sort.SHE):
            return heard.is_person and heard.gender in ("", sort.value) and len(heard.speakers) <= 1
        if sort is Sort.IT:
            return len(heard.speakers) == 1 and not heard.is_person
        if sort is Sort.THEY:
            return len(heard.speakers) > 1 or (bool(heard.speakers) and not heard.is_person)
        return bool(heard.speakers)

    def _back(self, at: int) -> list[Heard]:
        """Who came up before `at`, the latest first, within reach."""
        here = self._sentence(at)
        before = [h for h in self._heard if h.at < at and here - self._sentence(h.at) <= REACH_SENTENCES]
        return before[::-1]

    def _sentence(self, at: int) -> int:
        return bisect_right(self._starts, at)

    def _gender(self, at: int, phrase: str) -> str:
        near = (self._text[max(0, at - 24) : at].rsplit(".", 1)[-1] + phrase).lower()
        if self._roles["female"].search(near):
            return Sort.SHE
        return Sort.HE if self._roles["male"].search(near) else ""

    def _note_narration(self, parsed: ParsedText, mentions: Sequence[Mention]) -> None:
        """Take in every actor named in the narration, weightier as the subject of a clause."""
        for mention in mentions:
            if mention.how.value == "demonym" or self.is_quoted(mention.start):
                continue
            speaker = self._reader.of_actor(mention.actor, f"named {mention.actor.name}")
            token = _token_at(parsed, mention.end - 1)
            possessed = self._text.startswith("'s", mention.end)
            subject = token is not None and is_subject(token) and not possessed
            weight = SUBJECT_WEIGHT if subject else -0.5 if possessed else 0.0
            self._heard.append(
                Heard(
                    mention.start,
                    weight,
                    (speaker,),
                    mention.is_person,
                    self._gender(mention.start, self._text[mention.start : mention.end]),
                )
            )
        self._heard.sort(key=lambda h: h.at)


def is_subject(token: Token) -> bool:
    """Tell whether a name's last word heads the subject of a clause."""
    while token.dep_ in ONWARD and token.head is not token:
        token = token.head
    return token.dep_ in ("nsubj", "nsubjpass")


def _token_at(parsed: ParsedText, place: int) -> Token | None:
    for _, span in parsed.words_between(place, place + 1):
        return span[0]
    return None


def _holds(actor: Actor, head: str) -> bool:
    return any(head in office.lower() for office in (*actor.offices, *actor.aliases))
