"""When a delivery that failed is tried again, and what each answer of an endpoint means.

Pure: the clock and the jitter are parameters. The schedule is that of Standard Webhooks 1.0.0 ("Deliverability and
reliability") with one more early try after 30 s; what an answer means follows its "Delivery success and failure".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

DELAYS_S = (0, 5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds to wait before the first, second, … send: 11 sends in 75.6 hours."""

JITTER = 0.2
"""A delay is spread by this share to either side, so that endpoints of one host are not all tried at once (Svix)."""

MAX_RETRY_AFTER_S = 86_400.0
"""No `Retry-After` is obeyed for longer than the longest delay of our own."""

MAX_SENDS = 50
"""Sends begun for one delivery. Above the failures counted are those cut short by the death of a worker: a delivery
whose sending kills its worker time and again must end too."""

_SUCCESS = range(200, 300)
_GONE = 410
_BLAMES_MESSAGE = frozenset({413, 415, 422})  # too large, not this content type, understood but refused
_BAD_REQUEST = 400
_TOO_LARGE = 413
_SECONDS = re.compile(r"[0-9]{1,18}(\.[0-9]{0,18})?")  # RFC 9110 has whole seconds; Discord sends fractions
_LONGEST_DATE = 64  # the three forms of RFC 9110 have 24 to 33 characters


class Verdict(StrEnum):
    """What came of one send."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"  # the message is at fault: sending it again cannot help, and those behind it must not wait for it
    GONE = "gone"  # the endpoint wants no more messages


def judge_status(status: int, *, signed: bool, asks_to_wait: bool = False) -> Verdict:
    """Say what an HTTP status means for the delivery.

    Only what blames this one message is dead at once: 413, 415, 422, and 400 where nothing is signed. A signed
    message that gets 400 is tried again, since the sample receivers of Standard Webhooks and Stripe answer 400 to a
    wrong key: nothing must be lost while a key is being put right. Wrong addresses and credentials (401, 403, 404,
    405) are put right by people as well. Redirects are failures; 410 disables the endpoint. A 413 that `asks_to_wait`
    (it has a `Retry-After`) is a passing state by RFC 9110, 15.5.14.
    """
    if status in _SUCCESS:
        return Verdict.DELIVERED
    if status == _GONE:
        return Verdict.GONE
    if status == _TOO_LARGE and asks_to_wait:
        return Verdict.RETRY
    if status in _BLAMES_MESSAGE or (status == _BAD_REQUEST and not signed):
        return Verdict.DEAD
    return Verdict.RETRY


def wait_after(failures: int, jitter: float, retry_after_s: float | None = None) -> timedelta | None:
    """Return how long to wait after this many failed sends, or None when the last one has been made.

    `jitter` is in -1..1 and moves the delay by up to 20 %. `retry_after_s` is what the endpoint asked for, None when
    it did not: the wait is never shorter than that, up to 24 hours. An endpoint cannot shorten the schedule: one that
    always says "0" would use up all tries within a second.
    """
    if failures >= len(DELAYS_S):
        return None
    own_s = DELAYS_S[failures] * (1 + JITTER * max(-1.0, min(1.0, jitter)))
    return timedelta(seconds=max(own_s, min(retry_after_s or 0.0, MAX_RETRY_AFTER_S)))


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read a `Retry-After` header of either form (RFC 9110, 10.2.3) as seconds from `now`, 0 to 24 hours.

    None when it is absent or cannot be read; a date that is past is 0.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), MAX_RETRY_AFTER_S)
    if not text or len(text) > _LONGEST_DATE:
        return None
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # A date without a zone, or with the unknown zone "-0000", is read as UTC: HTTP has no other (RFC 9110, 5.6.7).
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, min((aware - now).total_seconds(), MAX_RETRY_AFTER_S))
