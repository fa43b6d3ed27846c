"""The kinds of value that a variable may hold: durations, sizes, networks, addresses, lists of words.

Each parser takes the operator's text and raises ValueError with the end of a sentence ("has no unit"), to which the
caller adds the variable, the value and what is allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_UNIT_S = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMG]i?)?B?", re.IGNORECASE)
_UNIT_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_SENTINEL_SCHEMES = ("redis+sentinel", "rediss+sentinel")
_HOST_PORT = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
_SENTINELS = re.compile(rf"(?:[^@/\s]*@)?{_HOST_PORT}(?:,{_HOST_PORT})*/[A-Za-z0-9._-]+(?:/\d*)?(?:\?\S*)?")
_LONGEST = timedelta(days=36_500)
_LONGEST_CONTACT = 200

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a variable may hold, in words for messages and documentation ("a duration such as 72h")."""

    words: str


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a number, for the documentation."""

    name: str


def parse_duration(value: object) -> object:
    """Turn `90m`, `72h`, `3d`, `1d12h` into a timedelta; what is no text is handed on."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        raise ValueError("has no unit")
    if not _DURATION.fullmatch(text):
        raise ValueError("is no duration")
    seconds = sum(float(number) * _UNIT_S[unit] for number, unit in _DURATION_PART.findall(text))
    if seconds > _LONGEST.total_seconds():
        raise ValueError("is longer than a hundred years")
    return timedelta(seconds=seconds)


def parse_size(value: object) -> object:
    """Turn `200MB`, `1.5GiB` or `4096` into bytes; what is no text is handed on."""
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value.strip())
    if not found:
        raise ValueError("is no size")
    return int(float(found[1]) * _UNIT_BYTES[(found[2] or "").lower()])


def parse_networks(value: object) -> object:
    """Turn `10.0.0.0/8, ::1` into networks; an address without a prefix length is a network of one."""
    if not isinstance(value, str):
        return value
    networks: list[Network] = []
    for word in re.split(r"[\s,]+", value.strip()):
        try:
            networks.append(ip_network(word))
        except ValueError as error:
            raise ValueError(f"has {word!r}, which is no network ({error})") from None
    return tuple(networks)


def parse_words(value: object) -> object:
    """Split a list at commas and white space; what is no text is handed on."""
    return tuple(word for word in re.split(r"[\s,]+", value) if word) if isinstance(value, str) else value


def parse_secrets(value: object) -> object:
    """Split a list of secrets at white space (a secret may hold a comma); what is no text is handed on."""
    return tuple(value.split()) if isinstance(value, str) else value


def check_url(url: str, schemes: frozenset[str]) -> str:
    """Return the address if it has one of the schemes, a host and a sound port; ValueError never repeats it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is no readable address") from None
    if parts.scheme not in schemes:
        raise ValueError(f"does not begin with {' or '.join(f'{scheme}://' for scheme in sorted(schemes))}")
    if parts.scheme == "unix":
        if not parts.path.startswith("/"):
            raise ValueError("has no absolute path to the socket")
    elif not parts.hostname or port == 0:
        raise ValueError("has no host, or port 0")
    return url


def check_redis_url(url: SecretStr) -> SecretStr:
    """Check the address of a Redis server or of Sentinels; the last part of its path, if any, is a database number."""
    given = url.get_secret_value().strip()
    if given.partition("://")[0] in _SENTINEL_SCHEMES:
        if not _SENTINELS.fullmatch(given.partition("://")[2]):
            raise ValueError("does not read host[:port][,host[:port]…]/name[/database] behind ://")
        return SecretStr(given)
    text = check_url(given, frozenset({"redis", "rediss", "unix"}))
    parts = urlsplit(text)
    if parts.scheme != "unix" and not re.fullmatch(r"/?\d*", parts.path):
        raise ValueError("has a path that is no database number")
    return SecretStr(text)


def check_proxy_url(url: SecretStr) -> SecretStr:
    """Check the address of an HTTP proxy that answers CONNECT."""
    return SecretStr(check_url(url.get_secret_value().strip(), frozenset({"http", "https"})))


def check_web_url(url: str) -> str:
    """Check a base address for links and drop the slash at its end."""
    return check_url(url.strip(), frozenset({"http", "https"})).rstrip("/")


def check_contact(text: str) -> str:
    """Check words that go into the User-Agent header: printable ASCII without parentheses, at most 200."""
    if not (text.isascii() and text.isprintable()) or len(text) > _LONGEST_CONTACT or set(text) & set("()"):
        raise ValueError("cannot be sent in a header")
    return text.strip()


def expand_path(path: Path) -> Path:
    """Make a path absolute; `~` is the home folder of the user that runs the service."""
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise ValueError("begins with ~, and this user has no home folder") from None


Duration = Annotated[timedelta, BeforeValidator(parse_duration), Allowed("a duration such as 90m, 72h, 3d or 1d12h")]
Size = Annotated[int, BeforeValidator(parse_size), Allowed("a size such as 200MB, 1GiB or a number of bytes")]
Networks = Annotated[
    tuple[Network, ...],
    BeforeValidator(parse_networks),
    Allowed("networks such as 10.0.0.0/8 or fd00::/8, separated by white space or commas"),
]
Words = Annotated[tuple[str, ...], BeforeValidator(parse_words), Allowed("names separated by white space or commas")]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(parse_secrets), Allowed("secrets separated by white space")]
RedisUrl = Annotated[
    SecretStr,
    AfterValidator(check_redis_url),
    Allowed(
        "redis://[user:password@]host[:port][/database], rediss://…, unix:///path/to/socket, or of Sentinels "
        "redis+sentinel://[user:password@]host[:port][,host[:port]…]/name[/database], rediss+sentinel://…"
    ),
]
ProxyUrl = Annotated[SecretStr, AfterValidator(check_proxy_url), Allowed("http://[user:password@]host:port")]
WebUrl = Annotated[str, AfterValidator(check_web_url), Allowed("an address such as https://watch.example.org")]
Contact = Annotated[
    str, AfterValidator(check_contact), Allowed("an e-mail or web address of at most 200 ASCII characters")
]
FilePath = Annotated[Path, AfterValidator(expand_path), Allowed("a path")]


def render(value: object) -> str:
    """Write a value as the operator would: the text that the variable would need to hold. None is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return _render_duration(value)
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return " ".join(render(part) for part in value)
    return str(value)


def render_size(size: int) -> str:
    """Write bytes in the largest decimal unit that divides them: 200000000 is `200MB`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def _render_duration(span: timedelta) -> str:
    seconds = span.total_seconds()
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNIT_S[unit] == 0:
            return f"{int(seconds // _UNIT_S[unit])}{unit}"
    return f"{seconds:g}s"
