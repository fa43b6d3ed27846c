"""Run the web pages inside the daemon's own loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
import uvicorn
from starlette.applications import Starlette

from service.wait import pause

BACKLOG = 128
STOP_S = 3  # an open browser connection must not hold up the stop

log = structlog.get_logger(__name__)


class _QuietServer(uvicorn.Server):
    """A server that leaves signals to the daemon."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@dataclass(frozen=True, slots=True)
class WebServer:
    """The pages, with where they listen, and how long to wait for an address that is taken."""

    app: Starlette
    host: str
    port: int
    again_s: float = 5.0

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop. An address that is taken is said once and tried again; everything else goes on."""
        listener = await self._listener(stop)
        if listener is None:
            return
        config = uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=STOP_S,
        )
        server = _QuietServer(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        host = f"[{self.host}]" if ":" in self.host else self.host
        log.info("web_started", url=f"http://{host}:{self.port}")
        await stop.wait()
        server.should_exit = True
        await serving

    async def _listener(self, stop: asyncio.Event) -> socket.socket | None:
        """Listen at the address as soon as it is free; None when told to stop before."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        told = False
        while not stop.is_set():
            try:
                return socket.create_server((self.host, self.port), family=family, backlog=BACKLOG)
            except OSError as error:
                if not told:
                    why = error.strerror or str(error)
                    settings = "TRUCEWATCH_WEB_HOST, TRUCEWATCH_WEB_PORT"
                    log.error("web_not_started", host=self.host, port=self.port, why=why, settings=settings)  # noqa: TRY400
                told = True
            await pause(stop, self.again_s)
        return None
