"""The worker process: one queue, one RQ SimpleWorker, the language model loaded once."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta

import redis
import structlog

from config.log import set_up_logging
from config.settings import Settings, SettingsError, load_settings
from workers.hands import Loop
from workers.heartbeat import Heartbeat
from workers.jobs import take_up
from workers.queues import QUEUES, worker_of
from workers.runtime import hands_of, wait_for_store
from workers.storage.connection import Patience, StoreFormatError
from workers.stores import Stores
from workers.trouble import store_trouble

MAX_JOBS = 20_000  # a fresh process now and then keeps what libraries leak from growing for ever
EXIT_WRONG_SETTINGS = 2
EXIT_STORE_AWAY = 3
NO_SERVER = (
    "TRUCEWATCH_REDIS_URL: not set; allowed is the address of the server that the other processes use, such as "
    "redis://127.0.0.1:6379/0 (only `trucewatch run` starts a store itself)"
)

log = structlog.get_logger(__name__)


def main() -> None:
    """Run a worker for the queue that the command line names."""
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
    work_forever(settings, sys.argv[1])


def work_forever(settings: Settings, queue_name: str) -> None:
    """Work until told to stop: SIGTERM lets the job in hand finish."""
    set_up_logging(settings.log_level, settings.log_format, settings.secret_values())
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
    url = settings.redis_url.get_secret_value() if settings.redis_url else ""
    patience, job_timeout = Patience(), timedelta(seconds=settings.job_timeout_s)
    try:
        stores = wait_for_store(url, job_timeout, lambda: not stopping, patience)
    except StoreFormatError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_WRONG_SETTINGS)
    if stores is None:
        return
    name = f"{queue_name}-{os.getpid()}-{secrets.token_hex(3)}"
    heartbeat = Heartbeat(stores.presence, name, store_trouble().note)
    heartbeat.start()
    try:
        _work(settings, (stores, patience), queue_name, name, stopping)
    except redis.RedisError as error:
        # Either it was away while this process began, which is begun again, or while it ended.
        log.warning("worker_left", queue=queue_name, worker=name, why=str(error))
        sys.exit(0 if patience.ended or stopping else EXIT_STORE_AWAY)
    finally:
        heartbeat.stop()


def _work(
    settings: Settings, opened: tuple[Stores, Patience], queue_name: str, name: str, stopping: Sequence[int]
) -> None:
    stores, patience = opened
    with asyncio.Runner() as runner:
        loop = Loop(runner)
        take_up(hands_of(settings, stores, queue_name, name, loop, lambda: patience.ended))
        log.info("worker_ready", queue=queue_name, worker=name)
        if not stopping:
            worker = worker_of(queue_name, stores.queue_client, name, patience)
            worker.work(logging_level="WARNING", max_jobs=MAX_JOBS)
        loop.close()


if __name__ == "__main__":
    main()
