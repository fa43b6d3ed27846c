"""Read from an answer's headers when a server wants to be asked again. Pure.

The sources: RFC 9111 sections 4.2 and 5 (freshness), RFC 9110 section 10.2.3 (Retry-After, read by `domain.retry`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,18})", re.IGNORECASE)
_VOID = re.compile(r"(?:^|[,\s])no-(?:cache|store)\s*(?:,|$)", re.IGNORECASE)  # it may be asked at any time
_LONGEST_DATE = 64


def fresh_s_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """For how many seconds from now the answer says that it stays fresh; 0 when it says that it does not.

    None when the answer says nothing about it. `max-age` goes before `Expires`, and what a cache on the way has used
    up of it (`Age`) does not count. Not capped.
    """
    control = headers.get("cache-control", "")
    if _VOID.search(control):
        return 0.0
    if found := _MAX_AGE.search(control):
        return max(0.0, float(found.group(1)) - _age_s(headers))
    if "expires" not in headers:
        return None
    expires = _moment(headers["expires"])
    if expires is None:  # "0" and "-1" mean that it is over, RFC 9111 section 5.3
        return 0.0
    # By the server's own clock where it tells it: it may be hours off ours.
    given = _moment(headers.get("date", "")) or now
    return max(0.0, (expires - given).total_seconds() - _age_s(headers))


def _age_s(headers: Mapping[str, str]) -> float:
    age = headers.get("age", "").strip()
    return float(age) if age.isascii() and age.isdecimal() and len(age) <= 18 else 0.0  # noqa: PLR2004 - a size


def _moment(text: str) -> datetime | None:
    if not text or len(text) > _LONGEST_DATE:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
