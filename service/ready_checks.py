"""The checks behind /readyz, each named for what it looks at."""

from __future__ import annotations

import importlib.util
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import redis

from service.readiness import Check
from service.supervisor import Supervisor
from workers.storage.client import Client
from workers.storage.probe import try_to_write
from workers.storage.vitals import Vitals

CLOCKS_APART_S = 5.0
CLOCKS_WRONG_S = 240.0  # receivers allow five minutes (Standard Webhooks), of which sending takes some
SLOW_S = 1.0  # a store on a healthy disk answers in milliseconds


def store_check(client: Client, clock: Callable[[], float] = time.monotonic) -> Check:
    """The store answers; a slow one is warned about."""
    began = clock()
    client.ping()
    took_s = clock() - began
    if took_s > SLOW_S:
        return Check(ok=False, why=f"slow: it answers after {took_s:.1f} s", only_warns=True)
    return Check(ok=True, why="answers")


def writes_check(client: Client) -> Check:
    """The store takes writes: it is not read-only, its memory and its disk have room, it has the replicas it needs."""
    try_to_write(client)
    return Check(ok=True, why="taken")


def durability_check(client: Client) -> Check:
    """The store keeps what it acknowledges; only a warning, since a managed store may not tell."""
    found = {**_told(client, "appendonly"), **_told(client, "appendfsync")}
    if not found:
        return Check(ok=False, why="the store does not tell whether it keeps what it acknowledged", only_warns=True)
    how = ", ".join(f"{name} {value}" for name, value in sorted(found.items()))
    if found.get("appendonly") == "yes" and found.get("appendfsync") == "always":
        return Check(ok=True, why=how, only_warns=True)
    risk = "a crash of the store may lose what it acknowledged; set appendonly yes and appendfsync always"
    return Check(ok=False, why=f"{how}: {risk}", only_warns=True)


def eviction_check(client: Client) -> Check:
    """The store throws nothing away when its memory is full; only a warning, as above."""
    policy = _told(client, "maxmemory-policy").get("maxmemory-policy")
    if policy is None:
        return Check(ok=False, why="the store does not tell what it does when its memory is full", only_warns=True)
    if policy == "noeviction":
        return Check(ok=True, why=f"maxmemory-policy {policy}", only_warns=True)
    risk = "a full store throws away what it acknowledged; set maxmemory-policy noeviction"
    return Check(ok=False, why=f"maxmemory-policy {policy}: {risk}", only_warns=True)


def clock_check(vitals: Vitals, born_at: datetime, clock: Callable[[], datetime]) -> Check:
    """The clocks of this machine and of the store's agree, and neither stands before the store's birth.

    Receivers refuse what was signed more than five minutes before or after their own time.
    """
    here, there = clock(), vitals.clock()
    apart_s = abs((here - there).total_seconds())
    if apart_s > CLOCKS_APART_S:
        why = f"this machine's clock and the store's are {apart_s:.0f} s apart ({here:%Y-%m-%d %H:%M:%S} here)"
        return Check(ok=False, why=f"{why}: set them by NTP", only_warns=apart_s <= CLOCKS_WRONG_S)
    if here < born_at - timedelta(seconds=CLOCKS_WRONG_S):
        return Check(
            ok=False, why=f"it is {here:%Y-%m-%d %H:%M} by this clock, and the store was made {born_at:%Y-%m-%d}"
        )
    return Check(ok=True, why=f"{apart_s:.1f} s apart")


def leases_check(vitals: Vitals) -> Check:
    """Some process has the lease of the timers: without one, nothing is polled, swept or sent again."""
    if vitals.is_held("timers"):
        return Check(ok=True, why="a process has the timers", only_warns=True)
    return Check(ok=False, why="no process has the timers: is `trucewatch poll` running?", only_warns=True)


def model_check(package: str) -> Check:
    """The language model is installed."""
    if importlib.util.find_spec(package.partition(".")[0]) is None:
        return Check(ok=False, why=f"{package} is not installed")
    return Check(ok=True, why=package)


def settings_check(warnings: Sequence[str]) -> Check:
    """The settings are right, or the process would not have started; what is unwise about them is a warning."""
    return Check(ok=not warnings, why="; ".join(warnings) or "right", only_warns=True)


def unwise_of(client: Client) -> list[str]:
    """What a person should change about a store that answers; nothing when it keeps what it acknowledges.

    Raises redis.RedisError when it does not answer.
    """
    return [check.why for check in (durability_check(client), eviction_check(client)) if not check.ok]


def disk_check(folder: Path, least: int) -> Check:
    """The disk has room for what polls bring."""
    free = shutil.disk_usage(folder).free
    return Check(ok=free >= least, why=f"{free} bytes free, {least} needed")


def workers_check(supervisor: Supervisor) -> Check:
    """Every worker process runs."""
    missing = [child.spec.name for child in supervisor.children if child.pid is None]
    return Check(ok=not missing, why=f"not running: {', '.join(missing)}" if missing else "all running")


def checks_of(
    client: Client, disk: tuple[Path, int] | None, supervisor: Supervisor | None
) -> dict[str, Callable[[], Check]]:
    """The checks that apply to this process. `disk` is the bundled store's folder and least free bytes, or None."""
    checks: dict[str, Callable[[], Check]] = {
        "store": lambda: store_check(client),
        "writes": lambda: writes_check(client),
        "durability": lambda: durability_check(client),
        "eviction": lambda: eviction_check(client),
    }
    if disk is not None:
        folder, least = disk
        checks["disk"] = lambda: disk_check(folder, least)
    if supervisor is not None:
        checks["workers"] = lambda: workers_check(supervisor)
    return checks


def _told(client: Client, name: str) -> Mapping[str, str]:
    """What the store tells of a setting of its own; nothing when it does not let us ask."""
    try:
        told: Mapping[str, str] = client.config_get(name)
    except redis.ResponseError:
        return {}
    return told
