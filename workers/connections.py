"""Open connections to vetted addresses only, straight or through a proxy's tunnel (DESIGN law 9).

Every name is looked up once; its addresses are vetted, and the socket is made for one of those. The vetting is done
again where the socket is made, which is the only way to a connection: no second look-up can slip in between.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from workers.addresses import Network, is_allowed, literal

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]

KEEP_ALIVE_S = 2.0  # long enough for redirects; each idle connection holds a file, and feeds come back after minutes
LOOKUPS_AT_ONCE = 64
MOST_ADDRESSES = 8  # tried in turn; a hostile name server may give thousands
MOST_PROXY_HEAD_BYTES = 16_384
_HEAD_END = b"\r\n\r\n"


class RefusedAddressError(Exception):
    """An address, or all addresses of a name, that requests may not go to."""


class TunnelError(OSError):
    """The proxy did not open a tunnel to the target."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that is asked to CONNECT. `authorization` is the header's value, None without credentials."""

    host: str
    port: int
    authorization: str | None = None

    @classmethod
    def of(cls, url: str) -> Proxy:
        """Read `http://[user:password@]host[:port]`. Raises ValueError, without the address, for anything else."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("the proxy must be given as http://[user:password@]host[:port]")
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        basic = f"Basic {base64.b64encode(login.encode()).decode()}" if parts.username else None
        return cls(parts.hostname, parts.port or 80, basic)


def vet(host: str, networks: Sequence[Network]) -> None:
    """Raise RefusedAddressError when `host` is an address that is not allowed; a name passes."""
    address = literal(host)
    if address is not None and not is_allowed(address, networks):
        raise RefusedAddressError(f"address {address} is not public, and no setting opens its network")


class SystemLookup:
    """The system's own look-up of names, in threads that nobody waits for: a name server that hangs delays no exit."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(LOOKUPS_AT_ONCE)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host. Raises OSError when it has none."""
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[str]] = loop.create_future()

        def settle(addresses: Sequence[str] | None, error: OSError | None) -> None:
            self._places.release()
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(addresses or ())

        def look_up() -> None:
            addresses, error = _looked_up(host, port)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, addresses, error)

        threading.Thread(target=look_up, name="lookup", daemon=True).start()
        return await answer


class VettingResolver(AbstractResolver):
    """Resolves names to those of their addresses that are allowed; a name without any is refused."""

    def __init__(self, lookup: Lookup, networks: Sequence[Network]) -> None:
        self._lookup = lookup
        self._networks = networks

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - the library's signature
    ) -> list[ResolveResult]:
        """The vetted addresses of a host; the connector connects to these and to nothing else."""
        found = list(dict.fromkeys(literal(address) for address in await self._lookup(host, port)))
        allowed = [address for address in found if address is not None and is_allowed(address, self._networks)]
        if not allowed:
            shown = ", ".join(sorted(str(address) for address in found)[:3]) or "nothing"
            raise RefusedAddressError(f"the name leads to {shown}: not public, and no setting opens its network")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=_family(str(address)),
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in allowed[:MOST_ADDRESSES]
        ]

    async def close(self) -> None:
        """Nothing to close."""


class GuardedConnector(aiohttp.TCPConnector):
    """Connects to vetted addresses only; with a proxy, by a tunnel through it to the vetted address."""

    def __init__(self, networks: Sequence[Network], tls: ssl.SSLContext, lookup: Lookup, proxy: Proxy | None) -> None:
        def vetted_socket(address_info: aiohttp.AddrInfoType) -> socket.socket:
            if proxy is not None:  # nothing may go past the proxy
                raise RefusedAddressError("a connection past the proxy was about to be made")
            family, kind, protocol, _, where = address_info
            vet(str(where[0]), networks)
            made = socket.socket(family, kind, protocol)
            made.setblocking(False)  # noqa: FBT003 - the library's signature
            return made

        super().__init__(
            resolver=VettingResolver(lookup, networks),
            use_dns_cache=False,  # a server that moves is found at once, and the system's resolver has its own cache
            ssl=tls,
            limit=0,  # callers bound how many requests they make at once
            keepalive_timeout=KEEP_ALIVE_S,
            socket_factory=vetted_socket,
        )
        self._networks, self._proxy, self._lookup = networks, proxy, lookup

    async def _wrap_create_connection(self, *args: Any, **kwargs: Any) -> tuple[asyncio.Transport, ResponseHandler]:
        # aiohttp has no public place for this. Should a release move it, `vetted_socket` refuses all connections
        # while a proxy is set, and the tests of the tunnel fail.
        if self._proxy is None:
            return await super()._wrap_create_connection(*args, **kwargs)
        options = {name: kwargs[name] for name in ("ssl", "server_hostname") if name in kwargs}
        async with asyncio.timeout(kwargs["timeout"].sock_connect):
            tunnel = await self._tunnel(self._proxy, kwargs["addr_infos"])
            try:
                return await self._loop.create_connection(*args, sock=tunnel, **options)
            except BaseException:
                tunnel.close()
                raise

    async def _tunnel(self, proxy: Proxy, targets: Sequence[aiohttp.AddrInfoType]) -> socket.socket:
        """A tunnel to the first of the vetted targets that the proxy can reach, IPv4 ones first."""
        trouble: OSError = TunnelError(0, "no address to ask the proxy for")
        for target in sorted(targets, key=lambda target: target[0] != socket.AF_INET):
            address, port = str(target[4][0]), int(target[4][1])
            vet(address, self._networks)
            made = await _connected(proxy, await self._lookup(proxy.host, proxy.port))
            try:
                await _opened(made, proxy, f"[{address}]:{port}" if ":" in address else f"{address}:{port}")
            except OSError as error:
                made.close()
                trouble = error
            except BaseException:
                made.close()
                raise
            else:
                return made
        raise trouble


async def _opened(made: socket.socket, proxy: Proxy, target: str) -> None:
    """Ask the proxy at the other end of the socket for a tunnel to `target`."""
    loop = asyncio.get_running_loop()
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    lines += [f"Proxy-Authorization: {proxy.authorization}"] if proxy.authorization else []
    await loop.sock_sendall(made, "\r\n".join([*lines, "", ""]).encode())
    head = b""
    while not head.endswith(_HEAD_END):
        byte = await loop.sock_recv(made, 1)  # one by one: what follows the head belongs to the target
        head += byte
        if not byte or len(head) > MOST_PROXY_HEAD_BYTES:
            raise TunnelError(0, "the proxy did not answer as one")
    _version, _, status = head.split(b"\r\n")[0].decode("latin-1").partition(" ")
    if not status.startswith("2"):
        raise TunnelError(0, f"the proxy refused the tunnel: {status[:3] if status[:3].isdecimal() else '?'}")


async def _connected(proxy: Proxy, addresses: Sequence[str]) -> socket.socket:
    """A socket to the first of the proxy's addresses that answers. The operator named it: it is not vetted."""
    trouble: OSError = TunnelError(0, "the proxy's name has no address")
    for address in addresses:
        made = socket.socket(_family(address), socket.SOCK_STREAM)
        made.setblocking(False)  # noqa: FBT003 - the library's signature
        try:
            await asyncio.get_running_loop().sock_connect(made, (address, proxy.port))
        except OSError as error:
            made.close()
            trouble = TunnelError(error.errno, f"no connection to the proxy: {error.strerror}")
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise trouble


def _looked_up(host: str, port: int) -> tuple[Sequence[str] | None, OSError | None]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return None, error
    except UnicodeError:
        return None, OSError(0, "the host is no name that can be looked up")
    return [str(entry[4][0]) for entry in found], None


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
