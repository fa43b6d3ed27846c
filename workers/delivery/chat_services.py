"""Tell by an address which service reads what is sent there: `config/chat.toml` lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit


class EndpointFormat(StrEnum):
    """What an endpoint can read."""

    STANDARD = "standard"  # a machine: the JSON body of Standard Webhooks, signed
    CLOUDEVENTS = "cloudevents"  # a machine: the same data in the envelope of CloudEvents 1.0, signed
    SLACK = "slack"
    DISCORD = "discord"
    TEAMS = "teams"
    MATTERMOST = "mattermost"
    GOOGLE_CHAT = "google_chat"
    NTFY = "ntfy"
    APPRISE = "apprise"  # what the optional library apprise sends to; its address is not of http

    @property
    def for_machines(self) -> bool:
        """Tell whether a program reads it: signed, and sent every event in order."""
        return self in {EndpointFormat.STANDARD, EndpointFormat.CLOUDEVENTS}

    @property
    def apart_s(self) -> float:
        """How many seconds the service wants between two messages at least; 0 where it does not say."""
        return _APART_S.get(self, 0.0)


# Per webhook or space, as the services document it (read 2026-11): Slack "rate limits", incoming webhooks, 1 a second;
# Google Chat "usage limits", 1 a second in a space; Discord, 5 in 2 seconds; Teams "rate limiting for connectors", 4 a
# second.
_APART_S = {
    EndpointFormat.SLACK: 1.0,
    EndpointFormat.GOOGLE_CHAT: 1.0,
    EndpointFormat.DISCORD: 0.4,
    EndpointFormat.TEAMS: 0.25,
}

APPRISE_PREFIX = "apprise+"


@dataclass(frozen=True, slots=True)
class ChatService:
    """The addresses of one service: host names (`*.name` for all below it), and how their path begins."""

    format: EndpointFormat
    hosts: tuple[str, ...]
    path: str = "/"


def parse_services(data: Mapping[str, Any]) -> tuple[ChatService, ...]:
    """Read `config/chat.toml`. Raises KeyError or ValueError when it is damaged."""
    return tuple(
        ChatService(EndpointFormat(entry["format"]), tuple(entry["hosts"]), entry.get("path", "/"))
        for entry in data["service"]
    )


def told_by_address(url: str, services: Sequence[ChatService]) -> tuple[str, EndpointFormat | None]:
    """The address without its prefix, and the format that it tells; None for one that any program may read.

    `mattermost+https://…` and the like tell the format of a server of one's own; `apprise+…` is handed to apprise.
    """
    prefix, plus, rest = url.partition("+")
    if plus and prefix == EndpointFormat.APPRISE:
        return rest, EndpointFormat.APPRISE
    if plus and prefix in list(EndpointFormat) and rest.startswith(("http://", "https://")):
        return rest, EndpointFormat(prefix)
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower().rstrip(".")
    except ValueError:
        return url, None
    for service in services:
        if parts.path.startswith(service.path) and any(_is_of(host, name) for name in service.hosts):
            return url, service.format
    return url, None


def _is_of(host: str, name: str) -> bool:
    return host.endswith(name[1:]) if name.startswith("*.") else host == name
