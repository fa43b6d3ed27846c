"""Read `--policy NAME=VALUE`: thresholds that a replay tries in place of the settings' own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from config.setting_kinds import parse_duration
from workers.domain.policy import Policy


class PolicyError(Exception):
    """Some assignments cannot be used; `problems` has one sentence for each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def with_policy(policy: Policy, assignments: Iterable[str]) -> Policy:
    """The policy with what is assigned (`least_confidence=0.7`, `alert_max_age=3d`). Raises PolicyError."""
    problems: list[str] = []
    for assignment in assignments:
        name, _, text = assignment.partition("=")
        try:
            value: Any = _value(policy, name.strip(), text)
            policy = replace(policy, **{name.strip(): value})
        except ValueError as error:
            problems.append(f"--policy {assignment}: {error}")
    if problems:
        raise PolicyError(problems)
    return policy


def _value(policy: Policy, name: str, text: str) -> float | timedelta:
    names = [field.name for field in fields(policy)]
    if name not in names:
        raise ValueError(f"unknown name; allowed are {', '.join(names)}")
    if isinstance(getattr(policy, name), timedelta):
        return _duration(text)
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError("allowed is a number from 0 to 1")
    return number


def _duration(text: str) -> timedelta:
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{error}; allowed is a duration such as 72h or 1d12h") from error
    if not isinstance(found, timedelta):
        raise TypeError("a duration is read from text")
    return found
