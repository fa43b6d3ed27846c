"""Measure a backup of 100,000 statements and its return: how long the store stands still, how long all takes.

`python -m tests.bench.backup [STATEMENTS]`. The exit code is 1 when what came back is not what was saved. The last line
is one flat JSON object.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from service.backup import Head, check_backup, read_backup, write_backup
from service.batch_replay import throw_away_store
from tests.bench.ledger import _fill
from tests.builders import hours
from workers.storage.archive import Archive, Kept
from workers.storage.client import Client
from workers.storage.connection import connect

STATEMENTS = 100_000
T = TypeVar("T")


def main(statements: int) -> int:
    """Print the figures; returns the exit code."""
    figures: dict[str, float | bool] = {"statements": statements}
    with tempfile.TemporaryDirectory() as folder, throw_away_store(hours(-1)) as stores:
        path = Path(folder) / "store.gz"
        _fill(stores, statements)
        archive = Archive(stores.client)
        longest: list[float] = []
        stop = threading.Event()
        watching = threading.Thread(target=_watch, args=(_another(stores.client), longest, stop))
        watching.start()
        (record, kept), figures["snapshot_s"] = _timed(archive.snapshot)
        stop.set()
        watching.join()
        figures["longest_wait_of_others_s"] = round(max(longest), 3)
        figures["keys"] = len(kept)
        _, figures["write_s"] = _timed(lambda: write_backup(path, Head(record, "", ""), kept))
        figures["file_mb"] = round(path.stat().st_size / 1e6, 1)
        _, figures["check_s"] = _timed(lambda: check_backup(path))
        before = _plain(kept)
        archive.begin_restore(replace=True)
        _, figures["restore_s"] = _timed(lambda: list(archive.put(read_backup(path))))
        archive.finish_restore(record, "ab12cd")
        figures["same"] = _plain(archive.snapshot()[1]) == before
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["same"] else 1


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    done = work()
    return done, round(time.perf_counter() - began, 2)


def _watch(client: Client, waits: list[float], stop: threading.Event) -> None:
    """Note how long another client waits for a small answer, time and again."""
    while not stop.is_set():
        waits.append(_timed(client.ping)[1])


def _another(client: Client) -> Client:
    return connect(f"unix://{client.connection_pool.connection_kwargs['path']}")


def _plain(kept: list[Kept]) -> dict[str, object]:
    return {one.key: sorted(one.value) if one.kind in {"set", "hash"} else one.value for one in kept}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else STATEMENTS))
