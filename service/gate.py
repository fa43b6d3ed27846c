"""Who may see the pages, and the headers that every answer carries.

A pure ASGI layer around the application: a request without the token reaches no route.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode

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


class Gate:
    """Lets in who shows the token (everyone when there is none), and adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(MutableHeaders(scope=message))
            await send(message)

        app = self._app if self._lets_in(scope) else _refusal()
        await app(scope, receive, send_with_headers)

    def _lets_in(self, scope: Scope) -> bool:
        if self._token is None or scope["path"] in OPEN_PATHS:
            return True
        return shows_token(Headers(scope=scope).get("authorization", ""), self._token)


def add_headers(headers: MutableHeaders) -> None:
    """Add the security headers; answers are kept by no cache unless they say so themselves."""
    headers.update(SECURITY_HEADERS)
    headers.setdefault("Cache-Control", "no-store")


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


def _refusal() -> ASGIApp:
    headers = {"WWW-Authenticate": 'Basic realm="trucewatch", charset="UTF-8", Bearer realm="trucewatch"'}
    words = (
        "Access needs the token of TRUCEWATCH_WEB_TOKEN: as a bearer token, or as the password with any user name.\n"
    )
    return PlainTextResponse(words, status_code=401, headers=headers)
