"""A publisher and a receiver for the service in containers; standard library only, run inside a container.

`python town_server.py FOLDER PORT`. In the folder: `stories.json` is what is published, `pace.json` how slow the pages
are, `asked.jsonl` what was asked for, `received.jsonl` what the receiver was sent.
"""

from __future__ import annotations

import json
import sys
import time
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])


class Town(BaseHTTPRequestHandler):
    """Answers one request."""

    def do_GET(self) -> None:
        """Give the feed, or a page, as slowly as is asked for."""
        stories = json.loads((FOLDER / "stories.json").read_text())
        note("asked.jsonl", {"path": self.path, "at": time.time()})
        if self.path == "/feed.xml":
            self.answer(200, "application/rss+xml", feed(stories, self.headers["host"]))
            return
        found = [story for story in stories if self.path == f"/{story['number']}.html"]
        if found:
            time.sleep(json.loads((FOLDER / "pace.json").read_text())["page_s"])
        self.answer(200 if found else 404, "text/html", page(found[0]) if found else b"")

    def do_POST(self) -> None:
        """Take what is sent."""
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        note("received.jsonl", {"headers": headers, "body": body.decode(), "at": time.time()})
        self.answer(204, "text/plain", b"")

    def answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def note(name: str, what: dict[str, Any]) -> None:
    with (FOLDER / name).open("a") as file:
        file.write(json.dumps(what) + "\n")


def feed(stories: list[dict[str, Any]], host: str) -> bytes:
    items = "".join(
        f"<item><guid>{story['number']}</guid><link>http://{host}/{story['number']}.html</link>"
        f"<title>{escape(story['title'])}</title><description>{escape(story['text'][:150])}</description>"
        f"<pubDate>{format_datetime(parsedate_to_datetime(story['published']))}</pubDate></item>"
        for story in reversed(stories)
    )
    return f'<rss version="2.0"><channel><title>Town Wire</title>{items}</channel></rss>'.encode()


def page(story: dict[str, Any]) -> bytes:
    words = "".join(f"<p>{escape(part)}</p>" for part in story["text"].split("\n\n"))
    return f"<html><body><article><h1>{escape(story['title'])}</h1>{words}</article></body></html>".encode()


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", int(sys.argv[2])), Town).serve_forever()  # noqa: S104 - in a container of its own
