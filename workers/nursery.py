"""The parent of one worker: loads once what takes seconds, forks the worker, and forks another when it has died.

A worker that is killed is back within a fraction of a second, with the language model in memory that it shares with
its parent until it writes there. The parent has no store, no thread and no event loop: nothing of it breaks by a fork.
It also is the watchdog of jobs that hang where no exception reaches them.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

import structlog

from workers.life import LifeSign
from workers.watch import Watch

LOOK_S = 0.5  # how late a hung job is noticed
HEALTHY_S = 5.0
PAUSES_S = (0.0, 0.1, 0.5, 1.0, 2.0)  # before a worker that died young is followed by the next; the last is repeated
MOST_FAILURES = 5  # of its own, young and in a row: whoever keeps the parent then sees it end
_MOST_DEAD = 20
_FATAL_CODES = frozenset({2})  # wrong settings: the next worker would say the same
_ORDERS = (signal.SIGTERM, signal.SIGINT)
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger(__name__)

Work = Callable[[Sequence[int]], int]
"""Be the worker: it is given the pids of those that died before it, and returns its exit code."""


@dataclass(slots=True)
class Nursery:
    """Keeps one worker process. `name` is for the log; `kept` tells of the worker's job in hand.

    `life` is shown for both: a worker that hangs is ended from here.
    """

    name: str
    work: Work
    kept: Watch
    life: LifeSign = field(default_factory=LifeSign)
    _dead: list[int] = field(default_factory=list)
    _failures: int = 0
    _young: int = 0
    _stops: int = 0

    def run(self) -> int:
        """Keep a worker until told to stop, or until it fails time and again; returns the exit code.

        SIGTERM and SIGINT are handed on to the worker; the second one kills it. A worker that ends well while it was
        not told to has done its share of jobs and is followed by the next.
        """
        with _Bell() as bell:
            self.life.ready()
            while True:
                began = time.monotonic()
                pid = self._forked(bell)
                code = self._ended(pid, bell)
                if self._stops or code in _FATAL_CODES:
                    return _shown(code)
                if not self._goes_on(pid, code, time.monotonic() - began):
                    return code
                self._stops += bell.wait(self._pause_s())
                if self._stops:
                    return 0

    def _forked(self, bell: _Bell) -> int:
        self.kept.clear()
        parent = os.getpid()
        # An order to stop that comes as the worker begins must find either handler, never the parent's in the worker.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ORDERS)
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ORDERS)
            return pid
        code = 1
        try:
            bell.leave()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ORDERS)
            _die_with(parent)
            code = self.work(tuple(self._dead))
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0 if left.code is None else 1
        except BaseException:
            log.exception("worker_crashed", worker=self.name)
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)  # what the parent has open is the parent's to close

    def _ended(self, pid: int, bell: _Bell) -> int:
        """Wait for the worker's end; returns its exit code, negative for a signal."""
        told = 0
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            self.life.beat()
            self._stops += bell.wait(LOOK_S)
            if self._stops > told:
                told = self._stops
                self.life.stopping()
                os.kill(pid, signal.SIGTERM if told == 1 else signal.SIGKILL)
            elif (job := self.kept.hung()) is not None:
                log.error("worker_hung", worker=self.name, pid=pid, job=job)
                os.kill(pid, signal.SIGKILL)

    def _goes_on(self, pid: int, code: int, lived_s: float) -> bool:
        """Note an end; False when the worker fails time and again, which another parent may mend."""
        self._dead = [*self._dead, pid][-_MOST_DEAD:]
        young = lived_s < HEALTHY_S
        self._young = self._young + 1 if young else 0
        self._failures = self._failures + 1 if code > 0 and young else 0
        level = log.info if code == 0 and not young else log.warning
        level("worker_ended", worker=self.name, pid=pid, code=code, lived_s=round(lived_s, 1))
        return self._failures < MOST_FAILURES

    def _pause_s(self) -> float:
        return PAUSES_S[min(self._young, len(PAUSES_S) - 1)]


class _Bell:
    """Wakes the parent for signals: of its child's death and of the order to stop."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._before: Mapping[int, object] = {}
        self._orders = 0

    def __enter__(self) -> Self:
        self._reader.setblocking(False)  # noqa: FBT003
        self._writer.setblocking(False)  # noqa: FBT003
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in _ORDERS:
            signal.signal(number, self._order)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Put the signals back as they were: in the child, and at the end."""
        signal.set_wakeup_fd(-1)
        for number in (*_ORDERS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        self._reader.close()
        self._writer.close()

    def wait(self, longest_s: float) -> int:
        """Wait for a signal, so many seconds at most; returns how many orders to stop came since the last look."""
        if not self._orders:
            select.select([self._reader], [], [], longest_s)
        with suppress(BlockingIOError):
            while self._reader.recv(1024):
                pass
        orders, self._orders = self._orders, 0
        return orders

    def _order(self, _number: int, _frame: object) -> None:
        self._orders += 1


def _shown(code: int) -> int:
    """The exit code of a parent whose worker ended so: a worker that the order to stop found unready ended well."""
    return 0 if code == -signal.SIGTERM else code if code >= 0 else 128 - code


def _die_with(parent: int) -> None:
    """Have the kernel kill this process as soon as its parent dies (Linux only); the tie is the parent's thread's."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
