"""Run programs, with their whole output at hand when they fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.verify.outcome import NotRunError, WrongError

ROOT = Path(__file__).parents[3]
LONGEST_S = 900


@dataclass(frozen=True, slots=True)
class Done:
    """A program that ended: its exit code, and its output with its errors."""

    code: int
    said: str


def run(
    words: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path = ROOT, limit_s: float = LONGEST_S
) -> Done:
    """Run a program to its end, whatever it returns."""
    whole = {**os.environ, **(env or {})}
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=whole, check=False, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=limit_s,
    )  # fmt: skip
    return Done(done.returncode, done.stdout.strip())


def must(
    words: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path = ROOT, limit_s: float = LONGEST_S
) -> str:
    """Run a program that must succeed; returns what it said. Raises WrongError with the end of it."""
    done = run(words, env=env, cwd=cwd, limit_s=limit_s)
    if done.code:
        raise WrongError(f"{' '.join(str(word) for word in words[:6])} … ended with {done.code}: {done.said[-1200:]}")
    return done.said


def needed(*programs: str) -> None:
    """Raise NotRunError when one of the programs is not on this machine."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise NotRunError(f"needs {', '.join(missing)}")


def wait_for(condition: Callable[[], object], what: str, deadline_s: float = 90.0, look_s: float = 0.3) -> None:
    """Return as soon as the condition holds; WrongError when it does not in time."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise WrongError(f"did not come true within {deadline_s:g} s: {what}")
        time.sleep(look_s)
