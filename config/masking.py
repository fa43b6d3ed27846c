"""Hide what must not be read on a screen or in a log: secrets in addresses, control characters in foreign text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

MASK = "***"

_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>\\]+")
_SECRET_PARAMETER = re.compile(r"(?i)([?&][^=&]*(?:key|token|secret|auth|pass|sig)[^=&]*=)[^&#]+")
_PASSWORD = re.compile(r"://[^/@]*?:([^/@]+)@")
_SIGNING_KEY = re.compile(r"whsec_[^\s\"',]+")
_SHORTEST_SECRET = 6  # replacing shorter ones would garble ordinary words


def mask_url(url: str, *, whole: bool = False) -> str:
    """Hide the user, the password and secret-looking parameters of an address; with `whole`, all behind the host.

    Webhook addresses are masked whole: for chat services the path is the secret, in addresses of apprise all may be.
    An unreadable address is MASK.
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return MASK
    if whole and parts.scheme.startswith("apprise+"):
        return f"{parts.scheme}://{MASK}"
    if whole:
        return f"{parts.scheme}://{host}/{MASK}"
    login = f"{MASK}@" if "@" in parts.netloc else ""
    rest = url.partition("://")[2][len(parts.netloc) :]
    return f"{parts.scheme}://{login}{host}" + _SECRET_PARAMETER.sub(rf"\1{MASK}", rest)


def mask_urls_in(text: str) -> str:
    """Apply `mask_url` to every address inside a text."""
    return _ADDRESS.sub(lambda found: mask_url(found.group()), text)


def urls_in(text: str) -> tuple[str, ...]:
    """Find the addresses in a text, in order; quotes, white space and backslashes end one."""
    return tuple(_ADDRESS.findall(text))


def secret_parts(text: str) -> tuple[str, ...]:
    """List what is secret inside a secret text: its addresses, their passwords, signing keys (`whsec_…`)."""
    addresses = urls_in(text)
    passwords = [unquote(login.group(1)) for address in addresses if (login := _PASSWORD.search(address))]
    bare = [address.partition("+")[2] for address in addresses if "+" in address.partition("://")[0]]
    return (*addresses, *bare, *passwords, *_SIGNING_KEY.findall(text))


def mask_values(text: str, secrets: Iterable[str]) -> str:
    """Replace every occurrence of a secret by MASK, the longest first; those under 6 characters are left alone."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return text


def without_controls(text: str, *, keep: str = "") -> str:
    """Replace by a space every character that could steer a terminal or reorder a line, save those in `keep`.

    These are the Unicode categories Cc (escape, newline, C1), Cf (bidirectional overrides, zero width) and the line
    and paragraph separators; lone surrogates too, which no stream can encode.
    """
    if text.isprintable():
        return text
    return "".join(
        " " if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs"} and char not in keep else char
        for char in text
    )
