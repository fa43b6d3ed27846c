"""Replay an archive through the real pipeline, on a throw-away store born at the first date; nothing is sent.

The clock is the article's own date; articles of one moment are told apart by a microsecond each, so that everything
orders them as they stand in the file. Statements are read beforehand, by several processes perhaps, since they hang on
nothing but the article; everything after that happens as in the service: full text, weighing, folding, the commit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import redis

from service.batch_archive import ArchivedArticle
from service.batch_corrections import Corrections
from service.batch_extract import read_statements
from service.batch_readers import Outcome
from service.embedded import EmbeddedStore
from service.janitor import Janitor
from service.wording import escape_steering
from workers.delivery.chat_services import EndpointFormat
from workers.delivery.filters import Filter
from workers.delivery.formats import freeze
from workers.domain.alert import Alert
from workers.domain.article import Article, Tier
from workers.domain.catalogue import Catalogue, Conflict
from workers.domain.policy import Policy
from workers.domain.statement import Statement
from workers.language import LanguageJudge
from workers.pipeline import MOST_TRIES, Pipeline
from workers.reading.reader import Reader
from workers.ruling import World
from workers.storage.articles import ArticleEnd
from workers.stores import Stores, open_stores

REPLAY = "replay"  # worker, feed and epoch: alert ids are the same in every replay
JOB_TIMEOUT = timedelta(minutes=10)
ALERTS_AT_ONCE = 16


class ReadingError(Exception):
    """The reader failed on an article; `str` is its error."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reading room says of an article: everything that the pipeline asks of it."""

    names_conflict: bool
    conflict_ids: tuple[str, ...]
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a replay goes by. `tiers` are by publisher; one that is not listed is `major`.

    `kept` is how long statements are kept, by the replay's clock; None forgets nothing.
    """

    catalogue: Catalogue
    policy: Policy
    tiers: Mapping[str, Tier]
    web_url: str | None = None
    kept: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one article, and the bodies of the alerts that would have been sent for it, one line each."""

    article: ArchivedArticle
    end: ArticleEnd | None
    bodies: tuple[str, ...]


def in_order(articles: Iterable[ArchivedArticle]) -> list[ArchivedArticle]:
    """The order of publication; those of one day or moment as they stand in the file.

    Half surrogates, which no store can keep, become question marks: no place in the text moves.
    """
    return sorted(map(_storable, articles), key=lambda article: article.dated_at)


def read_whole(reader: Reader, article: ArchivedArticle) -> Reading:
    """Read an article as the pipeline would have it read."""
    day = article.dated_at.date()
    return Reading(
        names_conflict=reader.names_conflict(article.title, article.text, day),
        conflict_ids=tuple(one.conflict_id for one in reader.concerns(article.title, article.text, day)),
        statements=tuple(read_statements(reader, article)),
    )


@contextmanager
def throw_away_store(born_at: datetime) -> Iterator[Stores]:
    """A store of its own in a temporary folder, born then, gone afterwards. Raises EmbeddedStoreError."""
    with tempfile.TemporaryDirectory(prefix="trucewatch-replay-", ignore_cleanup_errors=True) as folder:
        store = EmbeddedStore(Path(folder))
        try:
            yield open_stores(store.start(), JOB_TIMEOUT, born_at)
        finally:
            store.stop()


def replay(
    readings: Iterable[tuple[ArchivedArticle, Outcome[Reading]]],
    rules: Rules,
    stores: Stores,
    corrections: Corrections | None = None,
) -> Iterator[Replayed]:
    """Take each article all the way, in the order given, and give what is told for it."""
    desk = ReplayDesk(rules, stores)
    for article, outcome in readings:
        yield desk.take(article, outcome, corrections)


def _storable(article: ArchivedArticle) -> ArchivedArticle:
    words = {name: getattr(article, name) for name in ("article_id", "title", "publisher", "text", "url")}
    sound = {name: text.encode("utf-8", "replace").decode() for name, text in words.items() if text is not None}
    return article if all(words[name] == text for name, text in sound.items()) else replace(article, **sound)


def _corrected(
    article: ArchivedArticle, outcome: Outcome[Reading], corrections: Corrections | None
) -> Outcome[Reading]:
    if corrections is None or outcome.found is None:
        return outcome
    statements = corrections.corrected(article.article_id, outcome.found.statements)
    return replace(outcome, found=replace(outcome.found, statements=statements))


@dataclass(slots=True)
class _ReadAhead:
    """The reading room of a replay: it knows the reading of the article at hand."""

    catalogue: Catalogue
    outcome: Outcome[Reading] | None = None

    def names_conflict(self, title: str, text: str, day: date) -> bool:
        del title, text, day
        return self._reading().names_conflict

    def concerns(self, title: str, text: str, day: date) -> Sequence[Conflict]:
        del title, text, day
        return [self.catalogue.conflict(conflict_id) for conflict_id in self._reading().conflict_ids]

    def read(
        self, article_id: str, title: str, text: str, published_at: datetime | None, fetched_at: datetime
    ) -> Sequence[Statement]:
        del article_id, title, text, published_at, fetched_at
        return self._reading().statements

    def _reading(self) -> Reading:
        if self.outcome is None or self.outcome.found is None:
            raise ReadingError(self.outcome.error if self.outcome else "nothing was read")
        return self.outcome.found


@dataclass(slots=True)
class _Clock:
    """Shows the date of the article at hand."""

    moment: datetime

    def __call__(self) -> datetime:
        return self.moment


@dataclass(slots=True)
class ReplayDesk:
    """Puts one article after the other through the pipeline."""

    rules: Rules
    stores: Stores
    told: set[str] = field(default_factory=set)
    revisions: dict[str, int] = field(default_factory=dict)
    reader: _ReadAhead = field(init=False)
    clock: _Clock = field(init=False)
    pipeline: Pipeline = field(init=False)
    dated_at: datetime | None = None
    place: int = 0

    def __post_init__(self) -> None:
        self.reader = _ReadAhead(self.rules.catalogue)
        self.clock = _Clock(self.stores.birth.born_at)
        self.pipeline = Pipeline(
            reader=self.reader,
            is_english=LanguageJudge().is_english,
            fetch_text=_no_page,
            articles=self.stores.articles,
            commits=self.stores.commits,
            queues=self.stores.queues,
            world=World(
                catalogue=self.rules.catalogue,
                endpoints=(),
                policy=self.rules.policy,
                epoch=REPLAY,
                born_at=self.stores.birth.born_at,
                actors_added={},
                web_url=self.rules.web_url,
            ),
            clock=self.clock,
        )

    def take(
        self, article: ArchivedArticle, outcome: Outcome[Reading], corrections: Corrections | None = None
    ) -> Replayed:
        """Take an article all the way, as people corrected it, and give what is told for it."""
        end = self.process(article, _corrected(article, outcome, corrections))
        return Replayed(article, end, tuple(self.new_bodies()))

    def process(self, archived: ArchivedArticle, outcome: Outcome[Reading]) -> ArticleEnd | None:
        """Let the clock show its date, put it among the pending, and process it to its end."""
        self._move_clock(self._moment(archived.dated_at))
        self.reader.outcome = outcome
        article = self._article(archived)
        with self.stores.client.pipeline(transaction=True) as pipe:
            self.stores.articles.stage(pipe, article)
            pipe.execute()
        for _ in range(MOST_TRIES - 1):
            try:
                return self.pipeline.process(article.article_id, REPLAY, self.clock() + JOB_TIMEOUT)
            except redis.RedisError:
                raise
            except Exception:  # noqa: BLE001, S112 - as in a worker; the last try buries it with its error
                continue
        return self.pipeline.process(article.article_id, REPLAY, self.clock() + JOB_TIMEOUT)

    def _moment(self, dated_at: datetime) -> datetime:
        """The article's date, and its place among those of the same one in microseconds."""
        self.place = self.place + 1 if dated_at == self.dated_at else 0
        self.dated_at = dated_at
        return dated_at + timedelta(microseconds=self.place)

    def _move_clock(self, moment: datetime) -> None:
        """Let the clock go on; what has become too old by it is forgotten once a day."""
        new_day, self.clock.moment = moment.date() != self.clock.moment.date(), moment
        kept, born_at = self.rules.kept, self.stores.birth.born_at
        if kept is not None and new_day and moment - born_at > kept:  # before, nothing can be that old
            Janitor(self.stores.ledger, self.stores.expiry, self.rules.policy, kept, self.clock).tick()

    def new_bodies(self) -> Iterator[str]:
        """The bodies of the alerts made at the clock's moment that an endpoint with the default filter would get."""
        alerts = [alert for alert in self._alerts_now() if alert.alert_id not in self.told]
        for alert in sorted(alerts, key=lambda one: (one.lane, one.sequence)):
            self.told.add(alert.alert_id)
            if Filter().lets_through(alert):
                yield escape_steering(freeze(alert, EndpointFormat.STANDARD).body)

    def _alerts_now(self) -> list[Alert]:
        """The alerts of the moment: the newest ones, since the clock never goes back."""
        many = ALERTS_AT_ONCE
        while True:
            alerts = self.stores.ledger.alerts(many)
            now = [alert for alert in alerts if alert.timestamp == self.clock()]
            if len(now) < many:
                return now
            many *= 4

    def _article(self, archived: ArchivedArticle) -> Article:
        """An article of the archive as a feed would have brought it; an id that comes again is a new revision."""
        revision = self.revisions[archived.article_id] = self.revisions.get(archived.article_id, 0) + 1
        return Article(
            article_id=archived.article_id,
            url=archived.url,
            title=archived.title,
            publisher=archived.publisher,
            tier=self.rules.tiers.get(archived.publisher.casefold(), Tier.MAJOR),
            feed_id=REPLAY,
            published_at=self.clock() if archived.published_at else None,
            fetched_at=self.clock(),
            text=archived.text,
            revision=revision,
        )


def _no_page(_article: Article) -> None:
    """An archive has the whole text."""
