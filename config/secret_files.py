"""Read secrets from files, as containers and systemd hand them over."""

from __future__ import annotations

import stat
from pathlib import Path

_LARGEST_BYTES = 1_000_000
# Mounts that only one container sees; their mode is the platform's choice (0444 in Docker, 0644 in Kubernetes).
_CONTAINER_MOUNTS = (Path("/run/secrets"), Path("/var/run/secrets"))


class SecretFileError(Exception):
    """A file that should hold a secret cannot be used. `path` is the file, `why` the end of a sentence."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}")
        self.path = path
        self.why = why


def read_secret(path: Path) -> str:
    """Read a UTF-8 file of at most 1 MB without the newlines at its end. Raises SecretFileError, also when empty."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise SecretFileError(path, f"cannot be read ({error.strerror})") from None
    if len(content) > _LARGEST_BYTES:
        raise SecretFileError(path, "is larger than 1 MB")
    try:
        secret = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretFileError(path, "is not UTF-8 text") from None
    if not secret.strip():
        raise SecretFileError(path, "is empty")
    return secret


def is_exposed(path: Path) -> bool:
    """Tell whether every user of the machine may read the file; one that a container was given never counts."""
    if any(path.is_relative_to(mount) for mount in _CONTAINER_MOUNTS):
        return False
    return bool(path.stat().st_mode & stat.S_IROTH)
