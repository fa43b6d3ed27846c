"""The herald: tells what no article causes. Ends of silences, a daily sign of life, feeds that are gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from workers.delivery.announcing import Announcer
from workers.domain.alert import AlertType, DeliveryState
from workers.domain.telling import utc_text
from workers.stores import Stores

HEARTBEAT_EVERY = timedelta(days=1)
FEEDS_EVERY = timedelta(minutes=1)
_MOST_DEAD = 10_000  # so many dead deliveries are counted

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Herald:
    """What the herald needs."""

    stores: Stores
    announcer: Announcer
    clock: Callable[[], datetime]
    _feeds_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), repr=False)

    def tick(self) -> None:
        """Tell what is due."""
        self.end_silences()
        self.beat()
        if self.clock() >= self._feeds_at:
            self.tell_gone_feeds()
            self._feeds_at = self.clock() + FEEDS_EVERY

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
        if last is None:
            signs.note_heartbeat(now)
        elif now - last >= HEARTBEAT_EVERY:
            signs.note_heartbeat(now)
            if self.announcer.wanted(AlertType.HEARTBEAT):
                self.announcer.announce(self.stores.notices, AlertType.HEARTBEAT, self._facts(last))
                log.info("heartbeat_made", since=utc_text(last))

    def tell_gone_feeds(self) -> None:
        """Tell once of each feed that its publisher took away."""
        gone = [(feed, state) for feed, state in self.stores.feeds.states() if state.gone]
        self.stores.signs.forget_gone_but({feed.feed_id for feed, _ in gone})
        for feed, state in gone:
            if self.stores.signs.note_gone(feed.feed_id, self.clock()):
                data = {"publisher": feed.publisher, "url": feed.url, "why": state.problem}
                self.announcer.announce(self.stores.notices, AlertType.FEED_GONE, {"feed": data})

    def _facts(self, since: datetime) -> dict[str, object]:
        states = [state for _, state in self.stores.feeds.states()]
        return {
            "since": utc_text(since),
            "alerts": self.stores.ledger.alert_count(since),
            "articles": sum(self.stores.articles.counts().values()),
            "feeds": {"polled": len(states), "failing": sum(bool(state.problem or state.gone) for state in states)},
            "waiting": sum(depth.waiting for depth in self.stores.outbox.depths()),
            "dead": len(self.stores.outbox.listed(DeliveryState.DEAD, _MOST_DEAD)),
        }
