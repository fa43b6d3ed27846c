"""Who may see the pages, and the headers that every answer carries.

A pure ASGI layer around the application: a request without the token reaches no route.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Sequence
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN_PATHS = frozenset({"/healthz", "/readyz"})  # probes carry no token and learn nothing but the state
_LONGEST_AUTHORIZATION = 4096

SECURITY_HEADERS = {
    # No script, frame, form, image or font from anywhere: the pages need a stylesheet and nothing else.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex, nofollow",
}


_CHALLENGE = 'Basic realm="trucewatch", charset="UTF-8", Bearer realm="trucewatch"'
_LOCKED = "Access needs the token of TRUCEWATCH_WEB_TOKEN: as bearer token, or as password with any user name.\n"
_WRONG_HOST = "Not the name of this service: set TRUCEWATCH_WEB_URL to its address, or TRUCEWATCH_WEB_TOKEN.\n"


class Gate:
    """Lets in who shows the token, and adds the security headers to every answer.

    Without a token it lets in who asks by a loopback address or one of `hosts`: a web page of a stranger whose name is
    made to resolve to this machine (DNS rebinding) asks by that name.
    """

    def __init__(self, app: ASGIApp, token: str | None, hosts: Sequence[str] = ()) -> None:
        self._app = app
        self._token = token
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(MutableHeaders(scope=message))
            await send(message)

        await (self._refusal(scope) or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        if scope["path"] in OPEN_PATHS:
            return None
        if self._token is None:
            host = host_of(headers.get("host", ""))
            return None if host in self._hosts or is_loopback(host) else PlainTextResponse(_WRONG_HOST, 421)
        if shows_token(headers.get("authorization", ""), self._token):
            return None
        return PlainTextResponse(_LOCKED, 401, {"WWW-Authenticate": _CHALLENGE})


def add_headers(headers: MutableHeaders) -> None:
    """Add the security headers; answers are kept by no cache unless they say so themselves."""
    headers.update(SECURITY_HEADERS)
    headers.setdefault("Cache-Control", "no-store")


def host_of(header: str) -> str:
    """The name or address in a Host header, without port and brackets, in lower case."""
    host = header.rpartition("]")[0].lstrip("[") if header.startswith("[") else header.partition(":")[0]
    return host.lower().rstrip(".")


def is_loopback(host: str) -> bool:
    """Tell whether it names this machine itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def shows_token(authorization: str, token: str) -> bool:
    """Tell whether an Authorization header shows the token: as Bearer, or as the password of HTTP Basic (RFC 7617).

    Compared in constant time.
    """
    scheme, _, credentials = authorization[:_LONGEST_AUTHORIZATION].partition(" ")
    shown: bytes | None = None
    if scheme.lower() == "bearer":
        shown = credentials.strip().encode("latin-1", "replace")
    elif scheme.lower() == "basic":
        shown = _password(credentials.strip())
    return shown is not None and hmac.compare_digest(shown, token.encode())


def _password(credentials: str) -> bytes | None:
    try:
        _, colon, password = b64decode(credentials, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return password if colon else None
