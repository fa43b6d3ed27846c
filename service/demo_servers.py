"""The two servers around the demo: publishers with feeds and pages, and a receiver that verifies signatures."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from workers.delivery.signing import is_genuine

Answer = tuple[int, str, bytes]


@dataclass(frozen=True, slots=True)
class Published:
    """A story that is out: its number, publisher, title, text, and when it appeared (aware UTC)."""

    number: int
    publisher: str
    title: str
    text: str
    published_at: datetime


@dataclass(slots=True)
class LocalServer:
    """An HTTP server on a loopback port, answering from a thread. `port` 0 takes a free one."""

    answer: Callable[[str, str, Mapping[str, str], bytes], Answer]
    port: int = 0
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)

    def start(self) -> int:
        """Listen, unless it does already; returns the port."""
        if self._server is not None:
            return self.port
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            """Hands each request to the server's answer."""

            def _respond(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, kind, body = answer(self.command, self.path, headers, self.rfile.read(size))
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _respond  # noqa: N815 - the library's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """Keep quiet: the demo tells what happens."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="demo-server", daemon=True).start()
        return self.port

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def feed_of(publisher: str, base_url: str, stories: Sequence[Published]) -> bytes:
    """The publisher's RSS feed, newest story first."""
    items = "".join(
        f"<item><title>{escape(story.title)}</title><link>{base_url}/{publisher}/{story.number}.html</link>"
        f"<guid>{base_url}/{publisher}/{story.number}.html</guid>"
        f"<pubDate>{format_datetime(story.published_at)}</pubDate>"
        f"<description>{escape(story.text.strip().splitlines()[0])}</description></item>"
        for story in sorted(stories, key=lambda story: story.published_at, reverse=True)
        if story.publisher == publisher
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{escape(publisher)}</title>'
        f"<link>{base_url}/{publisher}</link><description>Invented for a demonstration</description>"
        f"{items}</channel></rss>"
    ).encode()


def page_of(story: Published) -> bytes:
    """The story's page."""
    paragraphs = "".join(f"<p>{escape(part.strip())}</p>" for part in story.text.split("\n\n") if part.strip())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(story.title)}</title></head>'
        f"<body><article><h1>{escape(story.title)}</h1>{paragraphs}</article></body></html>"
    ).encode()


def publisher_answer(stories: Callable[[], Sequence[Published]]) -> Callable[..., Answer]:
    """Answer requests for feeds and pages out of what is published by now."""

    def answer(_method: str, path: str, headers: Mapping[str, str], _body: bytes) -> Answer:
        base_url = f"http://{headers.get('host', '127.0.0.1')}"
        publisher, _, name = path.strip("/").partition("/")
        if name == "feed.xml":
            return 200, "application/rss+xml", feed_of(publisher, base_url, stories())
        for story in stories():
            if path == f"/{story.publisher}/{story.number}.html":
                return 200, "text/html; charset=utf-8", page_of(story)
        return 404, "text/plain", b"no such story"

    return answer


class Inbox:
    """What the receiver got, kept in a file so that a restarted demo knows it: one JSON line per request."""

    def __init__(self, path: Path, secret: str, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._secret = secret
        self._clock = clock
        self._lock = threading.Lock()

    def answer(self, _method: str, _path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Take a webhook: 204 when its signature is right, 401 when not. It is on disk before the answer."""
        if not is_genuine(headers, body, self._secret, self._clock()):
            return 401, "text/plain", b"wrong signature"
        line = json.dumps({"id": headers["webhook-id"], "body": json.loads(body)}) + "\n"
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        return 204, "text/plain", b""

    def received(self) -> list[dict[str, Any]]:
        """Every alert once by id, in the order in which each first came."""
        if not self._path.exists():
            return []
        with self._lock:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        alerts: dict[str, dict[str, Any]] = {}
        for line in lines:
            entry = json.loads(line)
            alerts.setdefault(entry["id"], entry)
        return list(alerts.values())
