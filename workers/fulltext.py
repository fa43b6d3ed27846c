"""The full text of an article's page: fetched under the guard, extracted by trafilatura in the sandbox."""

from __future__ import annotations

from dataclasses import dataclass

import trafilatura

from workers.outbound import Limits, Outbound, OutboundError
from workers.sandbox import Sandbox, SandboxError

PAGE = Limits(connect_s=5, total_s=20, max_bytes=5_000_000, max_redirects=5)
EXTRACT_S = 8.0
OK = 200


@dataclass(frozen=True, slots=True)
class FullText:
    """A page's main text, paragraphs parted by newlines."""

    text: str


@dataclass(frozen=True, slots=True)
class NoFullText:
    """Why a page gave no text."""

    reason: str


async def fetch_full_text(outbound: Outbound, sandbox: Sandbox, url: str) -> FullText | NoFullText:
    """Fetch and extract a page; every failure is a reason, since the feed's own text can be read instead."""
    try:
        reply = await outbound.fetch("GET", url, PAGE, headers={"accept": "text/html, application/xhtml+xml"})
        if reply.status != OK:
            return NoFullText(f"the page answered {reply.status}")
        text = await sandbox.run(extract_text, reply.body, reply.url, timeout_s=EXTRACT_S)
    except OutboundError as error:
        return NoFullText(error.why)
    except SandboxError as error:
        return NoFullText(f"the page cannot be read: {error.why}")
    return FullText(text) if text else NoFullText("the page has no text")


def extract_text(page: bytes, url: str) -> str:
    """Extract a page's main text (in the sandbox); empty when there is none."""
    found = trafilatura.extract(page, url=url, include_comments=False, include_tables=False, favor_precision=True)
    return found or ""
