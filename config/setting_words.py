"""Say in words what a setting may hold, and what is wrong with what it holds."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, get_args

from annotated_types import Ge, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.masking import without_controls
from config.setting_kinds import Allowed, Unit, render, render_size

_LONGEST_SHOWN = 80


def is_secret(field: FieldInfo) -> bool:
    """Tell whether the setting holds a secret, alone or in a list."""
    return SecretStr in _types(field.annotation)


def is_size(field: FieldInfo) -> bool:
    """Tell whether the setting is a number of bytes."""
    return any(isinstance(part, Allowed) and part.words.startswith("a size") for part in field.metadata)


def allowed_words(field: FieldInfo) -> str:
    """Say what the setting may hold: "a whole number, 1 to 64"."""
    words = _noted_words(field.annotation, field.metadata) or _words_of_type(field)
    return words + _range_words(field)


def render_setting(field: FieldInfo, value: object) -> str:
    """Write a value of the setting as its variable would hold it; sizes in the largest unit that divides them."""
    return render_size(value) if is_size(field) and isinstance(value, int) else render(value)


def shown(text: str) -> str:
    """Quote a value for a message: control characters out, cut at 80 characters."""
    clean = without_controls(text)
    return repr(clean if len(clean) <= _LONGEST_SHOWN else clean[:_LONGEST_SHOWN] + "…")


def problem(variable: str, field: FieldInfo, text: str, why: str) -> str:
    """Say what is wrong with one variable: its name, its value unless that is secret, and what is allowed.

    `why` is the end of a sentence ("has no unit").
    """
    value = "its value (hidden)" if is_secret(field) else shown(text)
    return f"{variable}: {value} {why}; allowed is {allowed_words(field)}"


def _types(annotation: Any) -> set[Any]:
    return {annotation}.union(*(_types(part) for part in get_args(annotation)))


def _noted_words(annotation: Any, metadata: list[Any]) -> str | None:
    for part in metadata:
        if isinstance(part, Allowed):
            return part.words
    for inner in get_args(annotation):
        words = _noted_words(inner, list(getattr(inner, "__metadata__", ())))
        if words:
            return words
    return None


def _words_of_type(field: FieldInfo) -> str:
    if isinstance(field.annotation, type) and issubclass(field.annotation, StrEnum):
        return " or ".join(f"`{member}`" for member in field.annotation)
    if field.annotation is bool:
        return "`true` or `false`"
    if field.annotation is int:
        units = [part.name for part in field.metadata if isinstance(part, Unit)]
        return "a whole number" + "".join(f" of {unit}" for unit in units)
    return "a number" if field.annotation is float else "text"


def _range_words(field: FieldInfo) -> str:
    least = next((part.ge for part in field.metadata if isinstance(part, Ge)), None)
    most = next((part.le for part in field.metadata if isinstance(part, Le)), None)
    low, high = render_setting(field, least), render_setting(field, most)
    if least is not None and most is not None:
        return f", {low} to {high}"
    return f", at least {low}" if least is not None else ""
