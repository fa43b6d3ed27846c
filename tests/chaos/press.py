"""The servers around the service: four publishers' feeds, and a receiver that fails, times out and drops."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

from tests.chaos.stories import Story

SHOWN = 150  # entries of a feed
HANG_S = 17.0  # longer than a send may take
MOST_FAILURES = 2  # of one delivery: after the third the next send is minutes away
FAILS, DROPS, HANGS, SLOW = 0.08, 0.06, 0.005, 0.05


class Journal:
    """A file of JSON lines that outlives whoever writes it, so that a stopped run can go on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        if path.exists():  # a half line of a run that was killed as it wrote
            text = path.read_text(encoding="utf-8")
            path.write_text(text[: text.rfind("\n") + 1], encoding="utf-8")

    def write(self, line: dict[str, Any]) -> None:
        """Add a line."""
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """All lines so far."""
        if not self._path.exists():
            return []
        with self._lock:
            return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]


@dataclass(slots=True)
class Newsstand:
    """What the publishers show now: the latest revision of every story, journalled as it appears."""

    journal: Journal
    stories: dict[int, Story] = field(default_factory=dict)

    @classmethod
    def opened(cls, path: Path) -> Newsstand:
        """Take up what a run before has published."""
        stand = cls(Journal(path))
        for line in stand.journal.lines():
            dates = {name: datetime.fromisoformat(line[name]) for name in ("published_at", "out_at")}
            story = Story(**(line | dates))
            stand.stories[story.number] = story
        return stand

    def bring(self, story: Story) -> None:
        """Publish a story, or its next revision."""
        line = asdict(story)
        self.journal.write(line | {"published_at": story.published_at.isoformat(), "out_at": story.out_at.isoformat()})
        self.stories[story.number] = story

    def listed(self) -> list[Story]:
        """Every story, by number."""
        return [self.stories[number] for number in sorted(self.stories)]

    def feed(self, publisher: str, base_url: str) -> bytes:
        """The feed of a publisher: its latest stories, the newest first."""
        mine = [story for story in self.listed() if story.publisher == publisher][-SHOWN:]
        items = "".join(
            f"<item><title>{escape(story.title)}</title><link>{base_url}/{publisher}/{story.number}.html</link>"
            f"<guid>{publisher}-{story.number}</guid><pubDate>{format_datetime(story.published_at)}</pubDate>"
            f"<description>{escape(story.text)}</description></item>"
            for story in reversed(mine)
        )
        return f'<rss version="2.0"><channel><title>{publisher}</title>{items}</channel></rss>'.encode()


@dataclass(slots=True)
class Receiver:
    """Takes webhooks. What it does with one is drawn; `kind` makes it answer everything at once."""

    journal: Journal
    seed: int
    most_failures: int = MOST_FAILURES
    kind: bool = False
    _failed: Counter[str] = field(default_factory=Counter)

    def take(self, path: str, delivery_id: str, body: bytes) -> int | None:
        """Note a request and say with which status it is answered; None drops the connection."""
        drawn = 1.0 if self.kind else Random(f"{self.seed}{path}{delivery_id}{time.monotonic_ns()}").random()
        answer, after_s = self._answer(f"{path} {delivery_id}", drawn)
        self.journal.write({
            "at": time.time(), "path": path, "id": delivery_id, "status": answer, "body": body.decode(),
        })  # fmt: skip
        time.sleep(after_s)
        return answer

    def _answer(self, delivery: str, drawn: float) -> tuple[int | None, float]:
        if self._failed[delivery] >= self.most_failures or drawn >= FAILS + DROPS + HANGS + SLOW:
            return 204, 0.0
        if drawn >= FAILS + DROPS + HANGS:
            return 204, drawn
        self._failed[delivery] += 1
        if drawn < FAILS:
            return 500, 0.0
        return None, HANG_S if drawn >= FAILS + DROPS else 0.0


class Server:
    """One HTTP server on loopback for the publishers' feeds and the receiver. `port` 0 takes a free one."""

    def __init__(self, stand: Newsstand, receiver: Receiver, port: int = 0) -> None:
        self._server = _QuietServer(("127.0.0.1", port), _handler_of(stand, receiver))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, _request: object, _address: object) -> None:
        """Say nothing: whoever asked was killed."""


def _handler_of(stand: Newsstand, receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Feeds by GET, webhooks by POST."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with suppress(OSError):
                self._respond(200, stand.feed(self.path.strip("/").partition("/")[0], f"http://{self.headers['host']}"))

        def do_POST(self) -> None:
            with suppress(OSError):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status = receiver.take(self.path, self.headers["webhook-id"], body)
                if status is None:
                    self.close_connection = True
                else:
                    self._respond(status, b"")

        def _respond(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("content-type", "application/rss+xml")
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    return Handler
