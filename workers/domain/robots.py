"""Read robots.txt and say what it allows (RFC 9309). Pure.

Beyond the RFC, `Crawl-delay` is read, which large news sites use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

MOST_BYTES = 512_000  # RFC 9309 section 2.5: at least 500 kibibytes
MOST_RULES = 2_000  # large news sites have some hundred
MOST_PATTERN_CHARS = 1_000
LONGEST_DELAY_S = 10.0  # longer ones would keep an alert waiting for a page that it can do without
_TOKEN = re.compile(r"[A-Za-z_*-]+")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_SAFE = "/?&=:@!$'()+,;~%*"


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one site for one agent: patterns with whether they allow, and the pause it wants between pages."""

    rules: tuple[tuple[str, bool], ...] = ()
    delay_s: float = 0.0

    def allows(self, target: str) -> bool:
        """Tell whether the target (path and query) may be fetched: the longest pattern decides, `Allow` at a draw."""
        if target == "/robots.txt":
            return True
        path = _normal(target)
        found = [(len(pattern), allow) for pattern, allow in self.rules if _matches(pattern, path)]
        return max(found)[1] if found else True


NOTHING_ALLOWED = Robots((("/", False),))


def parse_robots(text: str, agent: str) -> Robots:
    """The rules of the groups that name the agent (without regard to case), else of those for `*`."""
    groups: dict[str, list[tuple[str, str]]] = {}
    named: list[str] = []
    ruled = False
    for key, value in _lines(text):
        if key == "user-agent":
            if ruled:
                named, ruled = [], False
            token = _TOKEN.match(value)
            named.append(token.group().lower() if token else "")
        elif named:
            ruled = True
            for name in named:
                groups.setdefault(name, []).append((key, value))
    return _robots(groups.get(agent.lower(), groups.get("*", [])))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    count = 0
    for line in text.removeprefix("\ufeff").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if colon and key in {"user-agent", "allow", "disallow", "crawl-delay"} and len(value) <= MOST_PATTERN_CHARS:
            yield key, value
            count += 1
        if count >= MOST_RULES:
            return


def _robots(lines: list[tuple[str, str]]) -> Robots:
    rules = tuple((_normal(value), key == "allow") for key, value in lines if key != "crawl-delay" and value)
    delays = [
        float(value) for key, value in lines if key == "crawl-delay" and re.fullmatch(r"\d{1,6}(\.\d{0,3})?", value)
    ]
    return Robots(rules, min(max(delays, default=0.0), LONGEST_DELAY_S))


def _normal(path: str) -> str:
    """One spelling of a path: what need not be escaped is not, the rest is; RFC 9309 section 2.2.2."""
    return quote(_ESCAPED.sub(lambda found: _unescaped(found.group()), path), safe=_SAFE)


def _unescaped(run: str) -> str:
    plain = unquote(run, errors="replace")
    return plain if plain.isascii() and plain.isalnum() else run.upper()


def _matches(pattern: str, path: str) -> bool:
    """Tell whether a pattern with `*` and `$` fits the path's beginning; in time that grows with their lengths only."""
    anchored = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for place, part in enumerate(rest):
        if anchored and place == len(rest) - 1:
            return path.endswith(part) and len(path) - len(part) >= at
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return not anchored or at == len(path)
