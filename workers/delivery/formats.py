"""Freeze an alert into the bytes that an endpoint of one kind reads. The same alert always gives the same bytes."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from workers.delivery.endpoints import EndpointFormat
from workers.domain.alert import Alert

MAX_BYTES = 16_000  # Standard Webhooks 1.0.0 ("Payload size"): smaller than 20 kB
CUT = "…"

_LEAST_QUOTE = 280  # characters of a quote, and
_LEAST_TEXT = 80  # of any other text, that are left even in the largest alert
_LEAST_LIST = 1
_LONGEST_ADDRESS = 2_000
_MOST = MAX_BYTES  # nothing longer can fit, in characters or in members
_NEVER_CUT = frozenset({"id", "type", "from", "to", "kind", "direction", "reason", "position", "held_since", "said_at"})
_ADDRESSES = frozenset({"url", "link"})
_JOINERS = frozenset({"\u200d", "\ufe0e", "\ufe0f"})  # glue two code points into one character


@dataclass(frozen=True, slots=True)
class Frozen:
    """A body as it will be sent, now and at every later attempt."""

    content_type: str
    body: str


def freeze(alert: Alert, kind: EndpointFormat) -> Frozen:
    """Write the alert down for endpoints of a kind, at most 16 kB in UTF-8."""
    return _FREEZERS[kind](alert)


def cut_text(text: str, most: int) -> str:
    """Shorten a text to at most `most` characters, the last an ellipsis, never in the middle of a character."""
    if len(text) <= most:
        return text
    end = most - len(CUT)
    while end > 0 and _joined(text, end):
        end -= 1
    return text[:end].rstrip() + CUT


def _joined(text: str, at: int) -> bool:
    """Tell whether a cut at this place would take an accent or a half of an emoji off its letter."""
    return unicodedata.combining(text[at]) != 0 or text[at] in _JOINERS or text[at - 1] in _JOINERS


def _standard(alert: Alert) -> Frozen:
    timestamp = alert.timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def written(data: object) -> str:
        body = {"type": alert.alert_type.value, "timestamp": timestamp, "data": data}
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
        # Half a surrogate pair has no UTF-8; hostile text may hold one.
        return text.encode("utf-8", "replace").decode()

    return Frozen("application/json", _fitted(alert.data, written))


_FREEZERS: Mapping[EndpointFormat, Callable[[Alert], Frozen]] = {EndpointFormat.STANDARD: _standard}


def _fitted(data: Mapping[str, Any], written: Callable[[object], str]) -> str:
    """Write the data, shortened as little as makes it fit: first its quotes, then all texts, then its lists."""
    if _fits(text := written(data)):
        return text
    kept: object = _limited(data, _Limits(address=_LONGEST_ADDRESS))
    text = written(kept)
    for name, least in (("quote", _LEAST_QUOTE), ("text", _LEAST_TEXT), ("members", _LEAST_LIST)):
        kept = _shortened(kept, name, least, written)
        if _fits(text := written(kept)):
            break
    return text


def _shortened(data: object, name: str, least: int, written: Callable[[object], str]) -> object:
    """The data under the largest limit of this name that makes it fit, found by halving; `least` when none does."""
    low, high = least, _MOST
    while low < high:
        middle = (low + high + 1) // 2
        fits = _fits(written(_limited(data, _Limits(**{name: middle}))))
        low, high = (middle, high) if fits else (low, middle - 1)
    return _limited(data, _Limits(**{name: low}))


def _fits(text: str) -> bool:
    return len(text.encode()) <= MAX_BYTES


@dataclass(frozen=True, slots=True)
class _Limits:
    """The longest quote, text, address (characters) and list (members) that is kept."""

    quote: int = _MOST
    text: int = _MOST
    address: int = _MOST
    members: int = _MOST


def _limited(value: object, limits: _Limits, key: str = "") -> object:
    """A copy within the limits. An address that is too long is left out: half an address is a wrong one."""
    if isinstance(value, Mapping):
        return {name: _limited(part, limits, str(name)) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_limited(part, limits, key) for part in value[: limits.members]]
    if not isinstance(value, str) or key in _NEVER_CUT:
        return value
    if key in _ADDRESSES:
        return value if len(value) <= limits.address else None
    return cut_text(value, min(limits.text, limits.quote) if key == "quote" else limits.text)
