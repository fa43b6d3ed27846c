"""Everything bad at once beside one good feed and one good endpoint: each costs only itself, and is named once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from tests.town import DEADLINE_S, SECRET, Town, running, until

MEGABYTE = b"<p>" + b"x" * 1_048_573
PAGE = b"<!doctype html><html><body>Please sign in</body></html>"
BAD_FEEDS = {
    "html": "an HTML page",
    "empty": "is empty",
    "garbage": "neither RSS",
    "missing": "answered 404",
    "huge": "larger than",
    "endless": "larger than",
    "hanging": "within 2 s",
}
GERMAN = (
    "Der russische Präsident Wladimir Putin hat die Waffenruhe in der Ukraine am Montag abgelehnt. Er sagte, die "
    "Regierung in Kiew habe sie nur verlangt, um neue Truppen an die Front zu bringen. A ceasefire in Ukraine."
)


class Neighbours:
    """A server of bad feeds, of a page that hangs, and of endpoints in every kind of trouble."""

    def __init__(self) -> None:
        self.over = Event()
        handler = type("Handler", (_Handler,), {"over": self.over})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers by the name that is asked for, until it is over."""

    over: Event

    def do_GET(self) -> None:
        with suppress(OSError):
            self._answer(self.path.strip("/"))
        self.close_connection = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.do_GET()

    def _answer(self, name: str) -> None:
        if name in {"hanging", "silent", "slow.html"}:
            self.over.wait(DEADLINE_S)
            return
        self.send_response({"missing": 404, "broken": 500, "gone": 410}.get(name, 200))
        self.send_header("content-type", "text/html" if name in {"html", "huge"} else "application/xml")
        self.end_headers()
        small = {"html": PAGE, "garbage": b"\x00\xff\xfe not a feed \x80", "odd": odd_feed(self.headers["host"])}
        self.wfile.write(small.get(name, b""))
        for _ in range({"huge": 50, "endless": 100_000, "flood": 2_000}.get(name, 0)):
            if self.over.is_set():
                return
            self.wfile.write(MEGABYTE)

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


def odd_feed(host: str) -> bytes:
    """A feed that says UTF-8 and is Latin-1, with an article in German and one whose page hangs."""
    date = format_datetime(datetime.now(UTC))
    items = (
        ("German", "https://news.invalid/german", GERMAN),
        ("Putin and the ceasefire in Ukraine", f"http://{host}/slow.html", "A ceasefire in Ukraine is talked about."),
    )
    entries = "".join(
        f"<item><title>{title}</title><link>{link}</link><pubDate>{date}</pubDate><description>{text}</description></item>"
        for title, link, text in items
    )
    head = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Zürich</title>'
    return f"{head}{entries}</channel></rss>".encode("latin-1")


@pytest.fixture
def neighbours() -> Iterator[Neighbours]:
    neighbours = Neighbours()
    yield neighbours
    neighbours.stop()


@pytest.mark.timeout(3 * DEADLINE_S)
def test_bad_neighbours_cost_only_themselves(town: Town, neighbours: Neighbours) -> None:
    feeds = [
        {"url": f"{neighbours.url}/{name}", "publisher": name.title(), "tier": "wire"} for name in (*BAD_FEEDS, "odd")
    ]
    feeds.append(
        {"url": f"http://127.0.0.1:{town.publisher.start()}/wire/feed.xml", "publisher": "Wire", "tier": "wire"}
    )
    endpoints = [
        {"name": name, "url": f"{neighbours.url}/{name}", "unsigned": True}
        for name in ("broken", "gone", "silent", "flood")
    ]
    endpoints.append({"name": "good", "url": f"http://127.0.0.1:{town.receiver.start()}/hook", "secrets": [SECRET]})
    with running(
        town,
        TRUCEWATCH_DATA_DIR=str(town.folder / "data"),
        TRUCEWATCH_FEEDS=json.dumps(feeds),
        TRUCEWATCH_WEBHOOKS=json.dumps(endpoints),
        TRUCEWATCH_WEBHOOK_SECRETS="",
        TRUCEWATCH_FETCH_TIMEOUT_S="2",
    ):
        town.publish("reject")
        until(lambda: bool(ended(town, "Putin rejected")), town.log)
        town.publish("support")
        until(lambda: len(town.moves()) == 1, town.log)
        until(
            lambda: {line["endpoint"] for line in town.events("delivery_sent")} >= {"broken", "gone", "flood"}, town.log
        )
        until(lambda: len(problems(town)) == len(BAD_FEEDS) and bool(ended(town, "German")), town.log)
        until(lambda: f"{neighbours.url}/slow.html" in missed(town), town.log)
    assert town.moves() == [("reject", "support")]
    found = problems(town)
    assert {name for name, words in BAD_FEEDS.items() if words in found[f"{neighbours.url}/{name}"]} == set(BAD_FEEDS)
    assert len(town.events("feed_failed")) == len(BAD_FEEDS)  # though each was polled again and again
    verdicts = {line["endpoint"]: line["verdict"] for line in town.events("delivery_sent")}
    assert verdicts | {"silent": "retry"} == {
        "broken": "retry", "gone": "gone", "silent": "retry", "flood": "delivered", "good": "delivered",
    }  # fmt: skip
    assert ended(town, "German") == [("skipped", "other_language")]
    assert missed(town)[f"{neighbours.url}/slow.html"] == "no full answer within 2 s"
    assert "Traceback" not in town.log()


def problems(town: Town) -> dict[str, str]:
    return {str(line["feed_url"]): str(line["problem"]) for line in town.events("feed_failed")}


def missed(town: Town) -> dict[str, str]:
    return {str(line["url"]): str(line["why"]) for line in town.events("full_text_missed")}


def ended(town: Town, title: str) -> list[tuple[object, object]]:
    return [
        (line["outcome"], line["reason"])
        for line in town.events("article_ended")
        if str(line["title"]).startswith(title)
    ]
