"""The reading room's front: an article in, statements out. Deterministic, no I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from workers.domain.catalogue import Catalogue, Conflict
from workers.domain.statement import Attribution, Kind, Statement
from workers.reading.actors import ActorFinder, Mention
from workers.reading.acts import ActFinder
from workers.reading.attribution import Attributor
from workers.reading.authors import OwnWords, author_of
from workers.reading.candidates import Candidate, Focus, focus_of
from workers.reading.conflicts import ConflictFinder
from workers.reading.coreference import Cast, Sides
from workers.reading.dates import DateReader
from workers.reading.lexicon import Lexicon, shape
from workers.reading.loglinear import LogLinear
from workers.reading.parsed import ParsedText
from workers.reading.passages import Passage, Sentences, passages_of
from workers.reading.posts import Posts, posts_of
from workers.reading.speakers import Speaker, SpeakerReader
from workers.reading.speech import SpeechLexicon
from workers.reading.statements import ArticleFacts, Parts, StatementMaker, Views

if TYPE_CHECKING:
    from spacy.language import Language

READER_VERSION = "1"
QUOTED = frozenset({Kind.DIRECT, Kind.MIXED})
MOST_CHARS = 100_000  # of a text are read: 15,000 words, as much as a feed or a page may give; seconds at the most
_MARKS = '"“”„«»'
_LINE_END = re.compile(r"[\n\r\u2028\u2029\x0b\x0c\x85]|$")


@dataclass(frozen=True, slots=True)
class Models:
    """The trained parts."""

    positions: LogLinear
    relevance: LogLinear


class Reader:
    """Reads articles with one language model, one lexicon and one catalogue. Nothing changes with use."""

    def __init__(
        self, nlp: Language, speech: SpeechLexicon, lexicon: Lexicon, catalogue: Catalogue, models: Models
    ) -> None:
        self._attributor = Attributor(nlp, speech)
        self._lexicon = lexicon
        self._catalogue = catalogue
        self._actors = ActorFinder(catalogue)
        self._conflicts = ConflictFinder(catalogue)
        self._parts = Parts(lexicon, self._conflicts, DateReader(lexicon), models.positions, models.relevance)

    def names_conflict(self, title: str, text: str, day: date) -> bool:
        """Tell cheaply whether the words may be about a conflict that is on at `day`.

        They name one, or a tracked actor and a ceasefire: a feed that gives headlines alone says "Putin rejects truce".
        """
        whole = f"{title}\n{text}"
        if self._conflicts.names_any(whole, day):
            return True
        return self._names_truce(whole) and bool(self._actors.mentions(whole, day))

    def concerns(self, title: str, text: str, day: date) -> tuple[Conflict, ...]:
        """The conflicts, on at `day`, that the words name, most often named first; empty without a word on a ceasefire.

        No parsing: literals and one matcher.
        """
        whole = f"{title}\n{text}"
        if not self._names_truce(whole):
            return ()
        counts = self._conflicts.named(whole, day)
        return tuple(self._catalogue.conflict(conflict_id) for conflict_id, _ in counts.most_common())

    def _names_truce(self, text: str) -> bool:
        shaped = shape(text)
        return any(stem in shaped for stem in self._lexicon.stems)

    def with_models(self, models: Models) -> Reader:
        """The same reader with other trained parts."""
        other = copy(self)
        other._parts = replace(self._parts, positions=models.positions, relevance=models.relevance)  # noqa: SLF001
        return other

    @property
    def lexicon(self) -> Lexicon:
        """The cues that it reads by."""
        return self._lexicon

    def parse(self, text: str) -> ParsedText:
        """Parse a text for a closer look than `read` gives."""
        return self._attributor.parse(text)

    def attribute(self, text: str) -> list[Attribution]:
        """Who says what in a text, whatever the subject."""
        return self._attributor.attribute(text)

    def read(
        self, article_id: str, title: str, text: str, published_at: datetime | None, fetched_at: datetime
    ) -> list[Statement]:
        """The statements in the first MOST_CHARS of an article, sorted by place. Offsets count characters of `text`.

        Half of a character (a lone surrogate) is read as a question mark: no store and no receiver takes it.
        """
        text = text[:MOST_CHARS].encode("utf-8", "replace").decode("utf-8")
        day = _day_of(published_at, fetched_at)
        if self._attributor.is_opinion(title) or not self.concerns(title, text, day):
            return []
        facts = ArticleFacts(article_id, published_at, fetched_at, day, READER_VERSION)
        maker, passages, _ = self._passages(title, text, facts)
        return maker.make(passages)

    def candidates(self, title: str, text: str, day: date) -> tuple[list[Candidate], Focus]:
        """Every passage of a tracked speaker, whatever its subject: what the models are trained on."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        facts = ArticleFacts("", midnight, midnight, day, READER_VERSION)
        maker, passages, focus = self._passages(title, text, facts)
        return maker.candidates(passages), focus

    def _passages(self, title: str, text: str, facts: ArticleFacts) -> tuple[StatementMaker, list[Passage], Focus]:
        view = self._look(title, text, facts)
        views = Views(
            conflicts=view.conflicts,
            focus=focus_of(title, view.heard, self._lexicon),
            named=tuple((m.start, m.end, m.actor.principal_id) for m in view.mentions),
            title_counts=self._conflicts.named(title, facts.day),
            article_counts=self._conflicts.named(view.heard, facts.day),
            heard_chars=len(view.heard),
            posts=view.posts,
        )
        return StatementMaker(facts, view.parsed, views, self._parts), self._heard(view, title, facts.day), views.focus

    def _look(self, title: str, text: str, facts: ArticleFacts) -> _Look:
        mentions, parsed = self._actors.mentions(text, facts.day), self._attributor.parse(text)
        heard = text[: _end_of_speech(text, mentions)]
        parts = [one.paragraph for one in parsed.paragraphs]
        posts = posts_of(text, parts, self._parts.dates, facts.published_at, facts.fetched_at)
        return _Look(parsed, mentions, heard, self.concerns(title, heard, facts.day), posts)

    def _heard(self, view: _Look, title: str, day: date) -> list[Passage]:
        """What is said and done in an article, in the order of its text."""
        parsed, conflicts = view.parsed, view.conflicts
        speakers = SpeakerReader(self._actors, self._lexicon, day)
        author = author_of(title, parsed.text, speakers)
        main = frozenset(conflicts[0].parties if conflicts else ())
        cast = Cast(parsed, speakers, self._lexicon, view.mentions, Sides(main, author, view.posts))
        attributions = self._attributor.attribute_parsed(parsed)
        said = passages_of(parsed, attributions, cast, Sentences(parsed), self._attributor.speech)
        said += OwnWords(parsed, cast, author).passages(said) if author else []
        parties = frozenset(party for conflict in conflicts for party in conflict.parties)
        finder = ActFinder(parsed, cast, view.mentions, self._lexicon, parties, _claimed(attributions, cast))
        found = [one for one in (*said, *finder.acts(said)) if self._is_own(one, parsed.text)]
        return sorted(_own(found, author) if author else found, key=lambda p: (p.start, p.end))

    def _is_own(self, passage: Passage, text: str) -> bool:
        """Tell words or an act of the speaker from a thought ascribed to him and from what the page mixed in."""
        ascribed = passage.kind is Kind.INDIRECT and passage.cue in self._attributor.speech.thoughts
        return not ascribed and not self._attributor.is_crossed(text[passage.start : passage.end])


@dataclass(frozen=True, slots=True)
class _Look:
    """An article at first sight. `heard` is its text as far as people are named or quoted."""

    parsed: ParsedText
    mentions: list[Mention]
    heard: str
    conflicts: tuple[Conflict, ...]
    posts: Posts


def _claimed(attributions: Sequence[Attribution], cast: Cast) -> list[tuple[int, int]]:
    """What somebody says, tracked or not, the press left out: an act told there is a claim and no fact."""
    spoken = (one for one in attributions if one.spoken and one.speaker_text and not cast.is_medium(one.speaker_text))
    return [span for one in spoken for span in one.spans]


def _own(passages: Sequence[Passage], author: Sequence[Speaker]) -> list[Passage]:
    """Of a text in somebody's own words: what the author, or who is quoted, says. The rest is the author's claim."""
    ours = {speaker.principal_id for speaker in author}
    return [
        passage
        for passage in passages
        if passage.kind in QUOTED or ours & {speaker.principal_id for speaker in passage.speakers}
    ]


def _end_of_speech(text: str, mentions: Sequence[Mention]) -> int:
    """The end of the last line that names an actor or holds a quotation mark: what follows is nobody's position.

    So what a page adds below its story changes nothing of how the story is read.
    """
    named = mentions[-1].end if mentions else 0
    last = max(named, *(text.rfind(mark) + 1 for mark in _MARKS))
    end = _LINE_END.search(text, last)
    return end.start() if end and last else len(text)


def _day_of(published_at: datetime | None, fetched_at: datetime) -> date:
    return min(published_at, fetched_at).date() if published_at else fetched_at.date()
