"""The herald: tells what no article causes. Ends of silences, a daily sign of life, feeds that are gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from workers.delivery.announcing import Announcer
from workers.domain.alert import AlertType, DeliveryState
from workers.domain.telling import utc_text
from workers.storage.notices import NoticeRaceError
from workers.storage.records import RecordError
from workers.stores import Stores

HEARTBEAT_EVERY = timedelta(days=1)
FEEDS_EVERY = timedelta(minutes=1)
REST = timedelta(minutes=1)  # after a record that cannot be read: it is no better half a second later

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Herald:
    """What the herald needs."""

    stores: Stores
    announcer: Announcer
    clock: Callable[[], datetime]
    _next_at: dict[str, datetime] = field(default_factory=dict, repr=False)

    def tick(self) -> None:
        """Tell what is due. What cannot be read in the store is an error in the log, and holds up nothing else."""
        self._try(self.end_silences)
        self._try(self.beat)
        self._try(self.tell_gone_feeds, every=FEEDS_EVERY)

    def _try(self, tell: Callable[[], None], every: timedelta = timedelta()) -> None:
        now = self.clock()
        if now < self._next_at.get(tell.__name__, now):
            return
        self._next_at[tell.__name__] = now + every
        try:
            tell()
        except (RecordError, NoticeRaceError):
            log.exception("herald_stumbled", over=tell.__name__)
            self._next_at[tell.__name__] = now + max(every, REST)

    def end_silences(self) -> None:
        """Tell what the silences that are over have held back."""
        now, silences = self.clock(), self.stores.silences
        for silence in silences.due(now):
            told = silences.end(silence, self.announcer.told_at_end(silence), now)
            log.info("silence_ended", silence_id=silence.silence_id, actor_id=silence.actor_id, summaries=told)
        silences.forget(now)

    def beat(self) -> None:
        """Give a sign of life once a day, when an endpoint asks for it; the first one a day after the first look."""
        now, signs = self.clock(), self.stores.signs
        last = signs.last_heartbeat()
        if last is not None and now - last < HEARTBEAT_EVERY:
            return
        if last is None or not self.announcer.wanted(AlertType.HEARTBEAT):
            signs.note_heartbeat(now)
            return
        noted = partial(signs.note_heartbeat, now)
        self.announcer.announce(self.stores.notices, AlertType.HEARTBEAT, self._facts(last), noted)
        log.info("heartbeat_made", since=utc_text(last))

    def tell_gone_feeds(self) -> None:
        """Tell once of each feed that its publisher took away."""
        gone, signs = [(feed, state) for feed, state in self.stores.feeds.states() if state.gone], self.stores.signs
        signs.forget_gone_but({feed.feed_id for feed, _ in gone})
        told = signs.told_gone()
        for feed, state in gone:
            if feed.feed_id not in told:
                data = {"publisher": feed.publisher, "url": feed.url, "why": state.problem}
                noted = partial(signs.note_gone, feed.feed_id, self.clock())
                self.announcer.announce(self.stores.notices, AlertType.FEED_GONE, {"feed": data}, noted)

    def _facts(self, since: datetime) -> dict[str, object]:
        states = [state for _, state in self.stores.feeds.states()]
        return {
            "since": utc_text(since),
            "alerts": self.stores.ledger.alert_count(since),
            "articles": sum(self.stores.articles.counts().values()),
            "feeds": {"polled": len(states), "failing": sum(bool(state.problem or state.gone) for state in states)},
            "waiting": sum(depth.waiting for depth in self.stores.outbox.depths()),
            "dead": self.stores.outbox.ended_count(DeliveryState.DEAD),
        }
