"""Fetch a feed with a conditional GET (RFC 9110 section 13), under caps and a deadline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from workers.outbound import Limits, Outbound, OutboundError, Reply

OK = 200
NOT_MODIFIED = 304
GONE = 410
MAX_REDIRECTS = 5
_ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


class FetchError(Exception):
    """A feed could not be fetched. `permanent` is True when retrying is useless.

    `status` is the HTTP status, None when there was no answer; `retry_after_s` is what the server asked for, or None.
    """

    def __init__(
        self,
        feed_url: str,
        why: str,
        *,
        permanent: bool = False,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{feed_url}: {why}")
        self.feed_url = feed_url
        self.why = why
        self.permanent = permanent
        self.status = status
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave us to ask by whether a document has changed; None where it gave none."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """The bytes and headers that one request brought. `url` is where the last hop went."""

    feed_url: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    validators: Validators


@dataclass(frozen=True, slots=True)
class NotModified:
    """The document is the one we had."""

    feed_url: str


async def fetch_feed(
    outbound: Outbound, feed_url: str, validators: Validators, limits: Limits, now: datetime
) -> FetchedDocument | NotModified:
    """Fetch a feed unless it is unchanged. Raises FetchError for every other outcome than 200 and 304."""
    headers = {"accept": _ACCEPT, **_conditions(validators)}
    try:
        reply = await outbound.fetch("GET", feed_url, limits, headers=headers)
    except OutboundError as error:
        raise FetchError(feed_url, error.why, permanent=error.permanent) from error
    if reply.status == NOT_MODIFIED:
        return NotModified(feed_url)
    if reply.status != OK:
        raise _refused(feed_url, reply, now)
    given = Validators(reply.headers.get("etag"), reply.headers.get("last-modified"))
    return FetchedDocument(feed_url, reply.url, reply.headers, reply.body, now, given)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header (RFC 9110 section 10.2.3): seconds or a date; None when absent or unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isdecimal() and text.isascii():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def _conditions(validators: Validators) -> dict[str, str]:
    headers = {}
    if validators.etag:
        headers["if-none-match"] = validators.etag
    if validators.last_modified:
        headers["if-modified-since"] = validators.last_modified
    return headers


def _refused(feed_url: str, reply: Reply, now: datetime) -> FetchError:
    return FetchError(
        feed_url,
        f"answered {reply.status}",
        permanent=reply.status == GONE,
        status=reply.status,
        retry_after_s=retry_after_s(reply.headers.get("retry-after"), now),
    )
