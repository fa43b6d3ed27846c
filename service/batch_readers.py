"""Read many texts in order, in this process or in several, with the same outcome.

A reading process loads its language model once and one reader for each catalogue. A reader's error on one text is
caught there and costs only that text.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from workers.provisions import load_catalogue
from workers.reading.reader import Reader
from workers.runtime import load_reader

AHEAD = 4  # texts in hand for each process: enough to keep it busy, few enough to keep an archive out of memory

Text = TypeVar("Text")
Found = TypeVar("Found")


class ReadersError(Exception):
    """A reading process died: killed for its memory, most likely."""


@dataclass(frozen=True, slots=True)
class ReaderSource:
    """What a reader is made of. `catalogue` is a file, None for the bundled one; `conflict_ids` picks, none is all."""

    model: str
    catalogue: Path | None = None
    conflict_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Found]):
    """What reading a text gave: `found`, or the `error` in words. `cpu_s` is the processor time that it took."""

    found: Found | None
    error: str | None
    cpu_s: float


@cache
def reader_of(source: ReaderSource) -> Reader:
    """The reader of a source, made once for each process: seconds."""
    return load_reader(source.model, load_catalogue(source.catalogue, source.conflict_ids))


def read_in_order(
    read: Callable[[Reader, Text], Found], texts: Iterable[Text], source: ReaderSource, jobs: int
) -> Iterator[tuple[Text, Outcome[Found]]]:
    """Read every text, in the order given, by `jobs` processes; 1 is this one.

    `read` is a function of a module, and texts and what is found can be pickled. Raises ReadersError.
    """
    if jobs == 1:
        reader = reader_of(source)
        yield from ((text, _attempt(read, reader, text)) for text in texts)
        return
    # Spawned, not forked: the parent may have threads and a store's sockets.
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=_leave_interrupts)
    try:
        yield from _pooled(pool, read, texts, source, jobs * AHEAD)
    except BrokenProcessPool as error:
        raise ReadersError("a reading process died, of too little memory perhaps: try fewer --jobs") from error
    except BaseException:  # interrupted, or wanted no more: nobody waits for what is being read
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _pooled(
    pool: ProcessPoolExecutor,
    read: Callable[[Reader, Text], Found],
    texts: Iterable[Text],
    source: ReaderSource,
    most: int,
) -> Iterator[tuple[Text, Outcome[Found]]]:
    texts = iter(texts)
    waiting: deque[tuple[Text, Future[Outcome[Found]]]] = deque()
    while True:
        for text in islice(texts, most - len(waiting)):
            waiting.append((text, pool.submit(_read_there, read, source, text)))
        if not waiting:
            return
        text, future = waiting.popleft()
        yield text, future.result()


def _read_there(read: Callable[[Reader, Text], Found], source: ReaderSource, text: Text) -> Outcome[Found]:
    return _attempt(read, reader_of(source), text)


def _attempt(read: Callable[[Reader, Text], Found], reader: Reader, text: Text) -> Outcome[Found]:
    began = time.process_time()
    try:
        found, error = read(reader, text), None
    except Exception as failure:  # noqa: BLE001 - one bad text must not stop the rest; it is named and counted
        return Outcome(None, f"{type(failure).__name__}: {failure}"[:500], time.process_time() - began)
    return Outcome(found, error, time.process_time() - began)


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the parent, which ends its processes in good order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
