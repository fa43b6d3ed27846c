"""The child's side of the sandbox: takes calls from its standard input, answers with JSON, under limits.

The parent is trusted, so calls come as pickles; the child works on hostile bytes, so its answers are JSON, which can
carry nothing that runs. It dies with its parent. It is started by its path with an empty environment, and learns from
the first message where modules are found: so it works however the parent was started, and knows no secret.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import pickle
import resource
import signal
import struct
import sys
from typing import Any, BinaryIO

HEADER = struct.Struct(">I")
MOST_WHY_CHARS = 300
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer calls until the parent closes the pipe, or a call leaves the process in doubt."""
    parent, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    _tie_to_parent(parent)
    _limit(memory_bytes)
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the answers
    sys.path[:] = pickle.loads(read_frame(calls) or pickle.dumps([]))  # noqa: S301 - from the parent only
    while (call := read_frame(calls)) is not None:
        answer = _answered(*pickle.loads(call))  # noqa: S301 - from the parent only
        write_frame(answers, answer)
        if answer is _OUT_OF_MEMORY:
            return  # who knows what half-made things libraries keep: the next call gets a fresh process


def read_frame(stream: BinaryIO) -> bytes | None:
    """One length-framed message, None at the end of the stream."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    return stream.read(HEADER.unpack(header)[0])


def write_frame(stream: BinaryIO, message: bytes) -> None:
    """Write one length-framed message."""
    stream.write(HEADER.pack(len(message)) + message)
    stream.flush()


_OUT_OF_MEMORY = json.dumps({"fault": "memory", "why": "needed more memory than it may have"}).encode()


def _answered(module: str, name: str | None, args: tuple[Any, ...], cpu_s: float, most_bytes: int) -> bytes:
    """The answer to one call, encoded; with no `name` the module is only loaded, outside the call's time."""
    _limit_cpu(cpu_s)
    try:
        loaded = importlib.import_module(module)
        value = getattr(loaded, name)(*args) if name else None
        answer = json.dumps({"value": value}).encode()
        if len(answer) > most_bytes:
            return _fault(f"its result has {len(answer)} bytes; {most_bytes} are allowed")
    except MemoryError:
        return _OUT_OF_MEMORY
    except Exception as error:  # noqa: BLE001 - whatever hostile input raises is an answer
        return _fault(f"{type(error).__name__}: {error}")
    return answer


def _fault(why: str) -> bytes:
    shown = "".join(letter if letter.isprintable() else " " for letter in why[:MOST_WHY_CHARS])
    return json.dumps({"fault": "raised", "why": shown}).encode()


def _limit(memory_bytes: int) -> None:
    """Bound the memory; leave no core file, and write no file at all (pipes are none)."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _limit_cpu(cpu_s: float) -> None:
    """Have the kernel end this process after so much more CPU time, in case the parent cannot: it may hang itself."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + cpu_s) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _tie_to_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent is gone, even in the middle of a call (Linux only).

    Signals to stop are for the parent, which closes the pipe: a service manager sends them to every process.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


if __name__ == "__main__":
    main()
