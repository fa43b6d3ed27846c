"""The read model of an alert: what its frozen body says, for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workers.domain.alert import Alert, AlertType
from workers.domain.statement import PositionScale
from workers.storage.ledger import Ledger

_NO_CHANGE = frozenset({
    AlertType.POSITION_ESTABLISHED, AlertType.ALERTS_SUMMARY, AlertType.FEED_GONE, AlertType.HEARTBEAT,
    AlertType.WEBHOOK_TEST,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class MoveView:
    """A move that one or more actors made by the same words.

    `actors` are names. `before` is None for a first position. `reason` is that of the change.
    """

    actors: tuple[str, ...]
    before: PositionScale | None
    after: PositionScale
    reason: str


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert as it was told. Alerts on no conflict have no `moves`; those without words have no `statement_id`."""

    alert_id: str
    alert_type: AlertType
    told_at: datetime
    conflict_id: str | None
    conflict: str
    moves: tuple[MoveView, ...]
    statement_id: str | None
    speaker: str | None
    quote: str | None
    conditions: tuple[str, ...]
    title: str | None
    publisher: str | None
    url: str | None
    late: bool
    flips: int
    test: bool

    @property
    def tells_change(self) -> bool:
        """Tell whether it is news: no first position, no sign of life, no test."""
        return not self.test and self.alert_type not in _NO_CHANGE


def view_alert(alert: Alert) -> AlertView:
    """Read an alert's body; what it does not have is None or empty."""
    conflict, statement, article = (_part(alert.data, name) for name in ("conflict", "statement", "article"))
    return AlertView(
        alert_id=alert.alert_id,
        alert_type=alert.alert_type,
        told_at=alert.timestamp,
        conflict_id=conflict.get("id"),
        conflict=conflict.get("name") or alert.lane,
        moves=gather_moves(_move(change) for change in alert.data.get("changes") or ()),
        statement_id=statement.get("id"),
        speaker=statement.get("speaker"),
        quote=statement.get("quote"),
        conditions=tuple(statement.get("conditions") or ()),
        title=article.get("title"),
        publisher=article.get("publisher"),
        url=article.get("url"),
        late=bool(alert.data.get("late")),
        flips=int(alert.data.get("flips") or 0),
        test=bool(alert.data.get("test")),
    )


def latest_changes(ledger: Ledger, limit: int) -> list[AlertView]:
    """The latest alerts that tell of a change, newest first, however many others lie between."""
    searched = 4 * limit
    while True:
        alerts = ledger.alerts(searched)
        found = [view for view in map(view_alert, alerts) if view.tells_change][:limit]
        if len(found) == limit or len(alerts) < searched:
            return found
        searched *= 4


def find_alert(ledger: Ledger, alert_id: str) -> Alert | None:
    """The alert of this id, None for an unknown one."""
    searched = 1_000
    while True:
        alerts = ledger.alerts(searched)
        found = next((alert for alert in alerts if alert.alert_id == alert_id), None)
        if found is not None or len(alerts) < searched:
            return found
        searched *= 4


def gather_moves(moves: Iterable[MoveView]) -> tuple[MoveView, ...]:
    """Put together the actors that made the same move for the same reason, in the order of the first."""
    gathered: dict[tuple[PositionScale | None, PositionScale, str], list[str]] = {}
    for move in moves:
        gathered.setdefault((move.before, move.after, move.reason), []).extend(move.actors)
    return tuple(MoveView(tuple(actors), *shared) for shared, actors in gathered.items())


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return data.get(name) or {}


def _move(change: Mapping[str, Any]) -> MoveView:
    before = change.get("from")
    return MoveView(
        actors=(change["actor"]["name"],),
        before=PositionScale(before) if before else None,
        after=PositionScale(change["to"]),
        reason=change.get("reason") or "",
    )
