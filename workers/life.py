"""A process's own sign of life, for what looks after it without asking the store: a file, and systemd's watchdog.

The file's time says when the process was last seen to work; its content, one JSON object, says what it does. systemd
is told by datagrams on the socket of NOTIFY_SOCKET (sd_notify(3)).
"""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

BEAT_S = 2.0
_START_S = 30  # so much longer may a start take that waits for its store
NOTIFY_SOCKET = "NOTIFY_SOCKET"

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class LifeSign:
    """The signs of one process. `path` is None for no file, `socket_name` for a process that systemd did not start.

    `web` is the address that its pages are asked at, None for a process without pages.
    """

    path: Path | None = None
    socket_name: str | None = None
    role: str = ""
    web: str | None = None
    _told: bool = field(default=False, repr=False)
    _ready: bool = field(default=False, repr=False)

    def ready(self) -> None:
        """Say that the process does its work now, and beat."""
        self._ready = True
        self._notify("READY=1")
        self.beat()

    def beat(self) -> None:
        """Say that the process still works. A file that cannot be written is said once; the work goes on."""
        self._notify("WATCHDOG=1" if self._ready else f"EXTEND_TIMEOUT_USEC={_START_S * 1_000_000}")
        if self.path is None:
            return
        try:
            self._touch(self.path)
        except OSError as error:
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        if not self._told:
            setting = "TRUCEWATCH_ALIVE_FILE"
            log.error("sign_of_life_failed", path=str(self.path), why=error.strerror, setting=setting)
        self._told = True

    def stopping(self) -> None:
        """Say that the process ends in good order: it needs time, and no restart."""
        self._notify("STOPPING=1")

    def end(self) -> None:
        """Take the file away."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink()

    def _touch(self, path: Path) -> None:
        try:
            os.utime(path)
        except FileNotFoundError:
            fresh = path.with_name(f"{path.name}.{os.getpid()}")
            fresh.write_text(json.dumps({"pid": os.getpid(), "role": self.role, "web": self.web}), encoding="utf-8")
            fresh.replace(path)

    def _notify(self, words: str) -> None:
        """Send words to systemd; where nobody listens, nothing is lost but a sign."""
        if not self.socket_name:
            return
        address = "\0" + self.socket_name[1:] if self.socket_name.startswith("@") else self.socket_name
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(words.encode(), address)
