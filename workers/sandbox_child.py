"""The child's side of the sandbox: takes calls from its standard input, answers with JSON, under limits.

The parent is trusted, so calls come as pickles; the child works on hostile bytes, so its answers are JSON, which can
carry nothing that runs. It dies with its parent.
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
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer calls until the parent closes the pipe."""
    parent, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    _tie_to_parent(parent)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the answers
    while (call := read_frame(calls)) is not None:
        write_frame(answers, json.dumps(_answered(call)).encode())


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


def _answered(call: bytes) -> dict[str, Any]:
    module, name, args, cpu_s = pickle.loads(call)  # noqa: S301 - from the parent only
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + cpu_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
    try:
        return {"value": getattr(importlib.import_module(module), name)(*args)}
    except MemoryError:
        return {"kind": "memory", "why": "needed more memory than it may have"}
    except Exception as error:  # noqa: BLE001 - whatever hostile input raises is an answer
        return {"kind": "raised", "why": f"{type(error).__name__}: {error}"[:500]}


def _tie_to_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent is gone, even in the middle of a call (Linux only)."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


if __name__ == "__main__":
    main()
