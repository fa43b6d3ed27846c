"""The full text of an article's page: fetched under the guard, extracted by trafilatura in the sandbox."""

from __future__ import annotations

from dataclasses import dataclass

from workers.outbound import Limits, Outbound, OutboundError, Reply
from workers.sandbox import Sandbox, SandboxError, SandboxFault

# A page that is longer is cut: what matters stands at its beginning, and 3 MB are ten times the median page.
PAGE = Limits(connect_s=5, total_s=20, max_bytes=3_000_000, max_redirects=5, cut=True)
EXTRACT_S = 8.0
LEAST_CHARS = 200  # what is shorter is a request to accept cookies, a paywall or an error, seldom an article
OK = 200
EXTRACTION = "workers.extraction:extract_page"
_HTML = ("text/html", "application/xhtml+xml", "")
_FOR_NOW = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class FullText:
    """A page's main text, paragraphs parted by newlines.

    `title`, `canonical_url` and `language` (a tag, lower case) are what the page says of itself, None where it does
    not; the address is not vetted and may be anything that begins with http.
    """

    text: str
    title: str | None = None
    canonical_url: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class NoFullText:
    """Why a page gave no text. `permanent` is False when it may give some later."""

    reason: str
    permanent: bool = True


async def fetch_full_text(
    outbound: Outbound, sandbox: Sandbox, url: str, *, least_chars: int = LEAST_CHARS, limits: Limits = PAGE
) -> FullText | NoFullText:
    """Fetch and extract a page; every failure is a reason, since the feed's own text can be read instead.

    A text of fewer than `least_chars` characters is none: hand in the length of the feed's own where that is more.
    """
    headers = {"accept": "text/html, application/xhtml+xml;q=0.9", "accept-language": "en, *;q=0.5"}
    try:
        reply = await outbound.fetch("GET", url, limits, headers=headers)
    except OutboundError as error:
        return NoFullText(error.why, permanent=error.permanent)
    refused = _refused(reply)
    if refused is not None:
        return refused
    try:
        found = await sandbox.run(EXTRACTION, reply.body, reply.url, timeout_s=EXTRACT_S)
    except SandboxError as error:
        return NoFullText(f"the page cannot be read: {error.why}", permanent=error.fault is not SandboxFault.CRASHED)
    text, title, canonical_url, language = (str(found[name]) for name in ("text", "title", "canonical_url", "language"))
    if len(text) < least_chars:
        return NoFullText(f"the page has too little text: {len(text)} of {least_chars} characters")
    return FullText(text, title or None, canonical_url or None, language or None)


def _refused(reply: Reply) -> NoFullText | None:
    if reply.status != OK:
        return NoFullText(f"the page answered {reply.status}", permanent=reply.status not in _FOR_NOW)
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _HTML:
        return NoFullText(f"the page is of type {kind[:60]!r}, not HTML")
    return None
