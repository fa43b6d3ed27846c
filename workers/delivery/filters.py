"""Which alerts an endpoint wants, and how an operator says so."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from workers.domain.alert import Alert, AlertType, Direction
from workers.domain.statement import PositionScale

DEFAULT_TYPES = frozenset(AlertType) - {AlertType.POSITION_ESTABLISHED, AlertType.HEARTBEAT}

_FEW = 12  # so many allowed values are listed in a message; of more, only those that look alike
_SHOWN = 40  # characters of a refused value that a message shows
_TELLTALE = re.compile(r"://|whsec|@|\?")  # what may be an address or a secret in the wrong place is not shown


@dataclass(frozen=True, slots=True)
class Filter:
    """What an alert must be to go to an endpoint; None is "any".

    An alert that lists changes passes when one change has all of actor, direction, from and to at once. What an alert
    does not have (a feed that is gone has no conflict, actor or confidence) is not asked of it. A test always passes.
    """

    types: frozenset[AlertType] = DEFAULT_TYPES
    conflicts: frozenset[str] | None = None
    actors: frozenset[str] | None = None
    directions: frozenset[str] | None = None
    from_positions: frozenset[str] | None = None
    to_positions: frozenset[str] | None = None
    least_confidence: float = 0.0

    def lets_through(self, alert: Alert) -> bool:
        """Tell whether the endpoint wants this alert."""
        if alert.alert_type is AlertType.WEBHOOK_TEST:
            return True
        conflict = alert.data.get("conflict") or {}
        confidence = (alert.data.get("statement") or {}).get("confidence")
        changes = alert.data.get("changes") or []
        return (
            alert.alert_type in self.types
            and (not conflict or _wanted(conflict.get("id"), self.conflicts))
            and (confidence is None or confidence >= self.least_confidence)
            and (not changes or any(self._wants_change(change) for change in changes))
        )

    def _wants_change(self, change: Mapping[str, Any]) -> bool:
        return (
            _wanted((change.get("actor") or {}).get("id"), self.actors)
            and _wanted(change.get("direction"), self.directions)
            and _wanted(change.get("from"), self.from_positions)
            and _wanted(change.get("to"), self.to_positions)
        )


def _wanted(value: object, wanted: frozenset[str] | None) -> bool:
    return wanted is None or value in wanted


def parse_filter(
    value: object, known_actor_ids: Collection[str], known_conflict_ids: Collection[str]
) -> tuple[Filter, list[str]]:
    """Read the `filter` object of an endpoint; the second part names every problem, and is empty when there is none."""
    if not isinstance(value, dict):
        return Filter(), ["filter must be an object"]
    problems: list[str] = []
    allowed: dict[str, Collection[str]] = {
        "types": [str(alert_type) for alert_type in AlertType],
        "conflicts": known_conflict_ids,
        "actors": known_actor_ids,
        "directions": [str(direction) for direction in Direction],
        "from": [str(position) for position in PositionScale],
        "to": [str(position) for position in PositionScale],
    }
    problems += unknown_keys("filter", value, {*allowed, "least_confidence"})
    chosen = {key: _chosen(key, value[key], allowed[key], problems) for key in allowed if key in value}
    types = chosen.get("types")
    read = Filter(
        types=DEFAULT_TYPES if types is None else frozenset(AlertType(name) for name in types),
        conflicts=chosen.get("conflicts"),
        actors=chosen.get("actors"),
        directions=chosen.get("directions"),
        from_positions=chosen.get("from"),
        to_positions=chosen.get("to"),
        least_confidence=_confidence(value.get("least_confidence", 0.0), problems),
    )
    return read, problems


def unknown_keys(subject: str, value: Mapping[str, object], allowed: Iterable[str]) -> list[str]:
    """Name each key of an object that it cannot have."""
    names = sorted(allowed)
    return [f"{subject} has no key {shown(key)}; it may have {', '.join(names)}" for key in value if key not in names]


def shown(value: object) -> str:
    """Write a refused value for a message: short, and never what may be an address or a secret."""
    text = str(value)
    if _TELLTALE.search(text):
        return "(not shown)"
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def _chosen(key: str, value: object, allowed: Collection[str], problems: list[str]) -> frozenset[str]:
    """Read a list of names out of `allowed`; what is wrong with it is added to `problems`."""
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        problems.append(f"filter.{key} must be a list of at least one name")
        return frozenset()
    problems.extend(
        f"filter.{key} {shown(name)} is not known; allowed: {_offer(name, allowed)}"
        for name in value
        if name not in allowed
    )
    return frozenset(value) & frozenset(allowed)


def _offer(name: str, allowed: Collection[str]) -> str:
    if len(allowed) <= _FEW:
        return ", ".join(sorted(allowed))
    alike = get_close_matches(name.casefold(), sorted(allowed), n=3, cutoff=0.5)
    return f"the {len(allowed)} ids of the catalogue" + (f" (do you mean {' or '.join(alike)}?)" if alike else "")


def _confidence(value: object, problems: list[str]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        problems.append("filter.least_confidence must be a number from 0 to 1")
        return 0.0
    return float(value)
