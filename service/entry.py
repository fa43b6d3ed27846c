"""The entry point: a probe is answered at once, for everything else the command line is loaded."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from service.health import judge_sign

EXIT_UNHEALTHY = 1
EXIT_WRONG_SETTINGS = 2
# Container engines start again at once what has ended, podman for ever; docker's pauses grow only for what lived for
# less than ten seconds. What a wrong setting ends would be started twice a second.
SETTINGS_PAUSE_S = 5.0
_MARKS_OF_CONTAINERS = (Path("/run/.containerenv"), Path("/.dockerenv"))
_ROLES = frozenset({"run", "poll", "work", "web"})


def main() -> None:
    """Run the command line; the entry point of the distribution."""
    words, alive_file = sys.argv[1:], os.environ.get("TRUCEWATCH_ALIVE_FILE", "").strip()
    if alive_file and is_probe(words):
        answer = judge_sign(Path(alive_file), alive_only="--alive" in words)
        sys.stdout.write(f"{answer.words}\n")
        sys.exit(0 if answer.ready else EXIT_UNHEALTHY)
    try:
        # By name, so that a probe does not load it: the command line takes a second of CPU.
        importlib.import_module("service.cli").main()
    except SystemExit as left:
        if left.code == EXIT_WRONG_SETTINGS and _ROLES & set(words[:1]) and is_container():
            time.sleep(SETTINGS_PAUSE_S)
        raise


def is_probe(words: Sequence[str]) -> bool:
    """Tell whether the words of the command line are those of a probe."""
    return list(words) in (["health"], ["health", "--alive"])


def is_container() -> bool:
    """Tell whether this runs in a container of podman or docker; Kubernetes pauses longer by itself."""
    return any(mark.exists() for mark in _MARKS_OF_CONTAINERS)
