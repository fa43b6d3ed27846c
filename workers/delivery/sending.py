"""Send one delivery to its endpoint, once, and say what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from workers.delivery.apprise_sending import hand_over
from workers.delivery.chat_services import EndpointFormat
from workers.delivery.endpoints import Endpoint
from workers.delivery.signing import signed_headers
from workers.domain.alert import Delivery
from workers.domain.retry import Verdict, judge_status, parse_retry_after
from workers.outbound import Limits, Outbound, OutboundError

MAX_REPLY_BYTES = 4_096  # nothing of the answer's body is used; so much is read that small ones end in good order
_LONGEST_WHY = 200


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for the connection, and for the whole exchange (Standard Webhooks 1.0.0: 15 to 30 s)."""

    connect_s: float = 5.0
    total_s: float = 15.0


@dataclass(frozen=True, slots=True)
class SendResult:
    """What came of one send. `status` is None without an answer; `why` is None when it was delivered.

    `retry_after_s` is how long the endpoint asked to be left alone, None when it did not.
    """

    verdict: Verdict
    status: int | None = None
    why: str | None = None
    retry_after_s: float | None = None


async def send(
    outbound: Outbound, endpoint: Endpoint, delivery: Delivery, now: datetime, timeouts: Timeouts
) -> SendResult:
    """POST the frozen bytes, signed at `now`. Redirects are not followed.

    A request that gets no answer is always to be tried again, also where the address is refused: that an endpoint
    cannot be reached blames no message, and a person or a name server may put it right within the schedule.
    """
    if endpoint.format is EndpointFormat.APPRISE:
        verdict, why = await hand_over(endpoint.url, delivery, outbound.networks, timeouts.total_s)
        return SendResult(verdict, why=why)
    body = delivery.body.encode()
    headers = signed_headers(delivery.alert_id, now, body, endpoint.secrets)
    try:
        reply = await outbound.fetch(
            "POST",
            endpoint.url,
            Limits(timeouts.connect_s, timeouts.total_s, MAX_REPLY_BYTES, max_redirects=0, cut=True),
            # Nothing of the answer is used; an encoding that cannot be read must not hide that it was a success.
            headers={
                "content-type": delivery.content_type,
                "accept-encoding": "identity",
                **dict(delivery.headers),
                **headers,
            },
            content=body,
        )
    except OutboundError as error:
        if error.status is None:
            return SendResult(Verdict.RETRY, why=_shown(error.why, endpoint))
        return _judged(error.status, endpoint, None)  # it answered; only its body could not be taken
    return _judged(reply.status, endpoint, parse_retry_after(reply.headers.get("retry-after"), now))


def _judged(status: int, endpoint: Endpoint, retry_after_s: float | None) -> SendResult:
    verdict = judge_status(status, signed=bool(endpoint.secrets), asks_to_wait=retry_after_s is not None)
    why = None if verdict is Verdict.DELIVERED else _named(status)
    return SendResult(verdict=verdict, status=status, why=why, retry_after_s=retry_after_s)


def _named(status: int) -> str:
    """A status as people know it; the phrase is ours, since the endpoint's own may be anything."""
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def _shown(why: str, endpoint: Endpoint) -> str:
    """A failure's text on one line, without the address: its path may be a credential."""
    parts = urlsplit(endpoint.url)
    for secret in (endpoint.url, parts.query, parts.path):
        if secret.strip("/"):
            why = why.replace(secret, "…")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in why).split())[:_LONGEST_WHY]
