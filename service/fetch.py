"""Fetch a feed with a conditional GET (RFC 9110 section 13), under caps and a deadline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus

from workers.domain.retry import parse_retry_after
from workers.outbound import Limits, Outbound, OutboundError, Reply

GONE = 410
MOST_VALIDATOR_CHARS = 1_000  # it is stored and sent back: a header's worth, not what a server likes
_WITH_DOCUMENT = frozenset({200, 203})
_NOT_MODIFIED = 304
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)


class FetchError(Exception):
    """A feed could not be fetched.

    `permanent` is True when retrying is useless: the server says that the feed is gone (410), or its address is none
    that requests go to. A 404 or 403 is not: they come and go at real publishers. `status` is the HTTP status, None
    without an answer. `retry_after_s` is how long the server asked to be left alone (0 to 24 hours), None when it
    did not, on whichever status. `headers` are those of the refusal, empty when there was no answer.
    """

    def __init__(
        self,
        feed_url: str,
        why: str,
        *,
        permanent: bool = False,
        status: int | None = None,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{feed_url}: {why}")
        self.feed_url = feed_url
        self.why = why
        self.permanent = permanent
        self.status = status
        self.retry_after_s = retry_after_s
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave us to ask by whether a document has changed; None where it gave none."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def conditions(self) -> dict[str, str]:
        """The request's headers that ask for a document only if it changed."""
        given = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """The bytes and headers that one request brought. `url` is where the last hop went, the base of relative links.

    `permanent_url` is where the server says the feed has moved for good, None when it has not. It may be a page about
    maintenance: it is to be believed only once a feed was found there. `validators` are for the next request.
    """

    feed_url: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    validators: Validators
    permanent_url: str | None = None

    @property
    def body_hash(self) -> str:
        """The SHA-256 of the body in hexadecimal, by which an unchanged document is known from a 200."""
        return sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class NotModified:
    """The document is the one we had. `headers` may hold new hints on when to come back.

    `permanent_url` is as in FetchedDocument.
    """

    feed_url: str
    headers: Mapping[str, str]
    fetched_at: datetime
    permanent_url: str | None = None


async def fetch_feed(
    outbound: Outbound, feed_url: str, validators: Validators, limits: Limits, now: datetime
) -> FetchedDocument | NotModified:
    """Fetch a feed unless it is unchanged. Raises FetchError for every other outcome than 200, 203 and 304."""
    headers = {"accept": _ACCEPT, **validators.conditions}
    try:
        reply = await outbound.fetch("GET", feed_url, limits, headers=headers)
    except OutboundError as error:
        raise FetchError(feed_url, error.why, permanent=error.permanent, status=error.status) from error
    if reply.status == _NOT_MODIFIED and validators.conditions:
        return NotModified(feed_url, reply.headers, now, reply.permanent_url)
    if reply.status not in _WITH_DOCUMENT:
        raise _refused(feed_url, reply, now)
    return FetchedDocument(
        feed_url=feed_url,
        url=reply.url,
        headers=reply.headers,
        body=reply.body,
        fetched_at=now,
        validators=Validators(_storable(reply.headers.get("etag")), _storable(reply.headers.get("last-modified"))),
        permanent_url=reply.permanent_url,
    )


def _storable(validator: str | None) -> str | None:
    """A validator as it can be sent back, None for what would break a header."""
    if not validator or len(validator) > MOST_VALIDATOR_CHARS:
        return None
    return validator if validator.isascii() and validator.isprintable() else None


def _refused(feed_url: str, reply: Reply, now: datetime) -> FetchError:
    return FetchError(
        feed_url,
        f"answered {_named(reply.status)}",
        permanent=reply.status == GONE,
        status=reply.status,
        retry_after_s=parse_retry_after(reply.headers.get("retry-after"), now),
        headers=reply.headers,
    )


def _named(status: int) -> str:
    """A status as people know it; the phrase is ours, since the server's own may be anything."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
