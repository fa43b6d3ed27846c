"""Lists of feeds, as an operator may write them: TOML, addresses, a JSON array, or OPML.

Pure: a file's text comes from the caller. Every fault of a list is named at once. docs/feeds.md describes the formats.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from workers.domain.article import Feed, Tier
from workers.domain.opml import OpmlError, parse_opml

VERSION = 1
FEED_KEYS = ("url", "publisher", "tier", "conflicts", "notes")
MAX_FEEDS = 20_000  # twice the largest public list of news feeds we know (9,897)
MAX_URL_CHARS = 2_000  # what servers and proxies take; RFC 9110 section 4.1 asks for 8,000 octets
MAX_PUBLISHER_CHARS = 120
# An operator who names a feed vouches for it; another tier can be given in JSON, TOML or OPML.
OPERATORS_TIER = Tier.MAJOR
_PORTS = {"http": 80, "https": 443}
_TIERS = {tier.value: tier for tier in Tier}
_NOT_IN_URL = re.compile(r"[\s\x00-\x1f\x7f\"<>\\^`{|}]")
# Found in addresses of public lists (13 of 9,897), and written as %20 and the like by every browser.
_MENDABLE = re.compile(r"[ \"<>\\^`{|}]")
_NOT_IN_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class FeedListError(Exception):
    """A list of feeds cannot be used. `problems` names every fault found, one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def feed_id(url: str) -> str:
    """Derive the stable id of a feed from its address: 12 hexadecimal digits.

    Scheme and host count without regard to case; a scheme's own port, an empty path and a fragment count nothing.
    The address must be one that `fault_of_url` finds nothing wrong with.
    """
    parts = urlsplit(url)
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    query = f"?{parts.query}" if parts.query else ""
    canonical = f"{parts.scheme}://{parts.hostname}{port}{parts.path or '/'}{query}"
    return blake2b(canonical.encode(), digest_size=6).hexdigest()


def fault_of_url(url: str) -> str | None:
    """Say what is wrong with a feed's address; None when nothing is."""
    if len(url) > MAX_URL_CHARS:
        return f"is longer than {MAX_URL_CHARS} characters"
    if _NOT_IN_URL.search(url):
        return "has a blank or a character that no address may have"
    try:
        parts = urlsplit(url)
        scheme, host, login, _ = parts.scheme, parts.hostname, parts.username or parts.password, parts.port
    except ValueError as error:
        return f"is no address ({error})"
    if scheme not in _PORTS:
        return "must begin with http:// or https://"
    if not host:
        return "has no host"
    return "must not carry a user name or password: addresses are shown in logs and pages" if login else None


def parse_feeds_toml(data: Mapping[str, Any], source: str = "feeds", *, origin: str = "default") -> tuple[Feed, ...]:
    """Read parsed TOML: `version = 1` and `[[feed]]` tables with `url`, `publisher`, `tier`.

    `conflicts` (ids) and `notes` may be added; they are for people. Raises FeedListError with every fault.
    """
    problems = [
        f"{source}: unknown key {key!r}; allowed are version, feed" for key in data.keys() - {"version", "feed"}
    ]
    if data.get("version") != VERSION:
        problems.append(f"{source}: version must be {VERSION}, not {data.get('version')!r}")
    tables = data.get("feed")
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise FeedListError([*problems, f"{source}: there must be [[feed]] tables"])
    listing = _Listing(source, origin, needed=("url", "publisher", "tier"), problems=problems)
    for number, table in enumerate(tables, start=1):
        listing.add(f"feed {number}", table)
    return listing.feeds()


def parse_feeds_setting(
    value: str, read_file: Callable[[str], str], defaults: Sequence[Feed] = (), source: str = "TRUCEWATCH_FEEDS"
) -> tuple[Feed, ...]:
    """Read the setting: addresses parted by white space, a JSON array, or the path of an OPML or TOML file.

    A JSON array holds addresses or objects `{"url", "publisher", "tier"}`. `read_file` gives the text of a path and may
    raise OSError or UnicodeDecodeError. Where publisher or tier are not given, a feed takes those of the default feed
    with the same address, else those of the default feeds of the same host when these agree; else the publisher is the
    host and the tier `major`. An address listed twice counts once. Raises FeedListError with every fault.
    """
    value = value.strip()
    listing = _Listing(source, "setting", defaults=defaults)
    if value.startswith("["):
        _add_json(listing, value)
    elif "://" in value:
        for number, word in enumerate(value.split(), start=1):
            listing.add(f"address {number}", {"url": word})
    elif value:
        _add_file(replace(listing, source=f"{source}: {value}"), value, read_file)
    if not listing.found and not listing.problems:
        listing.problems.append(f"{source}: names no feed")
    return listing.feeds()


def parse_feeds_file(text: str, source: str, defaults: Sequence[Feed] = (), origin: str = "store") -> tuple[Feed, ...]:
    """Read the text of an OPML or TOML file, as `parse_feeds_setting` does. Raises FeedListError with every fault."""
    listing = _Listing(source, origin, defaults=defaults)
    _add_text(listing, text)
    return listing.feeds()


@dataclass(slots=True)
class _Listing:
    """A list while it is read. `needed` are the keys that every feed must have."""

    source: str
    origin: str
    needed: tuple[str, ...] = ("url",)
    defaults: Sequence[Feed] = ()
    problems: list[str] = field(default_factory=list)
    found: dict[str, Feed] = field(default_factory=dict)

    def feeds(self) -> tuple[Feed, ...]:
        if len(self.found) > MAX_FEEDS:
            self.problems.append(f"{self.source}: has {len(self.found)} feeds; at most {MAX_FEEDS} are allowed")
        if self.problems:
            raise FeedListError(self.problems)
        return tuple(self.found.values())

    def fault(self, place: str, what: str) -> None:
        self.problems.append(f"{self.source}: {place}: {what}")

    def add(self, place: str, table: Mapping[str, Any]) -> None:
        url = _mended(table.get("url"))
        faults = list(_faults(table, self.needed))
        if isinstance(url, str) and (wrong := fault_of_url(url)):
            faults.append(f"{url[:MAX_PUBLISHER_CHARS]!r} {wrong}")
        for fault in faults:
            self.fault(place, fault)
        if faults or not isinstance(url, str):
            return
        identity = feed_id(url)
        if identity in self.found and "publisher" in self.needed:
            self.fault(place, f"{url!r} is listed already")
        if identity not in self.found:
            self.found[identity] = self._feed(identity, url, table.get("publisher"), table.get("tier"))

    def _feed(self, identity: str, url: str, publisher: str | None, tier: str | None) -> Feed:
        host = urlsplit(url).hostname or ""
        known = _known(identity, host, self.defaults)
        return Feed(
            feed_id=identity,
            url=url,
            publisher=publisher or (known.publisher if known else host.removeprefix("www.")),
            tier=_TIERS[tier] if tier else known.tier if known else OPERATORS_TIER,
            origin=self.origin,
        )


def _mended(url: object) -> object:
    """Spell characters that no address may have, after its host, as a browser does."""
    if not isinstance(url, str):
        return url
    top, slash, rest = url.strip().partition("://")
    host, path_slash, path = rest.partition("/")
    return top + slash + host + path_slash + _MENDABLE.sub(lambda match: f"%{ord(match.group()):02X}", path)


def _faults(table: Mapping[str, Any], needed: Sequence[str]) -> Iterable[str]:
    for key in needed:
        if key not in table:
            yield f"{key} is missing"
    for key, value in table.items():
        if key not in FEED_KEYS:
            yield f"unknown key {key!r}; allowed are {', '.join(FEED_KEYS)}"
        elif key == "conflicts":
            if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
                yield "conflicts must be a list of ids"
        elif not isinstance(value, str) or not value.strip():
            yield f"{key} must be a text, not {value!r}"
        elif key == "tier" and value not in _TIERS:
            yield f"tier {value!r} is unknown; allowed are {', '.join(_TIERS)}"
        elif key == "publisher" and (len(value) > MAX_PUBLISHER_CHARS or _NOT_IN_NAME.search(value)):
            yield f"publisher must have at most {MAX_PUBLISHER_CHARS} characters and no control characters"


def _known(identity: str, host: str, defaults: Sequence[Feed]) -> Feed | None:
    """Find the default feed that lends its publisher and tier: the same address, else one of the same host."""
    of_host = [feed for feed in defaults if urlsplit(feed.url).hostname == host]
    same = next((feed for feed in of_host if feed.feed_id == identity), None)
    if same or not of_host:
        return same
    agreed = len({(feed.publisher, feed.tier) for feed in of_host}) == 1
    return of_host[0] if agreed else None


def _add_json(listing: _Listing, value: str) -> None:
    try:
        entries = json.loads(value)
    except (ValueError, RecursionError) as error:
        listing.problems.append(f"{listing.source}: is no JSON array ({error})")
        return
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, str | dict):
            listing.add(f"entry {number}", {"url": entry} if isinstance(entry, str) else entry)
        else:
            listing.fault(f"entry {number}", f"must be an address or an object, not {entry!r}")


def _add_file(listing: _Listing, path: str, read_file: Callable[[str], str]) -> None:
    try:
        text = read_file(path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        expected = "expected addresses parted by white space, a JSON array, or the path of an OPML or TOML file"
        listing.problems.append(f"{listing.source}: cannot be read ({why}); {expected}")
    except UnicodeDecodeError:
        listing.problems.append(f"{listing.source}: is no UTF-8 text")
    else:
        _add_text(listing, text)


def _add_text(listing: _Listing, text: str) -> None:
    """Add the feeds of an OPML or TOML text: what begins with `<` is OPML."""
    if text.removeprefix("\ufeff").lstrip().startswith("<"):
        _add_opml(listing, text)
        return
    try:
        tables = parse_feeds_toml(tomllib.loads(text), listing.source, origin=listing.origin)
    except tomllib.TOMLDecodeError as error:
        listing.problems.append(f"{listing.source}: is neither OPML nor TOML ({error})")
    except FeedListError as error:
        listing.problems.extend(error.problems)
    else:
        listing.found.update({feed.feed_id: feed for feed in tables})


def _add_opml(listing: _Listing, text: str) -> None:
    try:
        outlines = parse_opml(text)
    except OpmlError as error:
        listing.problems.append(f"{listing.source}: {error}")
        return
    for outline in outlines:
        table = {"url": outline.url, "publisher": outline.title, "tier": outline.tier}
        listing.add(f"line {outline.line}", {key: value for key, value in table.items() if value})
