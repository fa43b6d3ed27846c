"""Set up the log: plain words with colours for people on a terminal, JSON lines for programs.

Every line of the process goes one way, those of libraries too (rq, uvicorn, httpx, warnings). Nothing from outside may
steer the terminal, no line grows without limit, no secret is written. Tracebacks stand in `error` lines only.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor

from config.masking import mask_values, without_controls

LONGEST_VALUE: Final = 500  # characters; headlines have under 200, quotes under 400
LONGEST_TRACEBACK: Final = 20_000
MOST_PARTS: Final = 50  # of a list or mapping that is one value
_DEEPEST = 4
_LOUD_LIBRARIES = ("rq", "httpx", "httpcore", "uvicorn", "asyncio", "trafilatura", "htmldate")
_RESET, _DIM, _BOLD = "\x1b[0m", "\x1b[2m", "\x1b[1m"
_COLOURS = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}


def set_up_logging(level: str, style: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Set up logging for the process; calling it again replaces what was set up.

    `level` is debug, info, warning or error. `style` is `text`, `json`, or `auto`: text on a terminal. None of the
    `secrets` (of 6 characters or more) ever reaches the log. `stream` is standard error unless given; text on a
    terminal is coloured.
    """
    out = sys.stderr if stream is None else stream
    as_text = style == "text" or (style == "auto" and out.isatty())
    stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S" if as_text else "iso", utc=not as_text, key="time")
    render: Processor = TextRenderer(colours=out.isatty()) if as_text else _render_json
    shared: list[Processor] = [structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, stamp]
    finish: list[Processor] = [
        _keep_tracebacks_of_errors,
        structlog.processors.format_exc_info,
        Cleaner(secrets),
        render,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish]
        )
    )
    _route_standard_library(handler, level.upper())


class Cleaner:
    """Replace control characters, cut long values, mask secrets: in every value and key of an event, nested or not."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        """Clean an event; its traceback keeps its lines."""
        exception = event.get("exception")
        rest = {name: value for name, value in event.items() if name != "exception"}
        clean: EventDict = {self._text(str(name)): self._clean(value, 0) for name, value in rest.items()}
        if isinstance(exception, str):
            # The end of a traceback tells what happened.
            masked = without_controls(mask_values(exception, self._secrets), keep="\n\t")
            clean["exception"] = masked[-LONGEST_TRACEBACK:]
        return clean

    def _clean(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {self._text(str(name)): self._clean(value[name], depth + 1) for name in list(value)[:MOST_PARTS]}
        if depth < _DEEPEST and isinstance(value, (list, tuple, set, frozenset)):
            return [self._clean(part, depth + 1) for part in list(value)[:MOST_PARTS]]
        return self._text(str(value))

    def _text(self, text: str) -> str:
        # Masked before it is cut, so that no half of a secret is left at the end.
        clean = without_controls(mask_values(text, self._secrets))
        return clean if len(clean) <= LONGEST_VALUE else clean[:LONGEST_VALUE] + "…"


class TextRenderer:
    """Say an event in words: `article_ended` is "article ended", followed by its keys; info is not named."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> str:
        """Write one line, and the traceback below it if there is one."""
        rest = dict(event)
        time, level = str(rest.pop("time", "")), str(rest.pop("level", "info"))
        words, exception = str(rest.pop("event", "")).replace("_", " "), rest.pop("exception", None)
        colour = _COLOURS.get(level, "")
        parts = [self._in(_DIM, time), "" if level == "info" else self._in(colour, level + ":")]
        parts.append(self._in(_BOLD + colour, words))
        parts += [self._in(_DIM, f"{name}=") + _shown(value) for name, value in rest.items()]
        line = " ".join(part for part in parts if part)
        return f"{line}\n{exception}" if exception else line

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colours and colour and text else text


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) and (" " in text or not text) else text


def _render_json(_logger: Any, _method: str, event: EventDict) -> str:
    first = {name: event[name] for name in ("time", "level", "event") if name in event}
    return json.dumps({**first, **event}, ensure_ascii=False)


def _keep_tracebacks_of_errors(_logger: Any, method: str, event: EventDict) -> EventDict:
    if event.get("level", method) not in {"error", "critical"}:
        event.pop("exc_info", None)
    event.pop("stack_info", None)
    return event


def _route_standard_library(handler: logging.Handler, level: str) -> None:
    """Send the lines of all libraries to our handler; the loud ones from `warning` on, unless we debug."""
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    children = [name for name in logging.Logger.manager.loggerDict if name.partition(".")[0] in _LOUD_LIBRARIES]
    for name in (*_LOUD_LIBRARIES, *children):  # RQ gives its own a level as it works
        logging.getLogger(name).setLevel(logging.INFO if level == "DEBUG" else max(logging.WARNING, root.level))
