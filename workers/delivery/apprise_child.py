"""The process that hands one message to apprise: `python -m workers.delivery.apprise_child`, its order on stdin.

Apprise makes its own connections, so that the outbound client's guard is not in its way. Here an audit hook stands in
for it, which no code can take away again: each address is vetted where the socket connects, names are looked up before,
and no other program is started. Memory is limited, and no file is written. The parent ends this process when it takes
too long.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from typing import Any

import apprise

from workers.addresses import Network, is_allowed, literal

MOST_MEMORY = 1_000_000_000  # bytes of addresses; an answer without end is read whole by the library

SENT, FAILED, UNKNOWN, REFUSED = 0, 1, 3, 4

_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_STARTS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn", "ctypes.dlopen"}
)


class RefusedError(OSError):
    """A connection, or another program, that is not allowed."""


def main() -> int:
    """Send what standard input orders: url, title, body, networks. Returns what became of it as exit status."""
    order = json.load(sys.stdin)
    for limit, most in ((resource.RLIMIT_AS, MOST_MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    sender = apprise.Apprise()
    if not sender.add(order["url"]):
        return UNKNOWN
    refused: list[str] = []
    sys.addaudithook(guard([ip_network(one) for one in order["networks"]], refused))
    sent = sender.notify(title=order["title"], body=order["body"], body_format="text")
    if refused:
        return REFUSED
    return SENT if sent else FAILED


def guard(networks: Sequence[Network], refused: list[str]) -> Callable[[str, tuple[Any, ...]], None]:
    """The hook that lets connections go to vetted addresses only; what it refuses is noted."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _STARTS or (event in _CONNECTS and not _is_vetted(args[1], networks)):
            refused.append(event)
            raise RefusedError(f"{event} is not allowed here")

    return hook


def _is_vetted(where: object, networks: Sequence[Network]) -> bool:
    """Tell whether a socket may go there: an address of IP, written as one; None is where it is connected to."""
    if where is None:
        return True
    if not isinstance(where, tuple) or not where or not isinstance(where[0], str):
        return False
    address = literal(where[0])
    return address is not None and is_allowed(address, networks)


if __name__ == "__main__":
    sys.exit(main())
