from __future__ import annotations

import asyncio
import socket

import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from service.web_server import WebServer
from tests.waiting import until_soon

APP = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])


async def asked(port: int, host: str = "127.0.0.1") -> str:
    """Ask until somebody answers."""
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                return (await client.get(f"http://{host}:{port}/", timeout=5)).text
            except httpx.ConnectError:
                await asyncio.sleep(0)


async def test_pages_are_served_until_the_stop() -> None:
    stop, port = asyncio.Event(), free_port()
    with capture_logs() as lines:
        serving = asyncio.create_task(WebServer(APP, "127.0.0.1", port).run(stop))
        assert await asyncio.wait_for(asked(port), 10) == "here"
        stop.set()
        await asyncio.wait_for(serving, 10)
    assert [line["event"] for line in lines] == ["web_started"]


async def test_an_address_that_is_taken_is_named_once_and_served_when_it_is_free() -> None:
    stop = asyncio.Event()
    with capture_logs() as lines, socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        serving = asyncio.create_task(WebServer(APP, "127.0.0.1", port, again_s=0.01).run(stop))
        await until_soon(lambda: lines)
        other.close()
        assert await asyncio.wait_for(asked(port), 10) == "here"
        stop.set()
        await asyncio.wait_for(serving, 10)
    assert [line["event"] for line in lines] == ["web_not_started", "web_started"]
    assert lines[0]["port"] == port
    assert lines[0]["why"].startswith("Address already in use")


async def test_waiting_for_an_address_ends_with_the_stop() -> None:
    stop = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as other:
        serving = asyncio.create_task(WebServer(APP, "127.0.0.1", int(other.getsockname()[1])).run(stop))
        stop.set()
        await asyncio.wait_for(serving, 2)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
