"""How values are written in the store: JSON objects with a format number `v`, read back into the domain's types."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")
FORMAT = 1


class RecordError(Exception):
    """A stored value cannot be read: it is damaged, or of a `newer` format. `text` is its beginning."""

    def __init__(self, kind: str, text: str, why: str, *, newer: bool = False) -> None:
        super().__init__(f"stored {kind} cannot be read: {why}")
        self.text = text[:200]
        self.newer = newer


class Records(Generic[T]):
    """Writes and reads one of the domain's dataclasses."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind.__name__
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)

    def dump(self, value: T) -> str:
        """The value as compact JSON; the same value always gives the same text."""
        fields: dict[str, Any] = self._adapter.dump_python(value, mode="json")
        return json.dumps({"v": FORMAT, **fields}, ensure_ascii=False, separators=(",", ":"))

    def load(self, text: str) -> T:
        """Read a value back; raises RecordError when the text is not one of ours."""
        try:
            fields = json.loads(text)
            version = fields.pop("v")
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
            raise RecordError(self._kind, text, "not a JSON object with `v`") from error
        if not isinstance(version, int):
            raise RecordError(self._kind, text, "`v` is not a number")
        if version > FORMAT:
            raise RecordError(self._kind, text, f"format {version} is newer than {FORMAT}", newer=True)
        try:
            return self._adapter.validate_python(fields, strict=False)
        except ValidationError as error:
            raise RecordError(self._kind, text, str(error)) from error


@cache
def records_of(kind: type[T]) -> Records[T]:
    """The one reader and writer of a type; built at its first use, since building takes milliseconds."""
    return Records(kind)
