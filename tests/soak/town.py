"""A server of feeds that change their behaviour, in a process of its own; it keeps the books on those who poll it.

Feeds are told apart by their path, hosts by their names. What a feed does depends on its number and on the minute, so
that each goes through everything. `/books` gives what was counted.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

PHASE_S = 60.0
FEEDS_A_HOST = 5
FRESH_S, WISH_S = 40, 45
SLACK_S = 0.02  # between the answer that asks for a pause and the note of it
GONE_EVERY = 400
BOMB = gzip.compress(bytes(50_000_000))
PAGE = b"<!doctype html><html><body>Maintenance</body></html>"


@dataclass(slots=True)
class Books:
    """What is counted: answers by kind, requests earlier than asked for or after a 410, the most at once at a host."""

    answers: Counter[str] = field(default_factory=Counter)
    early: int = 0
    after_gone: int = 0
    most_at_once: int = 0
    not_before: dict[int, float] = field(default_factory=dict)
    at_once: Counter[str] = field(default_factory=Counter)
    versions: Counter[int] = field(default_factory=Counter)
    gone: set[int] = field(default_factory=set)

    def as_json(self) -> bytes:
        """For those who ask."""
        facts = {"early": self.early, "after_gone": self.after_gone, "most_at_once": self.most_at_once}
        return json.dumps({**facts, "answers": dict(self.answers)}).encode()


class Town:
    """The server."""

    def __init__(self) -> None:
        self.books = Books()
        self.began = time.monotonic()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it is closed."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                path = head.split(" ", 2)[1]
                if path == "/books":
                    writer.write(answer(200, self.books.as_json()))
                else:
                    await self._answer(path, head, reader, writer)
                await writer.drain()
        writer.close()

    async def _answer(self, path: str, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, kind, number_text = path.split("/")
        number = int(number_text)
        host = head.partition("\r\nhost: ")[2].partition("\r\n")[0]
        books = self.books
        if kind == "feed":
            books.early += time.monotonic() < books.not_before.pop(number, 0.0) - SLACK_S
            books.after_gone += number in books.gone
        books.at_once[host] += 1
        books.most_at_once = max(books.most_at_once, books.at_once[host])
        try:
            await self._behave(number if kind == "feed" else -number, head, reader, writer)
        finally:
            books.at_once[host] -= 1

    async def _behave(  # noqa: C901, PLR0912 - a table of behaviours
        self, number: int, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if number < 0:  # where a redirect leads
            writer.write(self._feed(-number, head))
            return
        if number % GONE_EVERY == 7:
            self.books.gone.add(number)
            self._say(writer, "gone", answer(410))
            return
        phase = int((time.monotonic() - self.began) / PHASE_S)
        match (number + 7 * phase) % 25:
            case 10:
                self._say(writer, "broken", answer(500))
            case 11:
                self.books.not_before[number] = time.monotonic() + WISH_S
                self._say(writer, "too many", answer(429, **{"retry-after": str(WISH_S)}))
            case 12:
                self._say(writer, "forbidden", answer(403))
            case 13 | 14 as place:
                self._say(writer, "moved", answer(301 if place == 13 else 302, location=f"/there/{number}"))
            case 15:
                self._say(writer, "page", answer(200, PAGE))
            case 16:
                self.books.answers["hanging"] += 1
                await reader.read(1)  # until the other side has had enough
            case 17:
                self._say(writer, "bomb", answer(200, BOMB, **{"content-encoding": "gzip"}))
            case 18:
                self._say(writer, "missing", answer(404))
            case 19:
                await asyncio.sleep(2)
                self._say(writer, "slow", self._feed(number, head))
            case 20:
                self._say(writer, "garbage", answer(200, b"\x00\xff\xfe garbage" * 99))
            case 21:
                self._say(writer, "cut off", answer(200, b"<rss", **{"content-length": "900"}))
                writer.close()
            case 9 | 8:
                self.books.not_before[number] = time.monotonic() + FRESH_S
                self._say(writer, "fresh", self._feed(number, head, **{"cache-control": f"max-age={FRESH_S}"}))
            case _:
                self._say(writer, "plain", self._feed(number, head))

    def _say(self, writer: asyncio.StreamWriter, kind: str, answered: bytes) -> None:
        self.books.answers["unchanged" if answered.startswith(b"HTTP/1.1 304") else kind] += 1
        writer.write(answered)

    def _feed(self, number: int, head: str, **headers: str) -> bytes:
        """The feed, with a new entry every third time; 304 when it did not change."""
        asked = self.books.versions[number] = self.books.versions[number] + 1
        version = asked // 3 + (asked % 50 == 0) * 1_000
        tag = f'"{version}"'
        if f"if-none-match: {tag}" in head:
            return answer(304, etag=tag, **headers)
        return answer(200, document(number, version), etag=tag, **headers)


def document(number: int, version: int) -> bytes:
    """A feed of the latest ten entries of a version."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{number}-{entry}</guid><title>Entry {entry} of feed {number}</title>"
        f"<link>https://news.example/{number}/{entry}</link>"
        f"<description>{'Words of an entry. ' * 20}</description></item>"
        for entry in range(version, version + 10)
    )
    return f"<rss version='2.0'><channel><title>Feed {number}</title>{items}</channel></rss>".encode()


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer with its head."""
    named = {"content-length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def running_town() -> Iterator[int]:
    """Run the server; gives its port."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_run, args=(theirs,), daemon=True)
    server.start()
    try:
        yield ours.recv()
    finally:
        server.terminate()
        server.join()


def _run(said: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.start_server(Town().serve, "127.0.0.1", 0, backlog=1_024)
        said.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())
