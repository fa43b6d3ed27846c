"""The log: readable for people, parseable for programs, harmless whatever an article or a page says."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from config.log import LONGEST_TRACEBACK, LONGEST_VALUE, set_up_logging


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def json_log(level: str = "info", secrets: tuple[str, ...] = ()) -> io.StringIO:
    stream = io.StringIO()
    set_up_logging(level, "json", secrets, stream)
    return stream


def test_a_program_gets_one_json_object_a_line() -> None:
    stream = json_log()
    structlog.get_logger("x").info("article_ended", statements=3, title="Привет")
    (line,) = lines_of(stream)
    assert list(line)[:3] == ["time", "level", "event"]
    assert line["time"].endswith("Z")
    assert (line["level"], line["event"], line["statements"], line["title"]) == ("info", "article_ended", 3, "Привет")


def test_a_person_gets_words_in_colour() -> None:
    stream = Terminal()
    set_up_logging("info", "auto", (), stream)
    structlog.get_logger("x").warning("feed_fetch_failed", publisher="The Paper", failures=2)
    assert "feed fetch failed" in stream.getvalue()
    assert '="The Paper"' not in stream.getvalue()  # the name is dimmed, so a colour ends between
    assert '"The Paper"' in stream.getvalue()
    assert "\x1b[33m" in stream.getvalue()


def test_text_that_is_no_terminal_has_no_colours() -> None:
    stream = io.StringIO()
    set_up_logging("info", "text", (), stream)
    structlog.get_logger("x").info("article_ended", outcome="read")
    assert stream.getvalue().endswith(" article ended outcome=read\n")
    assert "\x1b" not in stream.getvalue()


def test_auto_is_json_where_nobody_watches() -> None:
    stream = io.StringIO()
    set_up_logging("info", "auto", (), stream)
    structlog.get_logger("x").info("article_ended")
    assert lines_of(stream)[0]["event"] == "article_ended"


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x9b31m", "\r", "\n", "\u202e", "\u2028", "\x07", "\ud800"])
def test_nothing_from_outside_steers_the_terminal(style: str, hostile: str) -> None:
    stream = io.StringIO()
    set_up_logging("info", style, (), stream)
    structlog.get_logger("x").info("article_ended", title=f"a{hostile}b", parts={f"k{hostile}": [f"c{hostile}d"]})
    written = stream.getvalue()
    assert hostile not in written.removesuffix("\n")
    assert len(written.splitlines()) == 1
    written.encode()


def test_long_values_are_cut() -> None:
    stream = json_log()
    structlog.get_logger("x").info("article_ended", text="x" * 100_000, many=["y" * 10_000] * 10_000)
    (line,) = lines_of(stream)
    assert len(line["text"]) == LONGEST_VALUE + 1
    assert len(stream.getvalue()) < 60 * LONGEST_VALUE


def test_secrets_are_masked_wherever_they_stand() -> None:
    secret = "hunter2hunter2"
    stream = json_log(secrets=(secret, ""))
    try:
        raise RuntimeError(f"cannot reach {secret}")  # noqa: TRY301
    except RuntimeError:
        structlog.get_logger("x").exception("sending_failed", url=f"https://h/{secret}", deep=[{"why": secret}])
    logging.getLogger("lib").error("said %s", secret)
    structlog.get_logger("x").info("cut", text="x" * (LONGEST_VALUE - 4) + secret)
    assert "hunter" not in stream.getvalue()
    assert "RuntimeError" in stream.getvalue()


def test_a_traceback_stands_in_error_lines_only() -> None:
    stream = json_log()
    logger = structlog.get_logger("x")
    try:
        raise ValueError("broken")  # noqa: TRY301
    except ValueError:
        logger.warning("feed_fetch_failed", exc_info=True)
        logger.exception("job_failed")
    warned, failed = lines_of(stream)
    assert "exception" not in warned
    assert "Traceback" in failed["exception"]
    assert "ValueError: broken" in failed["exception"]


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_traceback_shows_no_variables_and_has_a_limit(style: str) -> None:
    stream = io.StringIO()
    set_up_logging("info", style, (), stream)
    private_note = "kept to ourselves"
    try:
        raise ValueError("\x1b[2J" + "z" * 100_000 + str(len(private_note)))  # noqa: TRY301
    except ValueError:
        structlog.get_logger("x").exception("job_failed")
    assert private_note not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    assert len(stream.getvalue()) < LONGEST_TRACEBACK + 1_000


def test_the_lines_of_libraries_go_the_same_way() -> None:
    stream = json_log()
    logging.getLogger("some.library").warning("it is %s\x1b[1m", "late")
    logging.getLogger("rq.worker").info("chatter")
    logging.getLogger("httpx").info("chatter")
    (line,) = lines_of(stream)
    assert (line["level"], line["event"]) == ("warning", "it is late [1m")


def test_the_level_holds_for_us_and_for_libraries() -> None:
    stream = json_log("error")
    structlog.get_logger("x").warning("not_shown")
    logging.getLogger("rq").warning("not shown")
    logging.getLogger("some.library").error("shown")
    assert [line["event"] for line in lines_of(stream)] == ["shown"]


def test_what_was_bound_at_the_edge_rides_along() -> None:
    stream = json_log()
    with structlog.contextvars.bound_contextvars(article_id="a1"):
        structlog.get_logger("x").info("article_ended")
    assert lines_of(stream)[0]["article_id"] == "a1"
