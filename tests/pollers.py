"""A poller with the parts of a test around it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from service.entries import UrlRules
from service.poller import LEASE, Poller, PollLimits
from workers.outbound import Limits, Outbound
from workers.sandbox import Sandbox
from workers.stores import Stores

FETCH = Limits(connect_s=1, total_s=2, max_bytes=200_000, max_redirects=3)
RULES = UrlRules.of({"tracking_parameters": ["utm_*"]})


def a_poller(
    stores: Stores,
    outbound: Outbound,
    sandbox: Sandbox,
    *,
    clock: Callable[[], datetime],
    interval: timedelta = timedelta(minutes=15),
    at_once: int = 4,
    fetch: Limits = FETCH,
    lease: timedelta = LEASE,
    chance: Callable[[], float] = lambda: 0.0,
) -> Poller:
    """A poller of these stores; nothing is left to chance unless it is given."""
    return Poller(
        feeds=stores.feeds,
        claims=stores.feed_claims,
        articles=stores.articles,
        queues=stores.queues,
        outbound=outbound,
        sandbox=sandbox,
        url_rules=RULES,
        limits=PollLimits(interval, at_once, fetch, lease),
        clock=clock,
        chance=chance,
        has_room=lambda: True,
        on_trouble=lambda _error: None,
    )
