"""Articles: pending until read, and how each ended (laws 1, 2 and 8)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis

from workers.domain.article import Article, Outcome, TextSource
from workers.storage import keys
from workers.storage.client import Client, Pipe
from workers.storage.records import records_of

ARTICLE_KEPT = timedelta(days=30)
ARTICLES_LISTED = 5000
TRIES_KEPT = timedelta(days=1)

# Due again, and one try less, if it waits at all. KEYS 1: token, 2: tries, 3: pending. ARGV 1: article_id, 2: due at.
_GIVE_BACK = """
if redis.call('exists', KEYS[1]) == 0 then return 0 end
if tonumber(redis.call('get', KEYS[2]) or '0') > 0 then redis.call('decr', KEYS[2]) end
redis.call('zadd', KEYS[3], 'XX', ARGV[2], ARGV[1])
return 1
"""

# KEYS 1: pending, 2: article, 3: token, 4: tries. ARGV 1: article_id.
_DROP_LOST = """
if redis.call('exists', KEYS[2], KEYS[3]) == 2 or redis.call('zrem', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('del', KEYS[3], KEYS[4])
return 1
"""


@dataclass(frozen=True, slots=True)
class ArticleEnd:
    """How an article ended: read, skipped with a reason, or dead with its error. `ended_at` is aware UTC."""

    article_id: str
    revision: int
    outcome: Outcome
    reason: str
    ended_at: datetime
    title: str = ""
    url: str | None = None
    publisher: str = ""
    statements: int = 0
    text: TextSource = TextSource.FEED


class Articles:
    """The pending set and the ends."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._articles = records_of(Article)
        self._ends = records_of(ArticleEnd)
        self._give_back = client.register_script(_GIVE_BACK)
        self._drop_lost = client.register_script(_DROP_LOST)

    def stage(self, pipe: Pipe, article: Article) -> None:
        """Add an article to the caller's MULTI: its record, its token, its place among the pending."""
        pipe.set(keys.article(article.article_id), self._articles.dump(article))
        pipe.set(keys.article_token(article.article_id), str(article.revision))
        pipe.zadd(keys.pending(), {article.article_id: article.fetched_at.timestamp()})
        # The machine's own clock: a revision was first fetched long before, and nothing is decided by this.
        pipe.zadd(keys.pending_since(), {article.article_id: time.time()})
        pipe.delete(keys.article_tries(article.article_id))

    def known(self, article_ids: Sequence[str]) -> dict[str, Article]:
        """The stored articles among these ids, whichever feed brought them."""
        if not article_ids:
            return {}
        texts = self._client.mget([keys.article(article_id) for article_id in article_ids])
        return {
            article_id: self._articles.load(text)
            for article_id, text in zip(article_ids, texts, strict=True)
            if text is not None
        }

    def take(self, article_id: str) -> Article | None:
        """The pending article, or None when nothing of that id waits to be read."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.get(keys.article(article_id))
            pipe.get(keys.article_token(article_id))
            text, token = pipe.execute()
        return self._articles.load(text) if text is not None and token is not None else None

    def drop_lost(self, article_id: str) -> bool:
        """Take an article whose record or token is gone from the pending; False when it is not pending, or whole."""
        touched = [keys.pending(), keys.article(article_id), keys.article_token(article_id)]
        return bool(self._drop_lost(keys=[*touched, keys.article_tries(article_id)], args=[article_id]))

    def begin(self, article_id: str, worker: str, until: datetime) -> int:
        """Note that `worker` has it in hand until then; returns how many times its reading was begun."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.incr(keys.article_tries(article_id))
            pipe.expire(keys.article_tries(article_id), TRIES_KEPT)
            pipe.zadd(keys.pending(), {article_id: until.timestamp()}, xx=True)
            pipe.hset(keys.in_hand(), worker, article_id)
            tries: int = pipe.execute()[0]
        return tries

    def put_down(self, worker: str) -> None:
        """Note that the worker has nothing in hand any more."""
        self._client.hdel(keys.in_hand(), worker)

    def set_due(self, article_ids: Iterable[str], at: datetime) -> None:
        """Have these enqueued again then, whatever was planned: their worker died."""
        due = dict.fromkeys(article_ids, at.timestamp())
        if due:
            self._client.zadd(keys.pending(), due, xx=True)

    def give_back(self, article_id: str, at: datetime) -> bool:
        """Have it read again then, and forget this try, which was no fault of its; False when settled."""
        touched = [keys.article_token(article_id), keys.article_tries(article_id), keys.pending()]
        return bool(self._give_back(keys=touched, args=[article_id, at.timestamp()]))

    def pause(self, article_id: str, until: datetime, now: datetime) -> None:
        """Have it tried again then and not before: that it is in nobody's hand meanwhile is as it should be."""
        lives_ms = max(1, int((until - now).total_seconds() * 1000))
        with self._client.pipeline(transaction=True) as pipe:
            pipe.zadd(keys.pending(), {article_id: until.timestamp()}, xx=True)
            pipe.set(keys.article_pause(article_id), "1", px=lives_ms)
            pipe.execute()

    def under_way(self, now: datetime, limit: int) -> list[str]:
        """Pending articles that are not due and not paused: each is on the queue or in a hand, or its job is lost."""
        waiting = list(self._client.zrangebyscore(keys.pending(), f"({now.timestamp()}", "+inf", start=0, num=limit))
        pauses = self._client.mget([keys.article_pause(article_id) for article_id in waiting]) if waiting else []
        return [article_id for article_id, paused in zip(waiting, pauses, strict=True) if paused is None]

    def note_queued(self, article_ids: Iterable[str], until: datetime) -> None:
        """Leave these alone until then: they are queued. One that a worker has in hand for longer keeps its time."""
        due = dict.fromkeys(article_ids, until.timestamp())
        if due:
            self._client.zadd(keys.pending(), due, xx=True, gt=True)

    def due(self, now: datetime, limit: int) -> list[str]:
        """Pending articles that are to be enqueued now, oldest first."""
        return list(self._client.zrangebyscore(keys.pending(), "-inf", now.timestamp(), start=0, num=limit))

    def settle(self, pipe: Pipe, end: ArticleEnd) -> None:
        """Add an article's end to the caller's MULTI: its token is taken, its end counted and listed."""
        pipe.delete(keys.article_token(end.article_id), keys.article_tries(end.article_id))
        pipe.zrem(keys.pending(), end.article_id)
        pipe.zrem(keys.pending_since(), end.article_id)
        pipe.expire(keys.article(end.article_id), ARTICLE_KEPT)
        self._stage_end(pipe, end)

    def note_end(self, end: ArticleEnd) -> None:
        """List the end of what is no longer pending."""
        with self._client.pipeline(transaction=True) as pipe:
            self._stage_end(pipe, end)
            pipe.execute()

    def _stage_end(self, pipe: Pipe, end: ArticleEnd) -> None:
        pipe.set(keys.article_end(end.article_id), self._ends.dump(end), ex=ARTICLE_KEPT)
        reason = "" if end.outcome is Outcome.DEAD else end.reason  # each error has words of its own
        pipe.hincrby(keys.article_counts(), f"{end.outcome}:{reason}", 1)
        pipe.zadd(keys.articles_ended(end.outcome), {end.article_id: end.ended_at.timestamp()})
        pipe.zremrangebyrank(keys.articles_ended(end.outcome), 0, -ARTICLES_LISTED - 1)

    def end(self, end: ArticleEnd) -> bool:
        """Settle an article that wrote nothing to the ledger; False when that revision waits no more."""
        with self._client.pipeline(transaction=True) as pipe:
            try:
                pipe.watch(keys.article_token(end.article_id))
                if pipe.get(keys.article_token(end.article_id)) != str(end.revision):
                    return False
                pipe.multi()
                self.settle(pipe, end)
                pipe.execute()
            except redis.WatchError:
                return False
        return True

    def revive(self, article_id: str, now: datetime) -> bool:
        """Read a dead article once more; False when it is not dead, or forgotten."""
        article = self.known([article_id]).get(article_id)
        if article is None or self._client.zscore(keys.articles_ended(Outcome.DEAD), article_id) is None:
            return False
        with self._client.pipeline(transaction=True) as pipe:
            self.stage(pipe, article)
            pipe.persist(keys.article(article_id))
            pipe.zadd(keys.pending(), {article_id: now.timestamp()})
            pipe.zrem(keys.articles_ended(Outcome.DEAD), article_id)
            pipe.delete(keys.article_end(article_id))
            pipe.execute()
        return True

    def ended(self, outcome: Outcome, limit: int) -> list[ArticleEnd]:
        """The latest ends of one outcome, newest first."""
        article_ids = self._client.zrevrange(keys.articles_ended(outcome), 0, limit - 1)
        texts = self._client.mget([keys.article_end(article_id) for article_id in article_ids]) if article_ids else []
        return [self._ends.load(text) for text in texts if text is not None]

    def counts(self) -> dict[str, int]:
        """Counts of ends by "outcome:reason"."""
        return {key: int(count) for key, count in self._client.hgetall(keys.article_counts()).items()}

    def pending_count(self) -> int:
        """How many articles wait to be read."""
        return int(self._client.zcard(keys.pending()))

    def ended_count(self, outcome: Outcome) -> int:
        """How many articles that ended so are listed: the latest, as many as are kept."""
        return int(self._client.zcard(keys.articles_ended(outcome)))

    def oldest_pending(self) -> datetime | None:
        """Since when the longest waiting article waits (aware UTC), None when nothing does.

        What an older process settled without a word here is taken out on the way.
        """
        while first := self._client.zrange(keys.pending_since(), 0, 99, withscores=True):
            waiting = self._client.zmscore(keys.pending(), [article_id for article_id, _ in first])
            settled = [article_id for (article_id, _), due in zip(first, waiting, strict=True) if due is None]
            if settled:
                self._client.zrem(keys.pending_since(), *settled)
            for (_, since), due in zip(first, waiting, strict=True):
                if due is not None:
                    return datetime.fromtimestamp(since, UTC)
        return None
