"""The long-running process: one process tree for the roles it is given, stopped cleanly by one signal.

The first SIGTERM or Ctrl-C stops polls, lets the workers finish what is in hand, and ends the store last. The second
one stops at once; nothing is lost by either, since the store's structures are the truth (law 1).
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, ParamSpec, TypeVar

import redis
import structlog
from pydantic import SecretStr

from config.log import set_up_logging
from config.settings import Settings
from service.embedded import EmbeddedStore, EmbeddedStoreError
from service.ready_checks import unwise_of
from service.runtime import (
    WORKER,
    poller_of,
    register_feeds,
    release_all_work,
    release_work_of,
    seed_store,
    settle_history,
    timers_of,
    web_server_of,
    worker_specs,
)
from service.store_keeper import keep_store
from service.supervisor import Supervisor
from service.wait import pause
from workers.life import BEAT_S
from workers.runtime import life_of, outbound_of, wait_for_store
from workers.storage.connection import StoreFormatError, StoreRefusedError
from workers.storage.migrations import Migrations
from workers.stores import Stores
from workers.trouble import store_trouble

EXIT_WRONG_SETTINGS = 2
EXIT_FORCED = 1
STORE_PAUSE_S = 1.0

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Roles:
    """What this process tree does."""

    store: bool = False
    poll: bool = False
    work: bool = False
    web: bool = False

    @property
    def name(self) -> str:
        """The command that gives these roles."""
        if self.store:
            return "run"
        return "poll" if self.poll else "work" if self.work else "web"


def serve(settings: Settings, roles: Roles, worker_module: str = WORKER) -> None:
    """Run until told to stop. `worker_module` is what worker processes run."""
    set_up_logging(settings.log_level, settings.log_format, settings.secret_values())
    for warning in settings.warnings:
        log.warning("setting_unwise", what=warning)
    store = EmbeddedStore(settings.data_dir) if roles.store and settings.redis_url is None else None
    try:
        asyncio.run(Daemon(settings, roles, store, worker_module).run())
    except (EmbeddedStoreError, StoreFormatError, StoreRefusedError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_WRONG_SETTINGS)


class Daemon:
    """One process tree."""

    def __init__(
        self, settings: Settings, roles: Roles, store: EmbeddedStore | None, worker_module: str = WORKER
    ) -> None:
        self._settings = settings
        self._worker_module = worker_module
        self._roles = roles
        self._store = store
        self._stop = asyncio.Event()
        self._supervisor: Supervisor | None = None
        self._trouble = store_trouble()
        self._life = life_of(settings, roles.name, web=roles.web)

    async def run(self) -> None:
        """Start everything, wait for the signal, stop everything in order; show life all the while."""
        self._listen_for_signals()
        beating = asyncio.create_task(self._beat())
        try:
            await self._run()
        finally:
            beating.cancel()
            self._life.end()

    async def _beat(self) -> None:
        while True:
            self._life.beat()
            await asyncio.sleep(BEAT_S)

    async def _run(self) -> None:
        url = await self._opened_store()
        try:
            job_timeout = timedelta(seconds=self._settings.job_timeout_s)
            stores = await asyncio.to_thread(wait_for_store, url, job_timeout, lambda: not self._stop.is_set())
            if stores is not None:
                await self._run_with(stores, url)
        finally:
            if self._store is not None:
                await asyncio.to_thread(self._store.stop)
        log.info("service_stopped")

    async def _run_with(self, stores: Stores, url: str) -> None:
        if self._store is not None:
            await self._once_store_answers(release_all_work, stores)
        await self._once_store_answers(seed_store, self._settings, stores)
        for warning in await self._once_store_answers(unwise_of, stores.client) or ():
            log.warning("store_unwise", what=warning)
        for warning in await self._once_store_answers(settle_history, self._settings, stores) or ():
            log.warning("history_unowned", what=warning)
        if self._roles.poll:
            await self._once_store_answers(self._migrate, stores)
        async with AsyncExitStack() as rooms:
            tasks = [asyncio.create_task(work) for work in await self._work(stores, url, rooms)]
            log.info("service_started", store="embedded" if self._store else "external", epoch=stores.birth.epoch)
            self._life.ready()
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            self._stop.set()  # one that failed stops the rest in order; gather then raises its error
            await asyncio.gather(*tasks)

    def _migrate(self, stores: Stores) -> None:
        done = Migrations(stores.client).run(secrets.token_hex(8), lambda: not self._stop.is_set())
        if done:
            log.info("store_migrated", steps=done)

    async def _work(self, stores: Stores, url: str, rooms: AsyncExitStack) -> list[Coroutine[Any, Any, None]]:
        """What runs side by side in this process until the stop."""
        work: list[Coroutine[Any, Any, None]] = []
        trouble = self._trouble
        if self._store is not None:
            work.append(keep_store(self._store, self._stop))
        if self._roles.poll:
            feeds = await self._once_store_answers(register_feeds, self._settings, stores) or ()
            log.info("feeds_listed", feeds=len(feeds))
            outbound = await rooms.enter_async_context(outbound_of(self._settings, self._settings.allow_private))
            poller = poller_of(self._settings, stores, outbound, trouble)
            rooms.push_async_callback(poller.sandbox.close)
            work += [poller.run(self._stop), timers_of(self._settings, stores, trouble).run(self._stop)]
        if self._roles.work:
            on_death = partial(release_work_of, stores)
            self._supervisor = Supervisor(
                worker_specs(self._settings, url, self._worker_module), float(self._settings.stop_grace_s), on_death
            )
            work.append(self._supervisor.run(self._stop))
        if self._roles.web:
            work.append(web_server_of(self._settings, stores, self._supervisor).run(self._stop))
        return work

    async def _opened_store(self) -> str:
        if self._store is None:
            return self._settings.store_url or ""
        return await asyncio.to_thread(self._store.start)

    async def _once_store_answers(self, ask: Callable[P, T], *args: P.args, **named: P.kwargs) -> T | None:
        """Call what needs the store until it answers, which it did a moment ago; None when told to stop meanwhile."""
        while not self._stop.is_set():
            try:
                answer = await asyncio.to_thread(ask, *args, **named)
            except redis.RedisError as error:
                self._trouble.note(error)
                await pause(self._stop, STORE_PAUSE_S)
            else:
                self._trouble.note(None)
                return answer
        return None

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal, number)

    def _on_signal(self, number: int) -> None:
        if not self._stop.is_set():
            log.info("service_stopping", signal=signal.Signals(number).name)
            self._life.stopping()
            self._stop.set()
            return
        log.warning("service_stopped_at_once")
        if self._supervisor is not None:
            self._supervisor.kill()
        os._exit(EXIT_FORCED)


def with_url(settings: Settings, url: str) -> Settings:
    """The settings with the store's address filled in."""
    return settings.model_copy(update={"redis_url": SecretStr(url)})
