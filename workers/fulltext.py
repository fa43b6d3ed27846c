"""The full text of an article's page: fetched under the guard, extracted by trafilatura in the sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from workers.outbound import Limits, Outbound, OutboundError, Reply
from workers.robots import ROBOTS_WORDS
from workers.sandbox import Sandbox, SandboxError, SandboxFault

# A page that is longer is cut: what matters stands at its beginning, and 3 MB are ten times the median page.
PAGE = Limits(connect_s=5, total_s=20, max_bytes=3_000_000, max_redirects=5, cut=True)
EXTRACT_S = 8.0
LEAST_CHARS = 200  # what is shorter is an error, or a page that is made by scripts, seldom an article
OK = 200
CONSENT_WORDS = "the page asks for consent to cookies, and shows no article"
EXTRACTION = "workers.extraction:extract_page"
_HTML = ("text/html", "application/xhtml+xml", "")
_LISTS = (("paywall", "words"), ("consent", "words"), ("consent", "hosts"))
_FOR_NOW = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class PageRules:
    """How pages are known that show no article: words of paywalls and of pleas for consent, hosts of the latter."""

    words: Mapping[str, Sequence[str]]
    consent_hosts: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> PageRules:
        """Read the rules from parsed TOML. Raises ValueError where a list is missing or is none of strings."""
        lists = {(table, key): data.get(table, {}).get(key) for table, key in _LISTS}
        for (table, key), found in lists.items():
            if not isinstance(found, list) or not all(isinstance(word, str) and word for word in found):
                raise ValueError(f"[{table}] {key} must be a list of words")
        words = {table: [word.lower() for word in lists[table, "words"]] for table in ("paywall", "consent")}
        return cls(words, tuple(lists["consent", "hosts"]))


NO_RULES = PageRules({})


@dataclass(frozen=True, slots=True)
class FullText:
    """A page's main text, paragraphs parted by newlines.

    `title`, `canonical_url` and `language` (a tag, lower case) are what the page says of itself, None where it does
    not; the address is not vetted and may be anything that begins with http. `url` is where the page was found.
    `is_excerpt` tells that the rest stands behind a paywall.
    """

    text: str
    url: str = ""
    is_excerpt: bool = False
    title: str | None = None
    canonical_url: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class NoFullText:
    """Why a page gave no text. `permanent` is False when it may give some later. `kind` is a word for counting."""

    reason: str
    permanent: bool = True
    kind: str = "missed"


async def fetch_full_text(
    outbound: Outbound,
    sandbox: Sandbox,
    url: str,
    *,
    least_chars: int = LEAST_CHARS,
    limits: Limits = PAGE,
    rules: PageRules = NO_RULES,
) -> FullText | NoFullText:
    """Fetch and extract a page; every failure is a reason, since the feed's own text can be read instead.

    A text of fewer than `least_chars` characters is none: hand in the length of the feed's own where that is more.
    What a paywall leaves to be read is an excerpt; a plea for consent is no text at all.
    """
    headers = {"accept": "text/html, application/xhtml+xml;q=0.9", "accept-language": "en, *;q=0.5"}
    try:
        reply = await outbound.fetch("GET", url, limits, headers=headers)
    except OutboundError as error:
        return NoFullText(
            error.why, permanent=error.permanent, kind="robots" if error.why == ROBOTS_WORDS else "missed"
        )
    refused = _refused(reply)
    if refused is not None:
        return refused
    if (urlsplit(reply.url).hostname or "").startswith(rules.consent_hosts) and rules.consent_hosts:
        return NoFullText(CONSENT_WORDS, kind="consent")
    try:
        found = await sandbox.run(EXTRACTION, reply.body, reply.url, dict(rules.words), timeout_s=EXTRACT_S)
    except SandboxError as error:
        return NoFullText(f"the page cannot be read: {error.why}", permanent=error.fault is not SandboxFault.CRASHED)
    return _judged({name: str(value) for name, value in found.items()}, reply.url, least_chars)


def canonical_of(found: FullText, url: str) -> str:
    """The address that a page gives as its own, where it is one of the same site; else the one it was asked for by.

    A canonical address elsewhere is that of another publisher's article, or of nothing at all.
    """
    if not found.canonical_url:
        return url
    ours, theirs = urlsplit(found.url or url), urlsplit(found.canonical_url)
    is_page = bool(theirs.path.strip("/") or theirs.query)
    return theirs._replace(fragment="").geturl() if is_page and _site(ours) == _site(theirs) else url


def _site(parts: SplitResult) -> str:
    """The host without what parts its pages for telephones from those for others."""
    host = parts.hostname or ""
    first, dot, rest = host.partition(".")
    return rest if dot and first in {"www", "m", "mobile", "amp"} else host


def _judged(found: Mapping[str, str], url: str, least_chars: int) -> FullText | NoFullText:
    """Say what was extracted: a text, an excerpt, or none."""
    text, kind = found["text"], found["kind"]
    if kind == "consent":
        return NoFullText(CONSENT_WORDS, kind=kind)
    if len(text) < least_chars:
        why = "a paywall, and " if kind == "paywall" else ""
        return NoFullText(f"the page has {why}too little text: {len(text)} of {least_chars} characters", kind=kind)
    return FullText(
        text,
        url,
        is_excerpt=kind == "paywall",
        title=found["title"] or None,
        canonical_url=found["canonical_url"] or None,
        language=found["language"] or None,
    )


def _refused(reply: Reply) -> NoFullText | None:
    if reply.status != OK:
        return NoFullText(f"the page answered {reply.status}", permanent=reply.status not in _FOR_NOW)
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _HTML:
        return NoFullText(f"the page is of type {kind[:60]!r}, not HTML")
    return None
