"""Take one queued article all the way: full text, statements, stances, one atomic commit, its deliveries queued.

Decides nothing: what is read is decided in `reading`, what it changes in `domain`; this calls them in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

import redis

from workers.domain.article import Article, Outcome, SkipReason, TextSource
from workers.domain.catalogue import Conflict
from workers.domain.statement import Statement
from workers.queues import Queues
from workers.ruling import World, rule
from workers.storage.articles import ArticleEnd, Articles
from workers.storage.commit import Commits, Ruling
from workers.storage.outbox_records import lane_of

MOST_TRIES = 3
MOST_BEGUN = 5  # a worker may die by no fault of what it reads: of 2,000 kills none hit one article five times
RETRY_PAUSE = timedelta(seconds=20)
PAGE_PAUSE = timedelta(seconds=10)
PAGE_TRIES = 2  # a page that is away twice keeps no alert waiting: the feed's own words are read
MOST_RACES = 100  # each loser means that somebody else has won: a hundred in a row is no race but a fault


class ArticleReader(Protocol):
    """What the pipeline asks of the reading room (or of a test's stand-in)."""

    def names_conflict(self, title: str, text: str, day: date) -> bool:
        """Tell cheaply whether the words may be about a tracked conflict."""

    def concerns(self, title: str, text: str, day: date) -> Sequence[Conflict]:
        """Tell cheaply which tracked conflicts' ceasefires the words may bear on."""

    def read(
        self, article_id: str, title: str, text: str, published_at: datetime | None, fetched_at: datetime
    ) -> Sequence[Statement]:
        """Find the statements."""


class PageAwayError(Exception):
    """The page of an article gives no text now, and may give some later. `why` says what it did instead."""

    def __init__(self, article_id: str, why: str) -> None:
        super().__init__(f"article {article_id}: {why}")
        self.article_id = article_id
        self.why = why


class RaceError(Exception):
    """A commit lost against others again and again. `article_id` is left pending."""

    def __init__(self, article_id: str) -> None:
        super().__init__(f"article {article_id}: {MOST_RACES} commits in a row lost against other writers")
        self.article_id = article_id


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The parts that one article goes through.

    `fetch_text` gives the article with its page's text and address, None when the feed's own text is to be read, and
    raises PageAwayError when to ask again.
    """

    reader: ArticleReader
    is_english: Callable[[str, str | None], bool]
    fetch_text: Callable[[Article], Article | None]
    articles: Articles
    commits: Commits
    queues: Queues
    world: World
    clock: Callable[[], datetime]

    def process(self, article_id: str, worker: str, until: datetime) -> ArticleEnd | None:
        """Read a pending article and commit what it changes; None when nothing of that id waits any more.

        When the store goes away it stays in the worker's hand: who calls gives it back.

        Raises what goes wrong on the way; the article is then still pending and tried again, a bounded number of
        times, after which it is dead-lettered with its error.
        """
        article = self.articles.take(article_id)
        if article is None:
            return self._bury_lost(article_id)
        tries = self.articles.begin(article_id, worker, until)
        try:
            end = self._tried(article, tries)
        except redis.RedisError:
            raise  # it stays in hand until it is given back: if the worker dies before, it is known whose work it was
        except Exception:
            self._put_down(worker)
            raise
        except BaseException:  # told to stop at once
            with suppress(redis.RedisError):
                self.articles.give_back(article_id, self.clock())
                self.articles.put_down(worker)
            raise
        self._put_down(worker)
        return end

    def _tried(self, article: Article, tries: int) -> ArticleEnd | None:
        """Read and commit; what fails is tried again, a bounded number of times."""
        try:
            if tries > MOST_BEGUN:
                return self._bury(article, f"reading was begun {MOST_BEGUN} times and never finished")
            return self._read_and_commit(article, in_haste=tries >= PAGE_TRIES)
        except PageAwayError:
            self._pause(article, PAGE_PAUSE)
            return None
        except redis.RedisError:  # no fault of the article
            raise
        except Exception as error:
            if tries < MOST_TRIES:
                self._pause(article, RETRY_PAUSE * tries)
                raise
            return self._bury(article, f"{type(error).__name__}: {error}")

    def _pause(self, article: Article, pause: timedelta) -> None:
        self.articles.pause(article.article_id, self.clock() + pause, self.clock())

    def _put_down(self, worker: str) -> None:
        with suppress(redis.RedisError):  # harmless while the worker lives: what it takes up next stands there
            self.articles.put_down(worker)

    def _bury_lost(self, article_id: str) -> ArticleEnd | None:
        """End what is pending and has no record any more; None for what was settled by another run."""
        if not self.articles.drop_lost(article_id):
            return None
        why = "its record is gone from the store"
        end = ArticleEnd(article_id, 0, Outcome.DEAD, why, self.clock())
        self.articles.note_end(end)
        return end

    def _bury(self, article: Article, why: str) -> ArticleEnd | None:
        end = end_of(article, Outcome.DEAD, why[:500], self.clock())
        return end if self.articles.end(end) else None

    def _read_and_commit(self, article: Article, *, in_haste: bool) -> ArticleEnd | None:
        whole, skipped = self._with_text(article, in_haste=in_haste)
        statements = [] if skipped else self._statements(whole)
        outcome, reason = (Outcome.SKIPPED, skipped.value) if skipped else (Outcome.READ, "read")
        end = replace(end_of(whole, outcome, reason, self.clock()), statements=len(statements))
        for _ in range(MOST_RACES):
            committed, rulings = self._commit(whole, statements, end)
            if committed is None:
                return None
            if committed:
                self._queue_deliveries(rulings)
                return end
        raise RaceError(article.article_id)

    def _with_text(self, article: Article, *, in_haste: bool) -> tuple[Article, SkipReason | None]:
        """Complete the article with its full text unless the feed's words show that it is none of ours.

        Raises PageAwayError when the page may give it later, unless `in_haste`: the feed's own text is read then.
        """
        day = article.dated_at.date()
        if not article.title.strip() and not article.text.strip():
            return article, SkipReason.NO_TEXT
        if not self.is_english(f"{article.title}\n{article.text}", article.language):
            return article, SkipReason.OTHER_LANGUAGE
        if not self.reader.names_conflict(article.title, article.text, day):
            return article, SkipReason.OFF_TOPIC
        try:
            whole = self.fetch_text(article) or article
        except PageAwayError:
            if not in_haste:
                raise
            whole = article
        if not self.reader.concerns(whole.title, whole.body, day):
            return whole, SkipReason.OFF_TOPIC
        return whole, None

    def _statements(self, article: Article) -> Sequence[Statement]:
        return self.reader.read(
            article.article_id, article.title, article.body, article.published_at, article.fetched_at
        )

    def _commit(
        self, article: Article, statements: Sequence[Statement], end: ArticleEnd
    ) -> tuple[bool | None, list[Ruling]]:
        """Try once. True: written; False: lost against another writer; None: the article waits no more."""
        by_conflict: dict[str, list[Statement]] = {}
        for statement in statements:
            by_conflict.setdefault(statement.conflict_id, []).append(statement)
        with self.commits.transaction(article.article_id, article.revision, by_conflict) as transaction:
            if transaction is None:
                return None, []
            rulings = [
                rule(transaction, conflict_id, (article, by_conflict.get(conflict_id, ())), self.world, self.clock())
                for conflict_id in transaction.conflict_ids
                # A conflict that left the catalogue keeps its history and is told nothing more.
                if self.world.catalogue.has_conflict(conflict_id)
            ]
            return transaction.commit(end, rulings), rulings

    def _queue_deliveries(self, rulings: Iterable[Ruling]) -> None:
        lanes = {lane_of(delivery) for ruling in rulings for delivery in ruling.deliveries}
        with suppress(redis.RedisError):  # they are in the outbox, where the timers find them
            self.queues.enqueue_lanes(sorted(lanes))


def end_of(article: Article, outcome: Outcome, reason: str, now: datetime) -> ArticleEnd:
    """Say how an article ended."""
    return ArticleEnd(
        article_id=article.article_id,
        revision=article.revision,
        outcome=outcome,
        reason=reason,
        ended_at=now,
        title=article.title,
        url=article.url,
        publisher=article.publisher,
        text=TextSource.of(article),
    )
