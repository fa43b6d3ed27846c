"""Logging: plain words with colours on a terminal, otherwise JSON lines; the standard library's logs ride along."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

LONGEST_VALUE = 500
# Control characters and the marks that turn the direction of text: nothing from outside may steer a terminal.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LOUD_LIBRARIES = ("rq", "httpx", "httpcore", "uvicorn", "asyncio", "trafilatura", "htmldate")


def set_up_logging(level: str, style: str, secrets: Sequence[str] = (), stream: TextIO = sys.stderr) -> None:
    """Set up logging for the process. `style` is `text`, `json`, or `auto`: text on a terminal.

    None of the `secrets` ever reaches the log.
    """
    as_text = style == "text" or (style == "auto" and stream.isatty())
    last: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=24)
        if as_text
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    finish: list[Processor] = [] if as_text else [structlog.processors.format_exc_info]
    finish += [Cleaner(secrets), *([_in_words] if as_text else []), last]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _LOUD_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


class Cleaner:
    """Strips control characters, cuts long values, and masks secrets."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        """Clean every value of an event."""
        return {key: self._clean(key, value) for key, value in event.items()}

    def _clean(self, key: str, value: Any) -> Any:
        if isinstance(value, (bool, int, float)) or value is None or key == "exc_info":
            return value
        if isinstance(value, (list, tuple)):
            return [self._clean(key, part) for part in value]
        if isinstance(value, dict):
            return {name: self._clean(name, part) for name, part in value.items()}
        text = _CONTROLS.sub(" ", str(value))
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text if len(text) <= LONGEST_VALUE or key == "exception" else text[:LONGEST_VALUE] + "…"


def _in_words(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Say an event in words: `article_ended` is "article ended"."""
    return {**event, "event": str(event.get("event", "")).replace("_", " ")}
