"""What sites allow robots: their robots.txt, fetched under the guard once a day (RFC 9309 section 2)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from workers.domain.robots import MOST_BYTES, NOTHING_ALLOWED, Robots, parse_robots
from workers.outbound import Limits, Outbound, OutboundError

TXT = Limits(connect_s=5, total_s=10, max_bytes=MOST_BYTES, max_redirects=5, cut=True)
KEPT_S = 86_400.0  # section 2.4: not to be kept for longer than a day
UNREACHABLE_KEPT_S = 600.0
MOST_SITES = 2_000
ROBOTS_WORDS = "robots.txt does not allow it"
_SUCCESS = range(200, 300)
_UNAVAILABLE = range(400, 500)


@dataclass(frozen=True, slots=True)
class RobotsBook:
    """The rules of the sites asked of late. `agent` is the name by which they address us; `clock` gives seconds."""

    outbound: Outbound
    agent: str
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, Robots]] = field(default_factory=dict, repr=False)

    async def rules_for(self, url: str) -> Robots:
        """The rules of the address's site.

        A site without the file (any 4xx) allows everything; one that cannot be asked (5xx, no answer) nothing, for
        ten minutes (sections 2.3.1.3 and 2.3.1.4).
        """
        parts = urlsplit(url)
        site = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2].lower(), "/robots.txt", "", ""))
        until, rules = self._known.get(site, (0.0, NOTHING_ALLOWED))
        if self.clock() >= until:
            if len(self._known) >= MOST_SITES:
                self._known.clear()
            rules = await self._fetched(site)
            kept_s = UNREACHABLE_KEPT_S if rules is NOTHING_ALLOWED else KEPT_S
            self._known[site] = (self.clock() + kept_s, rules)
        return rules

    async def check(self, url: str) -> None:
        """Raise OutboundError when the site allows no robot there; it is not permanent where it cannot be asked."""
        rules = await self.rules_for(url)
        if not rules.allows(target_of(url)):
            raise OutboundError(url, ROBOTS_WORDS, permanent=rules is not NOTHING_ALLOWED)

    async def _fetched(self, url: str) -> Robots:
        try:
            reply = await self.outbound.fetch("GET", url, TXT, headers={"accept": "text/plain, */*;q=0.1"})
        except OutboundError as error:
            return Robots() if error.permanent else NOTHING_ALLOWED
        if reply.status in _SUCCESS:
            return parse_robots(reply.body.decode("utf-8", "replace"), self.agent)
        return Robots() if reply.status in _UNAVAILABLE else NOTHING_ALLOWED


def target_of(url: str) -> str:
    """What robots.txt judges of an address: its path and query."""
    parts = urlsplit(url)
    return urlunsplit(("", "", parts.path or "/", parts.query, ""))
