"""A real HTTP receiver on loopback that does what it is told: answer, hang, flood, or drop the connection."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.schemas import misfit
from workers.delivery.payloads import check_body, schemas

MAX_HEAD = 65_536


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do with one request: after reading it whole, answer with this status.

    `after_s`: answer so late. `hang`: never answer. `hang_after_head`: send the head and never the body. `drop`: close
    the connection without an answer. `flood`: send a body without end. `before` is called when the request is in,
    ahead of everything else.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    after_s: float = 0.0
    hang: bool = False
    hang_after_head: bool = False
    drop: bool = False
    flood: bool = False
    before: Callable[[], None] | None = None


class Receiver:
    """The running receiver. `answers` are used up in order; when none is left, every request gets `otherwise`."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.answers: deque[Answer] = deque()
        self.otherwise = Answer()
        self.at_once = 0
        self.most_at_once = 0
        self.misfits: list[str] = []
        self._news = asyncio.Condition()

    async def wait_for(self, number: int) -> None:
        """Wait until so many requests have come in, ten seconds at most."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.received) >= number)

    def bodies(self) -> list[bytes]:
        """The bodies in the order in which they came."""
        return [request.body for request in self.received]

    def ids(self) -> list[str]:
        """The `webhook-id` of every request in order."""
        return [request.headers["webhook-id"] for request in self.received]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it is closed."""
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._serve_one(reader, writer):
                    pass
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _request(reader)
        answer = self.answers.popleft() if self.answers else self.otherwise
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            async with self._news:
                self.received.append(request)
                self.misfits += misfits_of(request)
                self._news.notify_all()
            if answer.before:
                answer.before()
            return await _answered(answer, writer)
        finally:
            self.at_once -= 1


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    """Run a receiver on a free port of 127.0.0.1."""
    receiver = Receiver()
    running: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(receiver.serve(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=MAX_HEAD)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield receiver
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    assert not receiver.misfits, "bodies that their schema does not allow"


def misfits_of(request: Received) -> list[str]:
    """What the schema of an alert's type says against the body; bodies that are no whole alert are the test's own."""
    if request.headers.get("content-type") not in {"application/json", "application/cloudevents+json"}:
        return []
    try:
        body = json.loads(request.body)
    except ValueError:
        return []
    if not isinstance(body, dict) or not {"type", "data"} <= set(body):
        return []
    whole = {"type": body["type"], "timestamp": body.get("timestamp", body.get("time")), "data": body["data"]}
    try:
        check_body(whole)
    except ValueError as error:
        return [str(error)]
    why = misfit(_schemas()[whole["type"]], whole)
    return [why] if why else []


@cache
def _schemas() -> dict[str, Any]:
    return schemas()


async def _request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Received(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _answered(answer: Answer, writer: asyncio.StreamWriter) -> bool:
    """Do what was told; True when the connection may be used again."""
    if answer.drop:
        return False
    if answer.after_s:
        await asyncio.sleep(answer.after_s)
    if answer.hang:
        await asyncio.Event().wait()
    lines = [f"HTTP/1.1 {answer.status} Whatever", *(f"{name}: {value}" for name, value in answer.headers.items())]
    length = [] if answer.flood or answer.status in {204, 304} else [f"content-length: {len(answer.body)}"]
    writer.write("\r\n".join([*lines, *length, "", ""]).encode("latin-1"))
    await writer.drain()
    if answer.hang_after_head:
        await asyncio.Event().wait()
    while answer.flood:
        writer.write(b"x" * 65_536)
        await writer.drain()
    if answer.status not in {204, 304}:
        writer.write(answer.body)
        await writer.drain()
    return True
