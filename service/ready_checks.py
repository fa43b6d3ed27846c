"""The checks behind /readyz, each named for what it looks at."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import redis

from service.readiness import Check
from service.supervisor import Supervisor
from workers.storage.client import Client


def store_check(client: Client) -> Check:
    """The store answers."""
    client.ping()
    return Check(ok=True, why="answers")


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
