"""Judge a request that claims to be ours, as a receiver should, and say what is wrong with it. Pure."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from workers.delivery.endpoints import secret_key
from workers.delivery.signing import TOLERANCE_S

_NEEDED = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True, slots=True)
class Examination:
    """What became of it. `signed_by` is the number of the secret, from 1, that signed it; None when none did."""

    signed_by: int | None
    problems: tuple[str, ...]

    @property
    def genuine(self) -> bool:
        """Tell whether a receiver should take it."""
        return not self.problems


def examine(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> Examination:
    """Check headers (names in lower case) and the raw body against the secrets; the age is judged at `now`."""
    missing = [name for name in _NEEDED if not headers.get(name)]
    if missing:
        return Examination(None, (f"has no {' and no '.join(missing)}",))
    problems = _age_problems(headers["webhook-timestamp"], now)
    signed_by = _signer(headers, body, secrets)
    if signed_by is None:
        problems += _signature_problems(headers, body, secrets)
    return Examination(signed_by, tuple(problems))


def _age_problems(timestamp: str, now: datetime) -> list[str]:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= len("9999999999")):
        return ["webhook-timestamp is not whole seconds since 1970"]
    age_s = now.timestamp() - int(timestamp)
    if abs(age_s) <= TOLERANCE_S:
        return []
    sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    where = "old" if age_s > 0 else "ahead of this clock"
    return [f"it was sent at {sent_at:%Y-%m-%d %H:%M:%S} UTC: {abs(age_s):.0f} s {where}, allowed are {TOLERANCE_S}"]


def _signer(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> int | None:
    given = _given(headers["webhook-signature"])
    for number, secret in enumerate(secrets, 1):
        expected = hmac.digest(secret_key(secret), _signed_content(headers, body), "sha256")
        if any(hmac.compare_digest(expected, one) for one in given):
            return number
    return None


def _signature_problems(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> list[str]:
    """What may have happened to a request that no secret signed."""
    if not secrets:
        return ["there is no secret to check it with"]
    if not _given(headers["webhook-signature"]):
        return ["webhook-signature has no part that reads v1,<base64 of 32 bytes>"]
    likely = [(f"with {what} it is right: check the raw bytes", changed) for what, changed in _changed(body)]
    hints = [hint for hint, changed in likely if _signer(headers, changed, secrets) is not None]
    return [f"no signature fits any of {len(secrets)} secrets; {hints[0] if hints else 'another key, or other bytes'}"]


def _changed(body: bytes) -> list[tuple[str, bytes]]:
    """The body as it was before the changes that frameworks and shells commonly make."""
    changed = [("the newline at its end taken off", body.rstrip(b"\r\n"))]
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return changed
    compact = json.dumps(parsed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return [*changed, ("the JSON as it was written first", compact.encode("utf-8", "replace"))]


def _given(header: str) -> list[bytes]:
    found = []
    for part in header.split()[:50]:
        version, _, signature = part.partition(",")
        try:
            decoded = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            continue
        if version == "v1":
            found.append(decoded)
    return found


def _signed_content(headers: Mapping[str, str], body: bytes) -> bytes:
    # Bytes of a header that are no UTF-8 reach a command as lone halves of characters.
    said = (headers[name].encode("utf-8", "surrogateescape") for name in ("webhook-id", "webhook-timestamp"))
    return b".".join((*said, body))
