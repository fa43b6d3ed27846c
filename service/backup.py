"""A backup is one file: JSON Lines, gzipped. A head, a line for each key of the store, an end that counts and vouches.

It is written beside its place and moved there when it is whole, and read to its end before anything is restored.
"""

from __future__ import annotations

import gzip
import json
import os
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from workers.storage.archive import Kept

VERSION = 1
_LEVEL = 3  # twice as fast as 6 and a tenth larger, on 100,000 statements


class BackupError(Exception):
    """A file is no backup, or a damaged one; the message names it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


@dataclass(frozen=True, slots=True)
class Head:
    """What a backup is of: the store's own record, when it was made (RFC 3339), and by which version."""

    store: Mapping[str, str]
    made_at: str
    made_by: str

    @property
    def store_format(self) -> int:
        """The format of the store."""
        return int(self.store["format"])


def write_backup(path: Path, head: Head, kept: Iterable[Kept]) -> int:
    """Write a backup that only its owner may read; returns how many keys it has. Raises OSError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    moment_ms = int(time.time() * 1000)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_LEVEL, filename="", mtime=0) as out:
                count, digest = 0, sha256()
                for line in _lines(head, kept, moment_ms):
                    out.write(line)
                    digest.update(line)
                    count += 1
                out.write(_json({"end": count - 1, "sha256": digest.hexdigest()}))
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    return count - 1


def check_backup(path: Path) -> tuple[Head, int]:
    """Read a backup to its end; returns its head and how many keys it has. Raises BackupError."""
    digest, count, end, head = sha256(), 0, None, None
    for line in _read(path):
        if end is not None:
            raise BackupError(path, "it goes on behind its end")
        found = _parsed(path, line)
        if head is None:
            head = _head(path, found)
        elif "end" in found:
            end = found
            continue
        else:
            count += 1
        digest.update(line)
    if head is None or end is None:
        raise BackupError(path, "it is cut off")
    if (end["end"], end.get("sha256")) != (count, digest.hexdigest()):
        raise BackupError(path, "it is damaged: its sum does not fit")
    return head, count


def read_backup(path: Path) -> Iterator[Kept]:
    """The keys of a backup that was checked, with what is left of their lives now."""
    now_ms = int(time.time() * 1000)
    for number, line in enumerate(_read(path)):
        found = _parsed(path, line)
        if number and "end" not in found:
            expires = found.get("x")
            if expires is None or expires > now_ms:
                yield Kept(found["k"], found["t"], found["v"], None if expires is None else expires - now_ms)


def _lines(head: Head, kept: Iterable[Kept], moment_ms: int) -> Iterator[bytes]:
    facts = {"store": dict(head.store), "made_at": head.made_at, "made_by": head.made_by}
    yield _json({"trucewatch_backup": VERSION, **facts})
    for one in kept:
        expires = {} if one.left_ms is None else {"x": moment_ms + one.left_ms}
        yield _json({"k": one.key, "t": one.kind, **expires, "v": one.value})


def _read(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as lines:
            yield from lines
    except (OSError, EOFError, zlib.error) as error:
        raise BackupError(path, f"it cannot be read: {error}") from None


def _parsed(path: Path, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BackupError(path, "it is no backup of trucewatch")
    return found


def _head(path: Path, found: dict[str, Any]) -> Head:
    if "trucewatch_backup" not in found:
        raise BackupError(path, "it is no backup of trucewatch")
    if found["trucewatch_backup"] != VERSION:
        raise BackupError(path, f"its version {found['trucewatch_backup']} is not known here; {VERSION} is")
    return Head(found["store"], str(found["made_at"]), str(found["made_by"]))


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
