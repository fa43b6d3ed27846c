"""Keep the bundled store alive while the service runs."""

from __future__ import annotations

import asyncio
import time

import structlog

from service.backoff import Backoff
from service.embedded import EmbeddedStore, EmbeddedStoreError
from service.wait import pause

CHECK_S = 0.5

log = structlog.get_logger(__name__)


async def keep_store(store: EmbeddedStore, stop: asyncio.Event, backoff: Backoff | None = None) -> None:
    """Start the store again whenever it dies, with growing pauses; return when `stop` is set."""
    pauses, since = backoff or Backoff(), time.monotonic()
    while not stop.is_set():
        try:
            if await asyncio.to_thread(store.ensure):
                pause_s = pauses.pause_after(time.monotonic() - since)
                since = time.monotonic()
                log.error("store_restarted", folder=str(store.folder), next_look_in_s=pause_s)
                await pause(stop, pause_s)
        except EmbeddedStoreError as error:
            pause_s = pauses.pause_after(0.0)
            log.error("store_start_failed", why=str(error), again_in_s=pause_s)  # noqa: TRY400  the message is all
            await pause(stop, pause_s)
        await pause(stop, CHECK_S)
