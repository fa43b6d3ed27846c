"""Who "he", "the group", "the two sides" and "the statement" are: light coreference over the narration of one article.

Only what is said outside quotation marks can be an antecedent. What stays unclear stays unresolved.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from workers.domain.catalogue import Actor, ActorKind
from workers.reading.actors import ActorFinder, How, Mention, folded
from workers.reading.clauses import token_at
from workers.reading.lexicon import Lexicon
from workers.reading.parsed import ParsedText
from workers.reading.posts import NO_POSTS, Posts
from workers.reading.speakers import Speaker, SpeakerReader
from workers.reading.subjects import own_subject

if TYPE_CHECKING:
    from spacy.tokens import Token

REACH_SENTENCES = 8  # further back a reader would no longer look
# How readily one is taken up again; a sentence further back costs 1. Tuned on the annotated articles.
SUBJECT_WEIGHT = 1.6
SPEAKER_WEIGHT = 2.0
OBJECT_WEIGHT = 0.0
POSSESSOR_WEIGHT = -0.5
PARTY_BONUS = 0.8  # who fights in the conflict is meant rather than who looks on
MANY_BONUS = 1.5  # "they" are several rather than one body
SALIENCE, MOST_SALIENT = 0.2, 5  # for each time that one was named before
ONWARD = frozenset({"compound", "appos", "conj", "nmod", "flat"})  # from a name's last word up to its phrase's head
INTRODUCED_CHARS = 160  # "James Kariuki, UK deputy permanent representative to the UN,"
_ARTICLE = re.compile(
    r"^(?:the|a|an|this|that|these|those|its|his|her|their|our|another|one|both|senior|top|same|second|first)\s+"
)
_HEAD_END = re.compile(r"\s(?:of|for|to|in|with|from|on|by|at|who|which|that)\s|,")
_TOGETHER = re.compile(
    r"^(?:both|(?:all |the |these |those )*(?:two|three|four|2|3|4)|the|all)\s+(?:[a-z-]+\s+)?"
    r"(sides|countries|nations|states|neighbou?rs|parties|governments|delegations|leaders|presidents|men|heads of state"
    r"|heads of government|prime ministers|ministers|powers|foes|mediators)$"
)
_JOINING = re.compile(r",?\s+(?:and|as well as)\s+(?:the\s+)?|,\s+(?:the\s+)?")
_OWN = re.compile(r"(?:i|we|my|our)\b")
_NUMBERS = {"both": 2, "two": 2, "2": 2, "three": 3, "3": 3, "four": 4, "4": 4}
_PEOPLE = frozenset(
    {"leaders", "presidents", "men", "heads of state", "heads of government", "prime ministers", "ministers"}
)
_WARRING = frozenset({"sides", "parties", "foes"})
_GO_BETWEENS = frozenset({"mediators"})  # who is none of those that fight
_MANY = 3  # so many are rather those who spoke together than those who came up one by one

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
    "his": Sort.HE,
    "her": Sort.SHE,
    "who": Sort.HE,
    "both": Sort.THEY,
    "each": Sort.THEY,
}


@dataclass(frozen=True, order=True, slots=True)
class Heard:
    """Somebody who came up at `at`; `speakers` is empty for somebody of no party, who still takes up a pronoun."""

    at: int
    weight: float
    speakers: tuple[Speaker, ...] = ()
    is_person: bool = False
    gender: str = ""
    noun: str = ""  # the common noun by which a speaker was called


@dataclass(frozen=True, slots=True)
class Sides:
    """Who fights in the article's conflict (party ids), and whose own words the text is (empty for a news story).

    Of the `posts` of a live blog none sees what another names.
    """

    parties: frozenset[str] = frozenset()
    author: tuple[Speaker, ...] = ()
    posts: Posts = NO_POSTS


class Cast:
    """Who has come up so far in one article. Speakers are resolved in the order of the text (`resolve`)."""

    def __init__(
        self,
        parsed: ParsedText,
        reader: SpeakerReader,
        lexicon: Lexicon,
        mentions: Sequence[Mention],
        sides: Sides,
    ) -> None:
        self._reader = reader
        self._finder: ActorFinder = reader.finder
        self._roles = lexicon.roles
        self._text = folded(parsed.text)
        self._parties = sides.parties
        self._author = sides.author
        self._posts = sides.posts
        self._starts = [start for _, _, start, _ in parsed.sentences()]
        self._quotes = [(q.start, q.end) for q in parsed.quotes if not q.is_scare]
        self._heard: list[Heard] = []
        self._unlisted: dict[str, Speaker] = {}
        self._genders = self._genders_of(mentions)
        self._papers = list(self._papers_in(parsed))
        self._note_narration(parsed, mentions)

    def resolve(self, phrase: str, at: int, after: int | None = None, *, goes_on: bool = False) -> tuple[Speaker, ...]:
        """The speakers that a phrase at `at` stands for; empty when it stays unclear. `after` is where it ends.

        `goes_on`: the phrase is said to go on speaking ("they added"), so a pronoun is who spoke last.
        """
        sort = PRONOUNS.get(phrase.lower().strip()) if goes_on else None
        found = (self._spoke_last(sort, at) if sort else ()) or self._read(phrase, at, after)
        self._note(found, at, phrase)
        return found

    def is_quoted(self, at: int) -> bool:
        """Tell whether a place lies inside a quotation."""
        return any(start <= at < end for start, end in self._quotes)

    def is_medium(self, holder: str) -> bool:
        """Tell a newspaper, agency or report, through which one hears, from a speaker."""
        return self._roles["medium"].search(holder.lower()) is not None and not self._reader.read(holder)

    def _note(self, found: tuple[Speaker, ...], at: int, phrase: str) -> None:
        """Remember that these spoke at `at`."""
        if not found and phrase.lower() in PRONOUNS:
            return
        named = bool(found) and not any(s.is_party for s in found)
        one_of_many = bool(found) and len(found) == 1 and self._is_somebody(phrase)
        is_person = named or one_of_many or (not found and phrase[:1].isupper())
        if found or is_person:
            noun = _noun_of(phrase)
            heard = Heard(at, SPEAKER_WEIGHT, found, is_person, self._gender(found, at, phrase), noun)
            insort(self._heard, heard, key=lambda h: h.at)

    def _is_somebody(self, phrase: str) -> bool:
        """Tell one unnamed person ("a senior Hamas official") from a body ("the Hamas leadership")."""
        low = phrase.lower()
        return bool(re.match(r"(?:a|an|one|another|the)\s", low)) and any(
            hit.group()[-1] != "s"
            for role in ("official", "spokesperson", "leader", "minister")
            for hit in self._roles[role].finditer(low)
        )

    def _read(self, phrase: str, at: int, after: int | None) -> tuple[Speaker, ...]:
        low = phrase.lower().strip()
        if low in PRONOUNS:
            return self._antecedent(PRONOUNS[low], at)
        if self._author and _OWN.match(low):
            return self._author
        together = _TOGETHER.match(low)
        if together is not None:
            return self._together(low, together.group(1), at)
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
        rest = re.split(
            r",\s|[.;:\"“]|\s(?:said|says|told)\b", self._text[after + 2 : after + INTRODUCED_CHARS], maxsplit=1
        )[0]
        of = self._reader.read(rest)
        if len(of) != 1 or self._reader.is_bystander(rest):
            return ()
        introduced = Speaker(None, name, of[0].principal_id, self._reader.authority_of(rest), f"{name}, {rest.strip()}")
        self._remember((introduced,))
        return (introduced,)

    # --- roles without a name

    def _by_role(self, low: str, at: int) -> tuple[Speaker, ...]:
        """Resolve a bare role: "the minister", "the group", "the ministry", "the statement", "his office"."""
        bare = low
        while (cut := _ARTICLE.match(bare)) is not None:
            bare = bare[cut.end() :]
        head = _HEAD_END.split(bare, maxsplit=1)[0]
        if head.endswith(("source", "sources")):  # who these stand near is not who they speak for
            return ()
        again = self._taken_up(head, at)
        if again:
            return again
        if self._is(head, "document"):
            return self._issuer(at) or self._party_of(self._antecedent(None, at), head)
        if self._is(head, "minister") or self._is(head, "leader"):
            return self._person_in_office(head, at)
        kinds = {
            "group": lambda actor: actor.kind is ActorKind.GROUP,
            "force": lambda actor: actor.kind in (ActorKind.GROUP, ActorKind.STATE),
            "government": lambda actor: actor.kind is ActorKind.STATE,
        }
        for role, fits in kinds.items():
            if self._is(head, role):
                return self._party_of(self._antecedent(None, at, fits), head)
        return self._by_body(head, at, kinds["government"])

    def _by_body(self, head: str, at: int, is_state: Fits) -> tuple[Speaker, ...]:
        """Resolve offices and their people by the party that came up ("his office", "the ministry", "officials")."""
        if not any(self._is(head, role) for role in ("office_of", "ministry", "spokesperson", "official")):
            return ()
        wanted = is_state if "government" in head or self._is(head, "ministry") else None
        return self._party_of(self._antecedent(None, at, wanted), head)

    def _taken_up(self, head: str, at: int) -> tuple[Speaker, ...]:
        """Give who spoke under the same noun before: "a US official said … the official added"."""
        word = head.rsplit(" ", 1)[-1]
        for heard in self._back(at):
            if heard.noun == word and heard.speakers:
                return tuple(replace(speaker, path=f"{head} -> {speaker.name}") for speaker in heard.speakers)
        return ()

    def _is(self, head: str, role: str) -> bool:
        """Tell whether the last words of a head are of a role."""
        return any(hit.end() == len(head) for hit in self._roles[role].finditer(head))

    def _party_of(self, found: tuple[Speaker, ...], head: str) -> tuple[Speaker, ...]:
        """Whoever speaks for the party of somebody who came up."""
        if len(found) != 1:
            return found if all(s.is_party for s in found) else ()
        party = self._finder.catalogue.actor(found[0].principal_id)
        somebody = self._is(head, "official") or self._is(head, "spokesperson")
        authority = self._reader.authority_of(head) if somebody else party.authority
        return (Speaker(party.actor_id, party.name, party.actor_id, authority, f"{head} -> {party.name}"),)

    def _person_in_office(self, head: str, at: int) -> tuple[Speaker, ...]:
        """Resolve "the prime minister": who came up and holds that office, else the holder for the nearest party."""
        if len(self._author) == 1 and self._author[0].actor_id:
            author = self._finder.catalogue.actor(self._author[0].actor_id)
            if _holds(author, head):
                return self._author
        for heard in self._back(at):
            for speaker in heard.speakers:
                actor = self._finder.catalogue.actor(speaker.actor_id) if speaker.actor_id else None
                if actor and actor.kind is ActorKind.PERSON and _holds(actor, head):
                    return (replace(self._reader.of_actor(actor, ""), path=f"{head} -> {actor.name}"),)
                if speaker.actor_id is None and head in speaker.path.lower():
                    return (speaker,)
        for heard in self._back(at):
            holders = self._finder.holders(head, self._reader.day, [s.principal_id for s in heard.speakers])
            if len(holders) == 1:
                return (self._reader.of_actor(holders[0], f"{head} -> {holders[0].name}"),)
        return ()

    # --- several together

    def _together(self, low: str, noun: str, at: int) -> tuple[Speaker, ...]:
        """Resolve "the two leaders", "both sides", "the three nations": the latest that many, each once."""
        wanted = next((count for word, count in _NUMBERS.items() if word in low.split()), None)
        if noun in _WARRING and wanted in (None, 2):
            return self._belligerents()
        barred = self._parties if noun in _GO_BETWEENS else frozenset()
        found: dict[str, Speaker] = {}
        for heard in self._back(at):
            ids = {speaker.principal_id for speaker in heard.speakers}
            if wanted is not None and _MANY <= wanted == len(ids) and not barred & ids:
                return tuple(replace(s, path=f"{low} -> {s.name}") for s in heard.speakers)
            for speaker in heard.speakers:
                if (noun in _PEOPLE) is not speaker.is_party and noun not in _GO_BETWEENS:
                    found.setdefault(speaker.principal_id, speaker)
            if wanted is not None and len(found) >= wanted:
                return tuple(replace(s, path=f"{low} -> {s.name}") for s in list(found.values())[:wanted][::-1])
        return self._taken_up(noun, at) if noun in _GO_BETWEENS else ()

    def _belligerents(self) -> tuple[Speaker, ...]:
        """The two parties of the conflict, when they are two."""
        if len(self._parties) != 2:  # noqa: PLR2004 - "both sides"
            return ()
        actors = [self._finder.catalogue.actor(party) for party in sorted(self._parties)]
        return tuple(self._reader.of_actor(actor, f"sides -> {actor.name}") for actor in actors)

    # --- statements on paper

    def _papers_in(self, parsed: ParsedText) -> Iterator[tuple[int, str, int]]:
        """Give who issues a text: place, phrase and place of the phrase ("The coalition issued a statement")."""
        for paragraph in parsed.paragraphs:
            for token in paragraph.doc:
                if token.pos_ == "NOUN" and self._roles["document"].fullmatch(token.lower_):
                    author = _author_of(token)
                    if author is not None:
                        phrase = author.doc[author.left_edge.i : author.i + 1].text
                        yield paragraph.start + token.idx, phrase, paragraph.start + author.left_edge.idx

    def _issuer(self, at: int) -> tuple[Speaker, ...]:
        """Who issued the text that came up last before `at`."""
        here = self._sentence(at)
        before = [p for p in self._papers if p[0] < at and here - self._sentence(p[0]) <= REACH_SENTENCES]
        for _, phrase, place in reversed(before):
            if phrase.lower() not in PRONOUNS:
                together = _TOGETHER.match(phrase.lower())
                found = (
                    self._together(phrase.lower(), together.group(1), place) if together else self._reader.read(phrase)
                )
                if found:
                    return found
        return ()

    # --- who came up before

    def _antecedent(self, sort: Sort | None, at: int, fits: Fits | None = None) -> tuple[Speaker, ...]:
        best: tuple[float, tuple[Speaker, ...]] = (float("-inf"), ())
        here = self._sentence(at)
        before = self._back(at)
        times = Counter(speaker.name for heard in before for speaker in heard.speakers)
        for heard in before:
            if not self._suits(heard, sort, fits):
                continue
            score = heard.weight - (here - self._sentence(heard.at)) + heard.at / 1e6
            if heard.speakers:
                score += MANY_BONUS if sort is Sort.THEY and len(heard.speakers) > 1 else 0.0
                score += SALIENCE * min(times[heard.speakers[0].name], MOST_SALIENT)
                if sort is not Sort.HE and sort is not Sort.SHE and heard.speakers[0].principal_id in self._parties:
                    score += PARTY_BONUS
            if score > best[0]:
                best = (score, heard.speakers)
        return tuple(replace(speaker, path=f"named {speaker.name}") for speaker in best[1])

    def _spoke_last(self, sort: Sort, at: int) -> tuple[Speaker, ...]:
        """Give who spoke last before `at`, when the pronoun fits; nobody when another spoke in between."""
        last = next((heard for heard in self._back(at) if heard.weight == SPEAKER_WEIGHT), None)
        if last is None or not self._suits(last, sort, None):
            return ()
        return tuple(replace(speaker, path=f"named {speaker.name}") for speaker in last.speakers)

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
        here, first = self._sentence(at), self._posts.begun_at(at)
        before = [h for h in self._heard if first <= h.at < at and here - self._sentence(h.at) <= REACH_SENTENCES]
        return before[::-1]

    def _sentence(self, at: int) -> int:
        return bisect_right(self._starts, at)

    def _gender(self, found: tuple[Speaker, ...], at: int, phrase: str) -> str:
        known = self._genders.get(found[0].name, "") if len(found) == 1 else ""
        return known or self._gender_at(at, phrase)

    def _gender_at(self, at: int, phrase: str) -> str:
        near = (self._text[max(0, at - 24) : at].rsplit(".", 1)[-1] + phrase).lower()
        if self._roles["female"].search(near):
            return Sort.SHE
        return Sort.HE if self._roles["male"].search(near) else ""

    def _genders_of(self, mentions: Sequence[Mention]) -> dict[str, str]:
        """What the article's titles tell of each person ("Ms Harris"), and of women's first names."""
        told: dict[str, Counter[str]] = {}
        for mention in mentions:
            if mention.is_person:
                name = mention.actor.name
                gender = self._gender_at(mention.start, f"{self._text[mention.start : mention.end]} {name.split()[0]}")
                if gender:
                    told.setdefault(name, Counter())[gender] += 1
        return {name: counts.most_common(1)[0][0] for name, counts in told.items()}

    def _note_narration(self, parsed: ParsedText, mentions: Sequence[Mention]) -> None:
        """Take in every actor named in the narration, weightier as the subject of a clause."""
        for mention in mentions:
            if mention.how is How.DEMONYM or self.is_quoted(mention.start):
                continue
            speaker = self._reader.of_actor(mention.actor, f"named {mention.actor.name}")
            gender = self._genders.get(mention.actor.name, "")
            weight = self._weight_at(parsed, mention)
            self._heard.append(Heard(mention.start, weight, (speaker,), mention.is_person, gender))
        self._heard.extend(self._named_together(parsed, mentions))
        self._heard.sort(key=lambda h: h.at)

    def _named_together(self, parsed: ParsedText, mentions: Sequence[Mention]) -> Iterator[Heard]:
        """Give those who do something together ("Turkey and Qatar met"): "they" are all of them."""
        group: list[Mention] = []
        for mention in (*mentions, None):
            if mention and group and _JOINING.fullmatch(self._text, group[-1].end, mention.start):
                group.append(mention)
                continue
            found = token_at(parsed, group[-1].end - 1) if len(group) > 1 else None
            if found is not None and is_subject(found[0], of=True):
                speakers = {one.actor.actor_id: self._reader.of_actor(one.actor, "named together") for one in group}
                if len(speakers) > 1 and not self.is_quoted(group[0].start):
                    yield Heard(group[0].start, SUBJECT_WEIGHT, tuple(speakers.values()))
            group = [mention] if mention else []

    def _weight_at(self, parsed: ParsedText, mention: Mention) -> float:
        if self._text.startswith("'s", mention.end):
            return POSSESSOR_WEIGHT
        found = token_at(parsed, mention.end - 1)
        return SUBJECT_WEIGHT if found is not None and is_subject(found[0]) else OBJECT_WEIGHT


def _noun_of(phrase: str) -> str:
    """The last word of a phrase's head when it is a common noun ("official" of "a senior US official")."""
    word = _HEAD_END.split(phrase, maxsplit=1)[0].rsplit(" ", 1)[-1]
    return word if word.islower() else ""


def is_subject(token: Token, *, of: bool = False) -> bool:
    """Tell whether a name's last word heads the subject of a clause; with `of` also in "the ministers of N"."""
    while token.dep_ in ONWARD or (of and (token.dep_ == "pobj" or token.lower_ == "of")):
        if token.head is token:
            break
        token = token.head
    return token.dep_ in ("nsubj", "nsubjpass")


def _author_of(paper: Token) -> Token | None:
    """Give who a text is from: "Hamas issued a statement", "a statement by Hamas", "Hamas's statement"."""
    for child in paper.children:
        if child.dep_ == "poss":
            return child
        if child.dep_ == "prep" and child.lower_ in {"by", "from", "of"}:
            return next((named for named in child.children if named.dep_ == "pobj"), None)
    if paper.dep_ in {"dobj", "pobj"}:
        verb = paper.head.head if paper.dep_ == "pobj" else paper.head
        return own_subject(verb) if verb.pos_ == "VERB" else None
    return None


def _holds(actor: Actor, head: str) -> bool:
    return any(head in office.lower() for office in (*actor.offices, *actor.aliases))
