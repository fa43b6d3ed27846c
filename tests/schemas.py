"""Hold a value against a JSON Schema, as far as ours go: a keyword that is not known here is an error of the test."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: value is None,
}
_OF_KIND = {
    "required": "object", "properties": "object", "items": "array", "minItems": "array", "pattern": "string",
    "minimum": "number", "maximum": "number",
}  # fmt: skip
_SAID_ELSEWHERE = {"$defs", "title", "description", "format"}  # the formats have a pattern beside them


def misfit(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any] | None = None, at: str = "$") -> str | None:
    """Say where the value does not fit, None when it does."""
    root = root or schema
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    for keyword, asked in schema.items():
        asks = keyword not in _SAID_ELSEWHERE and (keyword not in _OF_KIND or _TYPES[_OF_KIND[keyword]](value))
        if asks and (why := _KEYWORDS[keyword](asked, value, root, at)):
            return why
    return None


def _of_type(asked: Any, value: Any, _root: Any, at: str) -> str | None:
    return None if _TYPES[asked](value) else f"{at} is no {asked}"


def _any_of(asked: Any, value: Any, root: Any, at: str) -> str | None:
    return None if any(misfit(one, value, root, at) is None for one in asked) else f"{at} is none of what it may be"


def _required(asked: Any, value: Any, _root: Any, at: str) -> str | None:
    absent = set(asked) - set(value)
    return f"{at} has no {sorted(absent)}" if absent else None


def _properties(asked: Any, value: Any, root: Any, at: str) -> str | None:
    found = (misfit(asked[name], part, root, f"{at}.{name}") for name, part in value.items() if name in asked)
    return next(filter(None, found), None)


def _items(asked: Any, value: Any, root: Any, at: str) -> str | None:
    return next(filter(None, (misfit(asked, part, root, f"{at}[]") for part in value)), None)


def _is(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Any, str], str | None]:
    return lambda asked, value, _root, at: None if holds(asked, value) else f"{at} is not as {asked} asks"


_KEYWORDS: Mapping[str, Callable[[Any, Any, Any, str], str | None]] = {
    "type": _of_type,
    "anyOf": _any_of,
    "required": _required,
    "properties": _properties,
    "items": _items,
    "const": _is(lambda asked, value: bool(asked == value)),
    "enum": _is(lambda asked, value: value in asked),
    "pattern": _is(lambda asked, value: re.search(asked, value) is not None),
    "minimum": _is(lambda asked, value: bool(value >= asked)),
    "maximum": _is(lambda asked, value: bool(value <= asked)),
    "minItems": _is(lambda asked, value: len(value) >= asked),
}
