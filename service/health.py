"""Say whether the service on this machine is well; what `trucewatch health` and container probes do.

Standard library only: a probe runs every few seconds for years, and must not cost more than what it watches.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ASK_S = 10.0
READY = 200
STALE_S = 30.0  # a process that works touches its file every two seconds
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a server that listens everywhere is asked on loopback


@dataclass(frozen=True, slots=True)
class Answer:
    """How it is. `words` is the verdict, and a line for each check that is not well."""

    ready: bool
    words: str


def judge_sign(path: Path, *, alive_only: bool) -> Answer:
    """Look at the file that a process touches while it works, and ask its pages, if it has some, whether all is well.

    With `alive_only` the pages, and so the store behind them, are not asked.
    """
    try:
        age_s = time.time() - path.stat().st_mtime
        sign = json.loads(path.read_text(encoding="utf-8"))
        role, web = str(sign["role"]), sign["web"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Answer(ready=False, words=f"no sign of life in {path}: {error}")
    if age_s > STALE_S:
        return Answer(ready=False, words=f"`trucewatch {role}` gave its last sign of life {age_s:.0f} s ago")
    if alive_only or not web:
        return Answer(ready=True, words=f"`trucewatch {role}` is alive")
    parts = urlsplit(str(web))
    return ask_health(parts.hostname or "", parts.port or 0)


def ask_health(host: str, port: int) -> Answer:
    """Ask /readyz of the service on this machine."""
    connection = HTTPConnection(_ANY.get(host, host), port, timeout=ASK_S)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        checks: dict[str, Any] = json.loads(response.read(100_000))["checks"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        return Answer(ready=False, words=f"no answer from http://{host}:{port}/readyz: {error}")
    finally:
        connection.close()
    ready = response.status == READY
    lines = [f"{check['state']}: {name}: {check['why']}" for name, check in checks.items() if check["state"] != "ok"]
    return Answer(ready, "\n".join(["ready" if ready else "not ready", *lines]))
