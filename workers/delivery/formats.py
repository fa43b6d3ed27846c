"""Freeze an alert into the bytes that an endpoint of one kind reads. The same alert always gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from workers.delivery.chat_discord import discord
from workers.delivery.chat_google import google_chat
from workers.delivery.chat_mattermost import mattermost
from workers.delivery.chat_ntfy import fitted_lines, ntfy, text_lines
from workers.delivery.chat_services import EndpointFormat
from workers.delivery.chat_slack import slack
from workers.delivery.chat_teams import teams
from workers.delivery.messages import Item, Message, message_of
from workers.domain.alert import Alert
from workers.domain.cutting import cut_text

MAX_BYTES = 16_000  # Standard Webhooks 1.0.0 ("Payload size"): smaller than 20 kB

_LEAST_QUOTE = 280  # characters of a quote, and
_LEAST_TEXT = 80  # of any other text, that are left even in the largest alert
_LEAST_LIST = 1
_LONGEST_ADDRESS = 2_000
_MOST = MAX_BYTES  # nothing longer can fit, in characters or in members
_NEVER_CUT = frozenset({"id", "type", "from", "to", "kind", "direction", "reason", "position", "held_since", "said_at"})
_ADDRESSES = frozenset({"url", "link"})
_SCALES = (1.0, 0.5, 0.25, 0.1, 0.05)  # how much is left of the longest parts of a chat message, until it fits
_LONGEST_APPRISE_BYTES = 3_500
_LOOK_ALIKES = str.maketrans({"<": "\u2039", ">": "\u203a"})


@dataclass(frozen=True, slots=True)
class Frozen:
    """A body as it will be sent, now and at every later attempt, and the headers that belong to it."""

    content_type: str
    body: str
    headers: tuple[tuple[str, str], ...] = ()


def freeze(alert: Alert, kind: EndpointFormat) -> Frozen:
    """Write the alert down for endpoints of a kind, at most 16 kB in UTF-8."""
    return _FREEZERS[kind](alert)


def _standard(alert: Alert) -> Frozen:
    def written(data: object) -> str:
        return _json({"type": alert.alert_type.value, "timestamp": _moment(alert), "data": data})

    return Frozen("application/json", _fitted(alert.data, written))


def _cloud_event(alert: Alert) -> Frozen:
    """The structured mode of CloudEvents 1.0.2: `source` and `id` together name the alert."""
    epoch = alert.alert_id.removeprefix("msg_").partition("_")[0]

    def written(data: object) -> str:
        return _json({
            "specversion": "1.0",
            "id": alert.alert_id,
            "source": f"/trucewatch/{epoch}",
            "type": alert.alert_type.value,
            "subject": alert.lane,
            "time": _moment(alert),
            "datacontenttype": "application/json",
            "data": data,
        })  # fmt: skip

    return Frozen("application/cloudevents+json", _fitted(alert.data, written))


def _chat(write: Callable[[Message], object]) -> Callable[[Alert], Frozen]:
    def frozen(alert: Alert) -> Frozen:
        bodies = (_json(write(message_of(alert, scale))) for scale in _SCALES)
        return Frozen("application/json", next((body for body in bodies if _fits(body)), _bare(write, alert)))

    return frozen


def _bare(write: Callable[[Message], object], alert: Alert) -> str:
    """The title alone: what is left when nothing else fits."""
    return _json(write(Message(message_of(alert, _SCALES[-1]).title)))


def _ntfy(alert: Alert) -> Frozen:
    body, headers = ntfy(message_of(alert))
    return Frozen("text/plain; charset=utf-8", _encodable(body), headers)


def _apprise(alert: Alert) -> Frozen:
    message = _tamed(message_of(alert, 0.5))
    text = fitted_lines(text_lines(message), _LONGEST_APPRISE_BYTES)
    return Frozen("application/json", _json({"title": message.title, "body": text}))


def _tamed(message: Message) -> Message:
    """A message in which no service behind apprise finds a mention or a link with a label, whatever marks it knows."""

    def words(text: str) -> str:
        return text.translate(_LOOK_ALIKES).replace("@", "@\u200b").replace("](", "]\u200b(")

    def address(url: str | None) -> str | None:
        return url.replace("@", "%40") if url else None

    return Message(
        title=words(message.title),
        lines=tuple(map(words, message.lines)),
        quote=words(message.quote),
        speaker=words(message.speaker),
        conditions=tuple(map(words, message.conditions)),
        source=words(message.source),
        url=address(message.url),
        link=address(message.link),
        notes=tuple(map(words, message.notes)),
        items=tuple(Item(words(item.text), address(item.url)) for item in message.items),
    )


_FREEZERS: Mapping[EndpointFormat, Callable[[Alert], Frozen]] = {
    EndpointFormat.STANDARD: _standard,
    EndpointFormat.CLOUDEVENTS: _cloud_event,
    EndpointFormat.SLACK: _chat(slack),
    EndpointFormat.DISCORD: _chat(discord),
    EndpointFormat.TEAMS: _chat(teams),
    EndpointFormat.MATTERMOST: _chat(mattermost),
    EndpointFormat.GOOGLE_CHAT: _chat(google_chat),
    EndpointFormat.NTFY: _ntfy,
    EndpointFormat.APPRISE: _apprise,
}


def _json(body: object) -> str:
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return _encodable(text)


def _encodable(text: str) -> str:
    """Half a surrogate pair has no UTF-8; hostile text may hold one."""
    return text.encode("utf-8", "replace").decode()


def _moment(alert: Alert) -> str:
    return alert.timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
