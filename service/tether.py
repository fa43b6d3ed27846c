"""Become another program that the kernel kills as soon as its parent dies, however that dies (Linux only).

Run as a script, `python tether.py PARENT_PID PROGRAM ARGUMENT…`, since the tie must be made inside the child after the
fork: Python code run between fork and exec (`preexec_fn`) can hang for ever in a process that has threads. The tie
outlives the exec (prctl(2), PR_SET_PDEATHSIG). Elsewhere than on Linux it is the plain program.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_EXIT_NOT_STARTED = 127


def main() -> None:
    """Tie this process to its parent and become the program of the command line; exit 127 when it cannot be run."""
    parent, argv = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(_EXIT_NOT_STARTED)  # the parent died before the tie was made
    try:
        os.execvp(argv[0], argv)  # noqa: S606  no shell: the arguments are ours
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        sys.exit(_EXIT_NOT_STARTED)


if __name__ == "__main__":
    main()
