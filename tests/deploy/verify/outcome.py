"""What came of the parts of the verification, and the table that shows it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


class NotRunError(Exception):
    """A check cannot be made here; the message says what is missing. Never told as passed."""


class WrongError(Exception):
    """A check found something wrong; the message says what."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name as a sentence, how it ended, what was seen."""

    name: str
    state: State
    words: str
    took_s: float


@dataclass(slots=True)
class Record:
    """The checks so far, printed as they end, and the figures that were seen."""

    checks: list[Check] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def check(self, name: str, work: Callable[[], str | None]) -> bool:
        """Make a check; whatever it raises is its failure. Tells whether it passed."""
        began = time.monotonic()
        try:
            state, words = State.PASSED, work() or ""
        except NotRunError as error:
            state, words = State.NOT_RUN, str(error)
        except Exception as error:  # noqa: BLE001 - a fault of a check is a failure of it, and the rest goes on
            state, words = State.FAILED, str(error) if isinstance(error, WrongError) else repr(error)
        made = Check(name, state, words, time.monotonic() - began)
        self.checks.append(made)
        mark = {State.PASSED: "ok  ", State.FAILED: "FAIL", State.NOT_RUN: "----"}[state]
        print(f"{mark} {made.took_s:6.1f} s  {name}{': ' if words else ''}{words[:1500]}", flush=True)
        return state is State.PASSED

    def skip(self, name: str, why: str) -> None:
        """Note a check that cannot be made."""

        def refuse() -> str:
            raise NotRunError(why)

        self.check(name, refuse)

    def last_line(self) -> str:
        """One flat JSON object with the counts and the figures."""
        counts = {state.value.replace(" ", "_"): 0 for state in State}
        for check in self.checks:
            counts[check.state.value.replace(" ", "_")] += 1
        return json.dumps({**counts, **self.figures})

    @property
    def failed(self) -> bool:
        """Tell whether anything is wrong; what was not run is not wrong, and not right either."""
        return any(check.state is State.FAILED for check in self.checks)


def expect(condition: object, words: str) -> None:
    """Raise WrongError with these words unless the condition holds."""
    if not condition:
        raise WrongError(words)
