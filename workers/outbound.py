"""The one HTTP client: every hop is resolved, every address vetted, and the vetted one is connected to (law 9).

Bodies are capped after decompression, all of it under a total deadline. No cookies are kept, no proxy is taken from
the environment. One client belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urljoin

import aiohttp
import httpx
import yarl

from workers.addresses import Network
from workers.bodies import ENCODINGS, BodyError, read_body
from workers.connections import GuardedConnector, Lookup, Proxy, RefusedAddressError, SystemLookup, TunnelError, vet

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT_REDIRECTS = frozenset({301, 308})
MOST_URL_CHARS = 8_192
MOST_PORT = 65_535
MOST_HEADER_CHARS = 32_768  # some news sites send content security policies of more than 8 kB
MOST_HEADERS = 256
CHUNK_BYTES = 65_536
# Ports of other protocols, which a request could talk to by accident or malice: https://fetch.spec.whatwg.org, 2.9.
BAD_PORTS = frozenset({
    *(0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109),
    *(110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530),
    *(531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190),
    *(5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
})  # fmt: skip


_Words = Callable[[Any], str]
# The first row that fits any cause of a failure says what it was.
_WORDS: tuple[tuple[type[BaseException], _Words], ...] = (
    (ssl.SSLCertVerificationError, lambda error: f"the certificate is refused: {error.verify_message}"),
    (ssl.SSLError, lambda error: f"TLS failed: {error.reason or 'no reason given'}"),
    (TunnelError, lambda error: str(error.strerror)),
    (socket.gaierror, lambda error: f"the name does not resolve: {error.strerror}"),
    (TimeoutError, lambda _: "no connection within {connect}"),
    (aiohttp.ServerDisconnectedError, lambda _: "the server closed the connection without an answer"),
    (aiohttp.ClientPayloadError, lambda _: "the body breaks off"),
    (aiohttp.ClientResponseError, lambda _: "the answer is not HTTP"),
    (OSError, lambda error: f"the connection failed: {os.strerror(error.errno) if error.errno else 'no reason given'}"),
)


class OutboundError(Exception):
    """A request brought no whole reply. `permanent` is True when trying again is useless.

    `status` is that of a reply whose body could not be taken, None when there was no answer at all. The message
    names the host only, and so does `why`: paths, queries and log-ins of addresses can be credentials.
    """

    def __init__(self, url: str, why: str, *, permanent: bool = False, status: int | None = None) -> None:
        self.host = _host_of(url)
        super().__init__(f"{self.host}: {why}")
        self.why = why
        self.permanent = permanent
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request brought. `url` is where the last hop went, without log-in; header names are lower case.

    `truncated` tells that the body was cut at the cap. `permanent_url` is where 301s and 308s alone led, None when
    there was none, or when following it for good would be worse: a step from https to http, or a log-in left behind.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    truncated: bool = False
    permanent_url: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one request: seconds, and bytes of body after decompression. `cut`: keep what fits of more.

    `connect_s` is for look-up, connection and TLS of one hop; `total_s` for everything, all hops together.
    `before_hop` is asked before each hop with its address, and raises OutboundError where none is to be made.
    """

    connect_s: float = 5.0
    total_s: float = 30.0
    max_bytes: int = 10_000_000
    max_redirects: int = 0
    cut: bool = False
    before_hop: Callable[[str], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class _Call:
    """What all hops of one request share. `heads` is the status of the hop under way, as soon as it has answered."""

    method: str
    limits: Limits
    headers: Mapping[str, str]
    content: bytes | None
    heads: list[int] = field(default_factory=list)


class Outbound:
    """The client of one process; made by `open_outbound`."""

    def __init__(self, session: aiohttp.ClientSession, networks: Sequence[Network]) -> None:
        # Not httpx's client over aiohttp's transport: that costs half of the polls of a CPU-second (`make bench`).
        self._session = session
        self._networks = networks

    @property
    def networks(self) -> Sequence[Network]:
        """The private networks that requests may go to."""
        return self._networks

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

        With `max_redirects` 0 a redirect is the reply; more are for GET only. Raises OutboundError when there is no
        reply in time, or none that may be taken.
        """
        if limits.max_redirects and method not in {"GET", "HEAD"}:
            raise ValueError(f"redirects of {method} are not followed")
        call = _Call(method, limits, headers or {}, content)
        try:
            async with asyncio.timeout(limits.total_s):
                return await self._follow(call, url)
        except TimeoutError:
            status = next(iter(call.heads), None)
            raise OutboundError(url, f"no full answer within {limits.total_s:g} s", status=status) from None

    async def _follow(self, call: _Call, url: str) -> Reply:
        limits = call.limits
        start = at = _checked(url, url)
        permanent, permanent_url = True, None
        for _ in range(limits.max_redirects + 1):
            if limits.before_hop is not None:
                await limits.before_hop(str(at))
            reply = await self._hop(call, at, _for_origin(call.headers, start, at))
            location = reply.headers.get("location")
            if limits.max_redirects == 0 or reply.status not in REDIRECTS or not location:
                return Reply(reply.status, reply.url, reply.headers, reply.body, reply.truncated, permanent_url)
            before, at = at, _checked(urljoin(str(at), location), url)
            permanent = permanent and reply.status in PERMANENT_REDIRECTS and _is_safe_move(before, at)
            permanent_url = str(at) if permanent else permanent_url
        raise OutboundError(url, f"more than {limits.max_redirects} redirects")

    async def _hop(self, call: _Call, url: httpx.URL, headers: Mapping[str, str]) -> Reply:
        limits = call.limits
        bare = url.copy_with(username=None, password=None, fragment=None) if url.userinfo or url.fragment else url
        sent = {"accept-encoding": ENCODINGS, **_login(url), **headers}
        # `connect` covers the look-up of the name, `sock_connect` the connection; the whole has a deadline of its own.
        timeout = aiohttp.ClientTimeout(total=None, connect=limits.connect_s, sock_connect=limits.connect_s)
        status = None
        call.heads.clear()
        try:
            vet(bare.host, self._networks)
            response = await self._session.request(
                call.method,
                yarl.URL(str(bare), encoded=True),  # as httpx spells it: what was vetted is what is asked for
                headers=sent,
                data=call.content or None,
                allow_redirects=False,
                timeout=timeout,
            )
            status = response.status
            call.heads.append(status)
            try:
                found = _headers(response.raw_headers)
                chunks = response.content.iter_chunked(CHUNK_BYTES)
                encoding = found.get("content-encoding", "")
                body, truncated = await read_body(chunks, encoding, limits.max_bytes, cut=limits.cut)
            finally:
                response.close() if not response.content.at_eof() else response.release()
        except (RefusedAddressError, BodyError) as error:
            permanent = isinstance(error, RefusedAddressError) or error.permanent
            raise OutboundError(str(url), str(error), permanent=permanent, status=status) from None
        except aiohttp.InvalidURL:  # what the client makes of 2130706433 and 127.1
            why = "the host is neither a name nor a plainly written address"
            raise OutboundError(str(url), why, permanent=True) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # `from None`, as the libraries' own messages hold whole addresses
            raise OutboundError(str(url), _words(error, limits), status=status) from None
        return Reply(status, str(bare), found, body, truncated)


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """PEM files by which we show who we are; `key_file` None: the key is in the certificate's file."""

    cert_file: str
    key_file: str | None = None


class TlsFileError(ValueError):
    """A file of certificates cannot be used; `path` names it, the message says why and never what is in it."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


def tls_of(ca_file: str | None = None, certificate: ClientCertificate | None = None) -> ssl.SSLContext:
    """Trust the known authorities and that of `ca_file`; show the `certificate` where asked. Raises TlsFileError."""
    tls = httpx.create_ssl_context(trust_env=False)
    if ca_file:
        try:
            tls.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise TlsFileError(ca_file, _file_words(error, "no PEM file of certificates")) from None
    if certificate:
        try:
            # An empty password: a key that needs one fails, instead of asking on the terminal.
            tls.load_cert_chain(certificate.cert_file, certificate.key_file, password="")
        except (OSError, ssl.SSLError, ValueError) as error:
            why = "no PEM certificate with its key (without a password), or the two do not belong together"
            raise TlsFileError(certificate.cert_file, _file_words(error, why)) from None
    return tls


def _file_words(error: Exception, why: str) -> str:
    """Why a file cannot be used; errors of TLS are errors of the system too, with words that help nobody."""
    return str(error.strerror) if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else why


@asynccontextmanager
async def open_outbound(
    networks: Sequence[Network],
    user_agent: str,
    proxy: str | None = None,
    ca_file: str | None = None,
    lookup: Lookup | None = None,
    *,
    certificate: ClientCertificate | None = None,
) -> AsyncIterator[Outbound]:
    """Open the client. `networks` are the private ones that requests may go to; None is opened by default.

    `proxy` is `http://[user:password@]host[:port]`, asked to CONNECT to vetted addresses. `ca_file` adds an authority
    of one's own to the known ones; `certificate` is shown to servers that ask for one. `lookup` stands in for the
    system's look-up of names. Raises TlsFileError.
    """
    tls = tls_of(ca_file, certificate)
    connector = GuardedConnector(networks, tls, lookup or SystemLookup(), Proxy.of(proxy) if proxy else None)
    session = aiohttp.ClientSession(
        connector=connector,
        headers={"user-agent": user_agent},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        max_line_size=MOST_HEADER_CHARS,
        max_field_size=MOST_HEADER_CHARS,
        max_headers=MOST_HEADERS,
    )
    async with session:
        yield Outbound(session, networks)


def _checked(url: str, asked: str) -> httpx.URL:
    """Read an address, or raise OutboundError for one that no request is made to; `asked` is the first of the hops."""
    try:
        parsed = httpx.URL(url.strip() if len(url) <= MOST_URL_CHARS else "")
    except (httpx.InvalidURL, ValueError):
        raise OutboundError(asked, "the address cannot be read", permanent=True) from None
    why = None
    if parsed.scheme not in {"http", "https"}:
        why = f"scheme {parsed.scheme[:20]!r} is not allowed; allowed are http and https"
    elif not parsed.host:
        why = "the address has no host"
    elif parsed.port is not None and not 0 <= parsed.port <= MOST_PORT:
        why = f"there is no port {parsed.port}"
    elif parsed.port in BAD_PORTS:
        why = f"port {parsed.port} belongs to another protocol"
    if why:
        raise OutboundError(asked, why, permanent=True)
    return parsed


def _for_origin(headers: Mapping[str, str], start: httpx.URL, at: httpx.URL) -> Mapping[str, str]:
    """The caller's headers for one hop: what it said in confidence is for the first origin only."""
    if (start.scheme, start.host, start.port) == (at.scheme, at.host, at.port):
        return headers
    return {name: value for name, value in headers.items() if name.lower() not in {"authorization", "cookie"}}


def _is_safe_move(before: httpx.URL, after: httpx.URL) -> bool:
    return not before.userinfo and (before.scheme == "http" or after.scheme == "https")


def _login(url: httpx.URL) -> dict[str, str]:
    """The log-in of an address as the header it stands for."""
    if not url.userinfo:
        return {}
    login = unquote(url.userinfo.decode("ascii", "replace"))
    login = login if ":" in login else f"{login}:"
    return {"authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def _words(error: Exception, limits: Limits) -> str:
    """Say what went wrong without the addresses that libraries put into their messages."""
    causes = tuple(_causes(error))[::-1]  # the libraries' own errors wrap what happened, with less in them
    for kind, words in _WORDS:
        for cause in causes:
            if isinstance(cause, kind):
                return words(cause).replace("{connect}", f"{limits.connect_s:g} s")
    return type(error).__name__


def _headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; of one that comes twice the values are joined (RFC 9110 section 5.2)."""
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = _decoded(name).lower(), _decoded(value)
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _decoded(raw: bytes) -> str:
    """Header text is ASCII by the book; UTF-8 and Latin-1 occur."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _host_of(url: str) -> str:
    try:
        return httpx.URL(url).host or "?"
    except (httpx.InvalidURL, ValueError):
        return "?"
