"""Raw HTTP servers on loopback that misbehave as told, and a small proxy that opens tunnels."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; header names are lower case. `target` is what stands after the method."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


Behaviour = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def ok(body: bytes = b"ok", status: int = 200, **headers: str) -> Behaviour:
    """Answer with this body; `_` in a header's name stands for `-`."""

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, {**_named(headers), "content-length": str(len(body))}) + body)

    return behave


def redirect(to: str, status: int = 302) -> Behaviour:
    """Send to another address."""
    return ok(b"", status, location=to)


def gzipped(body: bytes) -> Behaviour:
    """Answer with a compressed body."""
    return ok(gzip.compress(body), content_encoding="gzip")


def raw(answer: bytes) -> Behaviour:
    """Write these bytes and close the connection."""

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    return behave


def close_early() -> Behaviour:
    """Promise more than is sent."""
    return raw(head(200, {"content-length": "1000"}) + b"only this")


def hang(after: bytes = b"") -> Behaviour:
    """Write this and then nothing more, for ever."""

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(after)
        await writer.drain()
        await asyncio.Event().wait()

    return behave


def endless(chunk: bytes, **headers: str) -> Behaviour:
    """Send a body that never ends."""

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, _named(headers)))
        while True:
            writer.write(chunk)
            await writer.drain()

    return behave


def bomb(size: int, encoding: str = "gzip") -> Behaviour:
    """Send a small body that inflates to `size` bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    body = b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()
    return ok(body, content_encoding=encoding)


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """The head of an answer."""
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@dataclass(slots=True)
class Site:
    """A running server. `pages` by path without query; `url` is its address without a slash at the end."""

    url: str = ""
    port: int = 0
    pages: dict[str, Behaviour] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it is closed."""
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                request = await read_request(reader)
                self.requests.append(request)
                behaviour = self.pages.get(request.target.partition("?")[0], ok(b"nothing here", 404))
                await behaviour(request, writer)
                await writer.drain()


@asynccontextmanager
async def a_site(pages: Mapping[str, Behaviour], tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """Run a server with these pages on a free port of 127.0.0.1."""
    site = Site(pages=dict(pages))
    async with listening(site.serve, tls) as site.port:
        site.url = f"{'https' if tls else 'http'}://127.0.0.1:{site.port}"
        yield site


@dataclass(slots=True)
class TunnelProxy:
    """A running proxy that only knows CONNECT. `targets` are what was asked for."""

    url: str = ""
    targets: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    status: int = 200

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Open one tunnel."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await read_request(reader)
            self.requests.append(request)
            if request.method != "CONNECT" or self.status != 200:
                writer.write(head(405 if request.method != "CONNECT" else self.status, {}))
                writer.close()
                return
            self.targets.append(request.target)
            host, _, port = request.target.rpartition(":")
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            writer.write(head(200, {}))
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))


@asynccontextmanager
async def a_proxy(status: int = 200) -> AsyncIterator[TunnelProxy]:
    """Run a proxy on a free port of 127.0.0.1."""
    proxy = TunnelProxy(status=status)
    async with listening(proxy.serve) as port:
        proxy.url = f"http://user:p%40ss@127.0.0.1:{port}"
        yield proxy


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Listen on a free port of 127.0.0.1 and end every connection at the end."""
    running: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await serve(reader, writer)
        except asyncio.CancelledError:
            pass  # the end of the test
        finally:
            running.discard(task)
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read one request with its body."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
