"""A server that answers 304 to everything, on as many origins of loopback as asked, in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

_ANSWER = b'HTTP/1.1 304 Not Modified\r\netag: "v1"\r\ncache-control: max-age=60\r\n\r\n'


class _Unchanged(asyncio.Protocol):
    """Answers every request, none of which has a body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(_ANSWER * data.count(b"\r\n\r\n"))  # type: ignore[attr-defined]


@contextmanager
def unchanged_origins(count: int) -> Iterator[list[str]]:
    """Run the server; gives the addresses of its origins, each an address of 127.0.0.0/8 of its own."""
    hosts = [f"127.9.{number // 250}.{number % 250 + 1}" for number in range(count)]
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(hosts, theirs), daemon=True)
    server.start()
    try:
        port = ours.recv()
        yield [f"http://{host}:{port}/feed.xml" for host in hosts]
    finally:
        server.terminate()
        server.join()


def _serve(hosts: list[str], said: Connection) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        first = await loop.create_server(_Unchanged, hosts[0], 0, backlog=512)
        port = first.sockets[0].getsockname()[1]
        others = await loop.create_server(_Unchanged, hosts[1:], port, backlog=512)
        said.send(port)
        await asyncio.gather(first.serve_forever(), others.serve_forever())

    asyncio.run(serve())
