"""Wire the service's parts from the settings. Only the runtime files see Settings."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import redis

from config.settings import Seed, Settings
from service.board import Reads
from service.delivery_checks import delivery_checks
from service.disk_room import room_check
from service.entries import UrlRules
from service.feeds import load_feeds
from service.herald import Herald
from service.janitor import Janitor
from service.metrics import Metrics
from service.poller import Poller, PollLimits
from service.readiness import Check
from service.ready_checks import checks_of, clock_check, leases_check, model_check, settings_check
from service.supervisor import ChildSpec, Supervisor
from service.timers import Timers
from service.unowned import adopt_renamed, unowned_history
from service.web import WebParts, make_app
from service.web_server import WebServer
from workers.assets import bundled_text, toml_of
from workers.delivery.announcing import Announcer
from workers.domain.article import Feed
from workers.life import NOTIFY_SOCKET
from workers.outbound import Limits, Outbound
from workers.provisions import load_catalogue
from workers.queues import ALERTS, ARTICLES
from workers.relief import ANYBODY, mark_of, relieve
from workers.runtime import endpoints_of, now, policy_of, world_of
from workers.sandbox import Sandbox
from workers.seeding import parse_seeds, sow
from workers.storage.connection import note_seeded
from workers.storage.renames import Renames
from workers.stores import Stores
from workers.trouble import Trouble

MAX_REDIRECTS = 5
WORKER = "workers"
PARSERS = 2
# The address of the store is handed over whole; signs of life are given by who keeps the workers.
_NOT_FOR_WORKERS = frozenset({"TRUCEWATCH_REDIS_URL_FILE", "TRUCEWATCH_ALIVE_FILE", NOTIFY_SOCKET})
FIRST_SPACING = timedelta(seconds=0.5)
PARSER_BYTES = 1_000_000_000


def seed_store(settings: Settings, stores: Stores) -> None:
    """Start an empty store from the seeds, or note that it was asked not to be."""
    if stores.birth.seeded:
        return
    if settings.seed is Seed.FALSE:
        note_seeded(stores.client)
        return
    world = world_of(settings, stores)
    data = toml_of(bundled_text("seeds", "positions.toml"), "seeds/positions.toml")
    seeds = parse_seeds(data, bundled_text("seeds", data["article"]), world.catalogue)
    live = settings.seed is Seed.LIVE
    sow(seeds, (stores.client, stores.articles, stores.commits), world, live=live, now=now())


def settle_history(settings: Settings, stores: Stores) -> list[str]:
    """Give renamed actors their history; returns what was moved, and the history that the catalogue does not own."""
    catalogue = load_catalogue(settings.catalogue, settings.conflicts)
    moved = adopt_renamed(Renames(stores.client), catalogue, policy_of(settings))
    return [*moved, *unowned_history(stores.ledger, catalogue)]


def register_feeds(settings: Settings, stores: Stores) -> Sequence[Feed]:
    """Make the listed feeds the polled ones."""
    feeds = load_feeds(settings.feeds)
    # A few feeds are first polled within a minute; thousands over their whole interval.
    window = min(timedelta(seconds=settings.poll_interval_s), FIRST_SPACING * (len(feeds) - 1))
    return stores.feeds.register(feeds, now(), window)


def poller_of(settings: Settings, stores: Stores, outbound: Outbound, trouble: Trouble) -> Poller:
    """The poller of this process."""
    disk = Trouble("disk_nearly_full", "disk_has_room_again", level="error")
    folder = settings.data_dir if settings.redis_url is None else None
    return Poller(
        feeds=stores.feeds,
        claims=stores.feed_claims,
        articles=stores.articles,
        queues=stores.queues,
        outbound=outbound,
        sandbox=Sandbox(PARSERS, PARSER_BYTES),
        url_rules=UrlRules.of(toml_of(bundled_text("config", "urls.toml"), "config/urls.toml")),
        limits=PollLimits(
            interval=timedelta(seconds=settings.poll_interval_s),
            at_once=settings.fetches_at_once,
            fetch=Limits(5.0, settings.fetch_timeout_s, settings.fetch_max_bytes, MAX_REDIRECTS),
        ),
        clock=now,
        chance=lambda: random.uniform(-1, 1),
        has_room=room_check(lambda: _free_bytes(folder), settings.min_free_bytes, disk),
        on_trouble=trouble.note,
    )


def timers_of(settings: Settings, stores: Stores, trouble: Trouble) -> Timers:
    """The timers of this process; one process at a time has their lease."""
    endpoints = endpoints_of(settings, load_catalogue(settings.catalogue, settings.conflicts))
    return Timers(
        articles=stores.articles,
        presence=stores.presence,
        outbox=stores.outbox,
        queues=stores.queues,
        leases=stores.leases,
        token=secrets.token_hex(8),
        clock=now,
        on_trouble=trouble.note,
        janitor=Janitor(stores.ledger, stores.expiry, policy_of(settings), settings.retention, now),
        herald=Herald(stores, Announcer(endpoints, stores.birth.epoch, now), now),
    )


def web_server_of(settings: Settings, stores: Stores, supervisor: Supervisor | None) -> WebServer:
    """The web pages of this process."""
    catalogue = load_catalogue(settings.catalogue, settings.conflicts)
    disk = (settings.data_dir, settings.min_free_bytes) if settings.redis_url is None else None
    endpoints = tuple(endpoint.name for endpoint in endpoints_of(settings, catalogue))
    free_bytes = partial(_free_bytes, settings.data_dir) if settings.redis_url is None else None
    parts = WebParts(
        reads=Reads(catalogue, stores.ledger, stores.feeds, stores.articles, stores.outbox, stores.silences),
        policy=policy_of(settings),
        clock=now,
        token=settings.web_token.get_secret_value() if settings.web_token else None,
        hosts=[urlsplit(settings.web_base_url).hostname or ""],
        checks={
            **checks_of(stores.client, disk, supervisor),
            **delivery_checks(stores.outbox, stores.silences, endpoints, now),
            **_more_checks(settings, stores),
        },
        metrics=Metrics(stores, endpoints, now, free_bytes).gather,
    )
    return WebServer(make_app(parts), settings.web_host, settings.web_port)


def _more_checks(settings: Settings, stores: Stores) -> dict[str, Callable[[], Check]]:
    """The checks of what the settings name, and of how processes and their clocks agree."""
    return {
        "clock": lambda: clock_check(stores.vitals, stores.birth.born_at, now),
        "leases": lambda: leases_check(stores.vitals),
        "model": lambda: model_check(settings.spacy_model),
        "settings": lambda: settings_check(settings.warnings),
    }


def worker_specs(settings: Settings, url: str, module: str = WORKER) -> list[ChildSpec]:
    """The worker processes to keep running; each gets the settings by its environment. `module` is what they run."""
    env = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_WORKERS}
    env["TRUCEWATCH_REDIS_URL"] = url
    counts = {ARTICLES: settings.article_workers, ALERTS: settings.alert_workers}
    return [
        ChildSpec(f"{queue}-{number}", (sys.executable, "-m", module, queue), env)
        for queue, count in counts.items()
        for number in range(1, count + 1)
    ]


def release_all_work(stores: Stores) -> None:
    """Hand on what any worker had in hand. Only for the owner of the store, whose workers have died with it."""
    relieve(stores, ANYBODY, now())
    stores.leases.free("timers")


def release_work_of(stores: Stores, pid: int) -> None:
    """Hand what a dead worker had in hand to another one at once."""
    try:
        relieve(stores, mark_of(pid), now())
    except redis.RedisError:
        return  # the timers find it when the worker's sign of life has run out


def _free_bytes(folder: object) -> int:
    """Free bytes of the store's disk; endless when the store is not ours to watch."""
    return shutil.disk_usage(str(folder)).free if folder is not None else sys.maxsize
