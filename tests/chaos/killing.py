"""Who is killed: the processes of the service by what they do, found by their parents and their commands."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

# How often each kind is killed, in parts of a hundred.
MIX = {
    "reader": 38, "sender": 28, "store": 10, "parser": 6, "poller": 6, "reader_parent": 4, "sender_parent": 4,
    "supervisor": 3, "everything": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Process:
    """A running process of the service. `parent` is the pid of its parent."""

    pid: int
    parent: int
    kind: str


def processes_under(roots: Mapping[int, str]) -> list[Process]:
    """The processes below these, and they themselves; roots are given with their kind."""
    table = _table()
    found = [Process(pid, table[pid][0], kind) for pid, kind in roots.items() if pid in table]
    queue = list(roots)
    while queue:
        above = queue.pop()
        for pid, (parent, command) in table.items():
            if parent == above and pid not in roots:
                found.append(Process(pid, parent, _kind_of(command, table.get(above, (0, ""))[1])))
                queue.append(pid)
    return found


def drawn(chance: Random) -> str:
    """Draw a kind by the mix."""
    return chance.choices(list(MIX), list(MIX.values()))[0]


def victims(found: Iterable[Process], kind: str, chance: Random) -> list[Process]:
    """Whom to kill of a kind: one process, or all there are for "everything"; nobody when there is none now."""
    known = [process for process in found if process.kind]
    if kind == "everything":
        return known
    chosen = [process for process in known if process.kind == kind]
    return [chance.choice(chosen)] if chosen else []


def kill(process: Process) -> bool:
    """Send SIGKILL; False when it is gone already."""
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
        return True
    return False


def _kind_of(command: str, parents_command: str) -> str:
    if "sandbox_child" in command:
        return "parser"
    for queue, role in (("articles", "reader"), ("alerts", "sender")):
        if command.endswith(f" {queue}"):  # a worker is its parent's fork, and has the same command
            return role if parents_command.endswith(f" {queue}") else f"{role}_parent"
    return "store" if "valkey-server" in command else ""


def _table() -> dict[int, tuple[int, str]]:
    """Every process with its parent and its command."""
    table: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except OSError:
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if state not in {"Z", "X"}:
                table[int(entry.name)] = (int(parent), command)
    return table
