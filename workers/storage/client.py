"""The types under which the store's client is passed around."""

from __future__ import annotations

from typing import Any, TypeAlias

# redis-py types every answer as `bytes | str`, whatever `decode_responses` says, and leaves `watch` untyped. Text is
# what our clients answer (`connection.connect`), and what is read is validated by `records`.
Client: TypeAlias = Any
Pipe: TypeAlias = Any
