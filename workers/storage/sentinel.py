"""Clients for a store behind Sentinels: they ask which server leads now, at every new connection.

The address is `redis+sentinel://[user:password@]host[:port][,host[:port]…]/name[/database]`, or `rediss+sentinel://`
for TLS to Sentinels and servers alike. User and password are the server's; those of the Sentinels, where they have
some, are the parameters `sentinel_username` and `sentinel_password`. `ssl_ca_certs`, `ssl_certfile` and `ssl_keyfile`
name files as in addresses of one server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import redis
from redis.sentinel import Sentinel

from workers.storage.client import Client

SCHEMES = ("redis+sentinel", "rediss+sentinel")
PORT = 26379


@dataclass(frozen=True, slots=True)
class SentinelAddress:
    """Where the Sentinels are (host, port), under which name they know the server, and how to log in."""

    sentinels: tuple[tuple[str, int], ...]
    name: str
    database: int = 0
    login: Mapping[str, str] = field(default_factory=dict, repr=False)
    sentinel_login: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls: Mapping[str, Any] = field(default_factory=dict)


def is_sentinel(url: str) -> bool:
    """Tell whether an address is one of Sentinels."""
    return url.partition("://")[0] in SCHEMES


def parse_sentinel(url: str) -> SentinelAddress:
    """Take an address of Sentinels apart. Raises ValueError for one that `config` would not have let through."""
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    name, _, database = parts.path.strip("/").partition("/")
    given = dict(parse_qsl(parts.query))
    files: dict[str, Any] = {key: given[key] for key in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile") if key in given}
    return SentinelAddress(
        sentinels=tuple(_place(host) for host in hosts.split(",")),
        name=name,
        database=int(database or 0),
        login=_login(*(unquote(part) for part in login.partition(":")[::2])),
        sentinel_login=_login(given.get("sentinel_username", ""), given.get("sentinel_password", "")),
        tls={"ssl": True, **files} if parts.scheme == "rediss+sentinel" else {},
    )


def connect_through(address: SentinelAddress, **named: Any) -> Client:
    """A client for the server that leads; `named` are redis-py's parameters. Nothing is sent before it is used."""
    waits = named.get("socket_connect_timeout")
    asked = {"socket_timeout": waits, "socket_connect_timeout": waits, **address.sentinel_login, **address.tls}
    sentinels: Any = Sentinel(address.sentinels, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
    server = {"db": address.database, **address.login, **address.tls, **named}
    return sentinels.master_for(address.name, redis_class=redis.Redis, **server)


def _place(host: str) -> tuple[str, int]:
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal():
        return name.strip("[]"), int(port)
    return host.strip("[]"), PORT


def _login(username: str, password: str) -> dict[str, str]:
    return {key: text for key, text in (("username", username), ("password", password)) if text}
