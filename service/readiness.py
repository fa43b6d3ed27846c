"""Whether the service is ready: named checks, run in threads side by side, each with a limit of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import anyio
import anyio.to_thread
import redis

CHECK_S = 5.0  # an orchestrator's probe commonly waits no longer


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found. `ok` False makes the service unready, unless it can only warn; `why` is for people."""

    ok: bool
    why: str
    only_warns: bool = False

    @property
    def state(self) -> str:
        """Say in one word how it stands: ok, warning, failed."""
        return "ok" if self.ok else "warning" if self.only_warns else "failed"


@dataclass(frozen=True, slots=True)
class Readiness:
    """All checks by name, in the order in which they were given."""

    checks: Mapping[str, Check]

    @property
    def ok(self) -> bool:
        """Tell whether nothing but warnings failed."""
        return all(check.ok or check.only_warns for check in self.checks.values())


async def run_checks(
    checks: Mapping[str, Callable[[], Check]], limiter: anyio.CapacityLimiter, check_s: float = CHECK_S
) -> Readiness:
    """Run every check. One that gets no answer from the store or the system, or none in time, has failed."""
    found: dict[str, Check] = {}

    async def run_one(name: str, check: Callable[[], Check]) -> None:
        found[name] = Check(ok=False, why=f"no answer within {check_s:g} s")
        with anyio.move_on_after(check_s):
            found[name] = await anyio.to_thread.run_sync(_run, check, abandon_on_cancel=True, limiter=limiter)

    async with anyio.create_task_group() as group:
        for name, check in checks.items():
            group.start_soon(run_one, name, check)
    return Readiness({name: found[name] for name in checks})


def _run(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except (redis.RedisError, OSError) as error:
        return Check(ok=False, why=f"{type(error).__name__}: {error}")
