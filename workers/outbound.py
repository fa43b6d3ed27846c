"""The one HTTP client: every hop is resolved, every address vetted, and the vetted one is connected to (law 9).

Bodies are capped after decompression, under a total deadline. No cookies are kept, no environment proxy is used.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp import AiohttpTransport

from workers.addresses import Network, is_allowed, literal

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT_REDIRECTS = frozenset({301, 308})
CONNECTIONS_AT_ONCE = 200
_ZLIB_OR_GZIP = 47  # window bits: 15, and 32 for "tell zlib and gzip apart by the header"


class OutboundError(Exception):
    """A request brought no reply. `permanent` is True when trying again is useless.

    The message names the host only: paths of webhooks are credentials.
    """

    def __init__(self, url: str, why: str, *, permanent: bool = False) -> None:
        self.host = urlsplit(url).hostname or "?"
        super().__init__(f"{self.host}: {why}")
        self.why = why
        self.permanent = permanent


class RefusedAddressError(OSError):
    """A name resolved to an address that requests may not go to."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request brought. `url` is where the last hop went; header names are lower case.

    `truncated` tells that the body was cut at the cap. `permanent_url` is where 301s and 308s alone led, else None.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    truncated: bool = False
    permanent_url: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one request: seconds, and bytes of body after decompression. `cut`: keep what fits of more."""

    connect_s: float = 5.0
    total_s: float = 30.0
    max_bytes: int = 10_000_000
    max_redirects: int = 0
    cut: bool = False


class VettingResolver(AbstractResolver):
    """Resolves names, and refuses the whole name when any of its addresses is not allowed."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The vetted addresses of a host; the connector connects to these and to nothing else."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            vet(address, self._networks)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=entry[0], proto=0, flags=socket.AI_NUMERICHOST)
            for address, entry in zip(addresses, found, strict=True)
        ]

    async def close(self) -> None:
        """Nothing to close."""


def vet(host: str, networks: Sequence[Network]) -> None:
    """Raise RefusedAddressError when `host` is an address that is not allowed; a name passes."""
    address = literal(host)
    if address is not None and not is_allowed(address, networks):
        raise RefusedAddressError(f"address {address} is not public, and no setting opens its network")


@dataclass(frozen=True, slots=True)
class Outbound:
    """The client of one process; made by `open_outbound`."""

    client: httpx.AsyncClient
    networks: Sequence[Network]
    proxied: bool = False
    _resolver: VettingResolver = field(default_factory=lambda: VettingResolver(()))

    async def fetch(
        self,
        method: str,
        url: str,
        limits: Limits,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Reply:
        """Make one request, following at most `limits.max_redirects` redirects, each hop vetted.

        Raises OutboundError when there is no reply in time, or none that may be taken.
        """
        try:
            async with asyncio.timeout(limits.total_s):
                return await self._follow(method, url, limits, headers or {}, content)
        except TimeoutError as error:
            raise OutboundError(url, f"no full answer within {limits.total_s:g} s") from error

    async def _follow(
        self, method: str, url: str, limits: Limits, headers: Mapping[str, str], content: bytes | None
    ) -> Reply:
        at, permanent_url, permanent = url, None, True
        for _ in range(limits.max_redirects + 1):
            reply = await self._hop(method, at, limits, headers, content)
            location = reply.headers.get("location")
            if limits.max_redirects == 0 or reply.status not in REDIRECTS or not location:
                return Reply(reply.status, at, reply.headers, reply.body, reply.truncated, permanent_url)
            at = urljoin(at, location)
            permanent = permanent and reply.status in PERMANENT_REDIRECTS
            permanent_url = at if permanent else permanent_url
        raise OutboundError(url, f"more than {limits.max_redirects} redirects")

    async def _hop(
        self, method: str, url: str, limits: Limits, headers: Mapping[str, str], content: bytes | None
    ) -> Reply:
        try:
            request = await self._request(method, url, headers, content, limits)
            response = await self.client.send(request, stream=True)
            try:
                body, truncated = await _read(response, url, limits)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise OutboundError(url, _words(error), permanent=_is_refusal(error)) from error
        except RefusedAddressError as error:
            raise OutboundError(url, str(error), permanent=True) from error
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise OutboundError(url, _words(error)) from error
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, url, lowered, body, truncated)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, limits: Limits
    ) -> httpx.Request:
        parts = _checked(url)
        host = str(parts.hostname)
        vet(host, self.networks)
        extensions: dict[str, Any] = {"timeout": {"connect": limits.connect_s, "read": limits.total_s}}
        sent = {"accept-encoding": "gzip, deflate", **headers}
        if self.proxied:
            # The proxy is told the vetted address, never a name that it might resolve to another one.
            found = await self._resolver.resolve(host, parts.port or 0)
            extensions["sni_hostname"] = host
            sent["host"] = parts.netloc.rpartition("@")[2]
            url = _with_host(url, found[0]["host"])
        return self.client.build_request(method, url, headers=sent, content=content, extensions=extensions)


@asynccontextmanager
async def open_outbound(
    networks: Sequence[Network], user_agent: str, proxy: str | None = None, ca_file: str | None = None
) -> AsyncIterator[Outbound]:
    """Open the client. `networks` are the private ones that requests may go to; `ca_file` adds an own authority."""
    tls = ssl.create_default_context()
    if ca_file:
        tls.load_verify_locations(ca_file)
    resolver = VettingResolver(networks)
    # With a proxy, targets are addresses already, and the only name left to resolve is the proxy's own.
    connector = aiohttp.TCPConnector(
        resolver=None if proxy else resolver,
        use_dns_cache=False,
        ssl=tls,
        limit=CONNECTIONS_AT_ONCE,
        happy_eyeballs_delay=0.25,
    )
    session = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
    )
    transport = AiohttpTransport(client=session, proxy=httpx.Proxy(proxy) if proxy else None)
    async with httpx.AsyncClient(
        transport=transport, headers={"user-agent": user_agent}, follow_redirects=False, trust_env=False
    ) as client:
        yield Outbound(client, networks, proxied=proxy is not None, _resolver=resolver)


async def _read(response: httpx.Response, url: str, limits: Limits) -> tuple[bytes, bool]:
    """Read and inflate the body, never holding more than the cap and one chunk."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    inflate = _inflater(encoding, url)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += inflate(chunk, limits.max_bytes + 1 - len(body))
        if len(body) > limits.max_bytes:
            if limits.cut:
                return bytes(body[: limits.max_bytes]), True
            raise OutboundError(url, f"body larger than {limits.max_bytes} bytes")
    return bytes(body), False


class _Inflater:
    """Inflates gzip or deflate chunk by chunk, never more than asked for."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._inflater = zlib.decompressobj(_ZLIB_OR_GZIP)
        self._first = True

    def __call__(self, chunk: bytes, most: int) -> bytes:
        try:
            return self._inflater.decompress(chunk, most)
        except zlib.error as error:
            if not self._first:
                raise OutboundError(self._url, f"body is not what its encoding says: {error}") from error
            # Some servers send deflate without the zlib header that RFC 9110 section 8.4.1.2 asks for.
            self._inflater = zlib.decompressobj(-15)
            return self(chunk, most)
        finally:
            self._first = False


def _inflater(encoding: str, url: str) -> Any:
    if encoding in ("", "identity"):
        return lambda chunk, most: chunk[: max(most, 0)]
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Inflater(url)
    raise OutboundError(url, f"content encoding {encoding[:40]!r} was not asked for")


def _checked(url: str) -> Any:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise RefusedAddressError(f"scheme {parts.scheme[:20]!r} is not allowed; allowed are http and https")
    if not parts.hostname:
        raise RefusedAddressError("the address has no host")
    return parts


def _with_host(url: str, address: str) -> str:
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    return urlunsplit(parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host))


def _is_refusal(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, RefusedAddressError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _words(error: Exception) -> str:
    """Say what went wrong without the address that libraries put into their messages."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RefusedAddressError):
            return str(cause)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate refused: {cause.verify_message}"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
