"""The reading room's front: an article in, statements out. Deterministic, no I/O."""

from __future__ import annotations

from datetime import date, datetime

from spacy.language import Language

from workers.domain.catalogue import Catalogue, Conflict
from workers.domain.statement import Attribution, Statement
from workers.reading.actors import ActorFinder
from workers.reading.acts import ActFinder
from workers.reading.attribution import Attributor
from workers.reading.conflicts import ConflictFinder
from workers.reading.coreference import Cast
from workers.reading.dates import DateReader
from workers.reading.lexicon import Lexicon, shape
from workers.reading.passages import Sentences, passages_of
from workers.reading.positions import PositionModel
from workers.reading.relevance import focus_of
from workers.reading.speakers import SpeakerReader
from workers.reading.speech import SpeechLexicon
from workers.reading.statements import ArticleFacts, Parts, StatementMaker, Views

READER_VERSION = "1"


class Reader:
    """Reads articles with one language model, one lexicon and one catalogue. Nothing changes with use."""

    def __init__(
        self, nlp: Language, speech: SpeechLexicon, lexicon: Lexicon, catalogue: Catalogue, positions: PositionModel
    ) -> None:
        self._attributor = Attributor(nlp, speech)
        self._lexicon = lexicon
        self._catalogue = catalogue
        self._actors = ActorFinder(catalogue)
        self._conflicts = ConflictFinder(catalogue)
        self._parts = Parts(lexicon, self._conflicts, DateReader(lexicon), positions)

    def names_conflict(self, title: str, text: str, day: date) -> bool:
        """Tell cheaply whether any conflict that is on at `day` is named at all."""
        return self._conflicts.names_any(f"{title}\n{text}", day)

    def concerns(self, title: str, text: str, day: date) -> tuple[Conflict, ...]:
        """The conflicts, on at `day`, that the words name, most often named first; empty without a word on a ceasefire.

        No parsing: literals and one matcher.
        """
        whole = f"{title}\n{text}"
        shaped = shape(whole)
        if not any(stem in shaped for stem in self._lexicon.stems):
            return ()
        counts = self._conflicts.named(whole, day)
        return tuple(self._catalogue.conflict(conflict_id) for conflict_id, _ in counts.most_common())

    def attribute(self, text: str) -> list[Attribution]:
        """Who says what in a text, whatever the subject."""
        return self._attributor.attribute(text)

    def read(
        self, article_id: str, title: str, text: str, published_at: datetime | None, fetched_at: datetime
    ) -> list[Statement]:
        """The statements of an article, sorted by place. Offsets count characters of `text`."""
        day = min(published_at, fetched_at).date() if published_at else fetched_at.date()
        conflicts = self.concerns(title, text, day)
        if not conflicts:
            return []
        focus = focus_of(title, text, self._lexicon)
        parsed = self._attributor.parse(text)
        mentions = self._actors.mentions(text, day)
        cast = Cast(parsed, self._actors, SpeakerReader(self._actors, self._lexicon, day), self._lexicon, mentions)
        sentences = Sentences(parsed)
        said = passages_of(parsed, self._attributor.attribute_parsed(parsed), cast, sentences, self._attributor.deeds)
        parties = frozenset(party for conflict in conflicts for party in conflict.parties)
        acts = ActFinder(parsed, cast, mentions, self._lexicon, parties).acts(said)
        passages = sorted([*said, *acts], key=lambda p: (p.start, p.end))
        views = Views(
            conflicts=conflicts,
            focus=focus,
            named=tuple((m.start, m.end, m.actor.principal_id) for m in mentions),
            title_counts=self._conflicts.named(title, day),
            article_counts=self._conflicts.named(text, day),
        )
        facts = ArticleFacts(article_id, published_at, fetched_at, day, READER_VERSION)
        return StatementMaker(facts, parsed, views, self._parts).make(passages)
