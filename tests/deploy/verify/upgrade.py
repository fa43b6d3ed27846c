"""Processes of an earlier revision and of this one on one store at the same time, with stories going through them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from service.embedded import EmbeddedStore
from tests.deploy.verify.outcome import NotRunError, Record, expect
from tests.deploy.verify.shell import ROOT, must, run, wait_for
from tests.deploy.verify.town import PORT, SERVER, Town
from workers.storage.migrating import FORMAT

DEADLINE_S = 90.0
# How sure a reader is, of one revision or the other, does not matter here.
_LENIENT = {"TRUCEWATCH_LEAST_CONFIDENCE": "0.1", "TRUCEWATCH_LOG_FORMAT": "json"}


def verify_upgrade(record: Record, folder: Path, revision: str) -> None:
    """Run both, one after the other begun and ended, and see that every story is told once."""
    name = f"{revision} and this revision work on one store at the same time"
    record.check(name, lambda: _together(folder, revision))


def first_of_format() -> str:
    """The earliest revision whose store has the present format: older ones refuse it (docs/deploying.md)."""
    path = "workers/storage/migrating.py"
    return must(["git", "log", "-1", "--format=%h", f"-SFORMAT = {FORMAT}", "--", path]) or "HEAD"


def _together(folder: Path, revision: str) -> str:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    old = _unpacked(folder / "old", revision)
    town = Town(folder / "town", "127.0.0.1", "127.0.0.0/8")
    store = EmbeddedStore(folder / "store")
    with ExitStack() as stack:
        stack.enter_context(_open(town))
        env = {**town.settings, **town.webhook, **_LENIENT, "TRUCEWATCH_REDIS_URL": store.start()}
        stack.callback(store.stop)
        logs = {name: folder / f"{name}.log" for name in ("old", "new")}
        with ExitStack() as first:
            for role in ("poll", "work"):
                first.enter_context(_running(old, role, env, logs["old"]))
            _tell(town, logs)
            for role in ("poll", "work"):
                stack.enter_context(_running(ROOT, role, env, logs["new"]))
            _tell(town, logs)
            _tell(town, logs)
        _tell(town, logs)  # by this revision alone
    wrong = [line for path in logs.values() for line in path.read_text().splitlines() if '"level": "error"' in line]
    expect(not wrong, "\n".join(wrong)[:1500])
    return f"{town.told} stories"


def _tell(town: Town, logs: dict[str, Path]) -> None:
    town.publish()
    town.told += 1
    told = town.told
    ends = "; ".join(f"{name}: {path}" for name, path in logs.items())
    wait_for(lambda: len(town.alerts()) >= told, f"alert {told} ({ends})", DEADLINE_S)
    town.check()


def _unpacked(folder: Path, revision: str) -> Path:
    if run(["git", "rev-parse", "--verify", f"{revision}^{{commit}}"]).code:
        raise NotRunError(f"the repository has no revision {revision}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    packed = subprocess.run(["git", "archive", revision], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed, check=True)
    found = must([sys.executable, "-c", "import service; print(service.__file__)"], cwd=folder)
    expect(found.startswith(str(folder)), f"{folder} is not what would run, but {found}")
    return folder


@contextmanager
def _running(source: Path, role: str, env: dict[str, str], log: Path) -> Iterator[None]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("TRUCEWATCH_")}
    with log.open("ab") as out:
        command = [sys.executable, "-m", "service", role]
        process = subprocess.Popen(command, cwd=source, env={**clean, **env}, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.terminate()
        expect(process.wait(timeout=90) == 0, f"`{role}` of {source} ended with {process.returncode}: see {log}")


@contextmanager
def _open(town: Town) -> Iterator[None]:
    """The town as a process on loopback."""
    process = subprocess.Popen([sys.executable, str(SERVER), str(town.folder), str(PORT)])
    try:
        wait_for(_listens, "the town's port", 30)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _listens() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", PORT)) == 0
