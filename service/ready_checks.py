"""The checks behind /readyz, each named for what it looks at."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from service.readiness import Check
from service.supervisor import Supervisor
from workers.storage.client import Client


def store_check(client: Client) -> Check:
    """The store answers."""
    client.ping()
    return Check(ok=True, why="answers")


def durability_check(client: Client) -> Check:
    """The store keeps what it acknowledges; only a warning, since a managed store may not tell."""
    found = {**client.config_get("appendonly"), **client.config_get("appendfsync")}
    ok = found.get("appendonly") == "yes" and found.get("appendfsync") == "always"
    why = ", ".join(f"{name} {value}" for name, value in sorted(found.items())) or "the store does not tell"
    return Check(ok=ok, why=why, warning=True)


def eviction_check(client: Client) -> Check:
    """The store throws nothing away when its memory is full."""
    policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "unknown")
    return Check(ok=policy == "noeviction", why=f"maxmemory-policy {policy}", warning=True)


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
