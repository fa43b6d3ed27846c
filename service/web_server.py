"""Run the web pages inside the daemon's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
import uvicorn
from starlette.applications import Starlette

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
    """The pages, with where they listen."""

    app: Starlette
    host: str
    port: int

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop. An address that is taken is said, and everything else goes on."""
        config = uvicorn.Config(
            self.app,
            host=self.host,
            port=self.port,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=STOP_S,
        )
        server = _QuietServer(config)
        serving = asyncio.create_task(self._serve(server))
        log.info("web_started", url=f"http://{self.host}:{self.port}")
        await stop.wait()
        server.should_exit = True
        await serving

    async def _serve(self, server: uvicorn.Server) -> None:
        try:
            await server.serve()
        except SystemExit:  # uvicorn's way of saying that it cannot listen; it has logged why
            log.error("web_not_started", host=self.host, port=self.port, setting="TRUCEWATCH_WEB_PORT")  # noqa: TRY400
