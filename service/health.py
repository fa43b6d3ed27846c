"""Ask the running service over HTTP whether it is ready; what `trucewatch health` and container probes do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

ASK_S = 10.0
READY = 200
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a server that listens everywhere is asked on loopback


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said. `words` is its verdict, and a line for each check that is not well."""

    ready: bool
    words: str


def ask_health(host: str, port: int) -> Answer:
    """Ask /readyz of the service on this machine."""
    connection = HTTPConnection(_ANY.get(host, host), port, timeout=ASK_S)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        checks = json.loads(response.read(100_000))["checks"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        return Answer(ready=False, words=f"no answer from http://{host}:{port}/readyz: {error}")
    finally:
        connection.close()
    ready = response.status == READY
    lines = [f"{check['state']}: {name}: {check['why']}" for name, check in checks.items() if check["state"] != "ok"]
    return Answer(ready, "\n".join(["ready" if ready else "not ready", *lines]))
