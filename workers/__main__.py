"""The worker process: one queue, one RQ SimpleWorker, forked by a parent that has loaded what takes seconds."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import redis
import structlog

from config.log import set_up_logging
from config.settings import Settings, SettingsError, load_settings
from workers.heartbeat import Heartbeat
from workers.jobs import take_up
from workers.nursery import Nursery
from workers.queues import QUEUES, worker_of
from workers.relief import mark_of, relieve
from workers.runtime import Preloaded, hands_of, life_of, now, preload, wait_for_store
from workers.storage.connection import Patience, StoreFormatError, StoreRefusedError
from workers.stores import Stores
from workers.trouble import store_trouble
from workers.watch import Watch
from workers.worker_loop import Loop

MAX_JOBS = 20_000  # a fresh process now and then keeps what libraries leak from growing for ever
HANG_S = 10.0  # so much longer than its limit a job may last: it may just be ending
EXIT_WRONG_SETTINGS = 2
EXIT_STORE_AWAY = 3
NO_SERVER = (
    "TRUCEWATCH_REDIS_URL: not set; allowed is the address of the server that the other processes use, such as "
    "redis://127.0.0.1:6379/0 (only `trucewatch run` starts a store itself)"
)

log = structlog.get_logger(__name__)


def main(load: Callable[[Settings, str], Preloaded] = preload) -> None:
    """Run a worker for the queue that the command line names. `load` gives what its parent is to have in memory."""
    if len(sys.argv) != 2 or sys.argv[1] not in QUEUES:  # noqa: PLR2004 - the program and the queue
        sys.exit(f"usage: python -m workers {'|'.join(QUEUES)}")
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_WRONG_SETTINGS)
    if settings.redis_url is None:
        sys.stderr.write(f"{NO_SERVER}\n")
        sys.exit(EXIT_WRONG_SETTINGS)
    sys.exit(serve_queue(settings, sys.argv[1], load))


def serve_queue(settings: Settings, queue_name: str, load: Callable[[Settings, str], Preloaded] = preload) -> int:
    """Be the parent of a worker until told to stop; returns the exit code."""
    set_up_logging(settings.log_level, settings.log_format, settings.secret_values())
    loaded = load(settings, queue_name)
    gc.freeze()  # the workers share what is loaded until they write there, and a look for garbage writes
    watch = Watch(settings.job_timeout_s + HANG_S)
    work = partial(work_forever, settings, queue_name, loaded, watch, os.getpid())
    life = life_of(settings, f"work --queue {queue_name}")
    code = Nursery(queue_name, work, watch, life).run()
    life.end()
    return code


def work_forever(  # noqa: PLR0917 - what a process knows of itself
    settings: Settings, queue_name: str, loaded: Preloaded, watch: Watch, parent: int, dead: Sequence[int]
) -> int:
    """Work until told to stop: SIGTERM lets the job in hand finish. `dead` are the pids of workers before this one."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
    signal.signal(signal.SIGINT, lambda number, _frame: stopping.append(number))
    url = settings.store_url or ""
    patience, job_timeout = Patience(), timedelta(seconds=settings.job_timeout_s)
    try:
        stores = wait_for_store(url, job_timeout, lambda: not stopping, patience)
    except (StoreFormatError, StoreRefusedError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_WRONG_SETTINGS
    if stores is None:
        return 0
    name = f"{queue_name}{mark_of(parent, os.getpid())}{secrets.token_hex(3)}"
    heartbeat = Heartbeat(stores.presence, name, store_trouble().note)
    heartbeat.start()
    try:
        for pid in dead:
            relieve(stores, mark_of(parent, pid), now())
        stores.tallies.count_start(queue_name)
        _work(settings, (stores, patience), (queue_name, name), loaded, watch, stopping)
    except redis.RedisError as error:
        # Either it was away while this process began, which is begun again, or while it ended.
        log.warning("worker_left", queue=queue_name, worker=name, why=str(error))
        return 0 if patience.ended or stopping else EXIT_STORE_AWAY
    finally:
        heartbeat.stop()
    return 0


def _work(  # noqa: PLR0917 - as above
    settings: Settings,
    opened: tuple[Stores, Patience],
    names: tuple[str, str],
    loaded: Preloaded,
    watch: Watch,
    stopping: Sequence[int],
) -> None:
    (stores, patience), (queue_name, name) = opened, names
    with asyncio.Runner() as runner:
        loop = Loop(runner)
        take_up(hands_of(settings, stores, loaded, name, loop, lambda: patience.ended), watch)
        log.info("worker_ready", queue=queue_name, worker=name)
        if not stopping:
            worker = worker_of(queue_name, stores.queue_client, name, patience)
            worker.work(logging_level="WARNING", max_jobs=MAX_JOBS)
            if worker.refused is not None:
                raise worker.refused
        loop.close()


if __name__ == "__main__":
    main()
