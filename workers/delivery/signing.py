"""Sign a request as Standard Webhooks 1.0.0 lays down ("Signature scheme", "Webhook headers")."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from workers.delivery.endpoints import secret_key

TOLERANCE_S = 300  # Standard Webhooks 1.0.0, "Verifying webhook authenticity"
# No full stop, which parts the id from the time and the body in what is signed: else two messages could sign alike.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_~-]{1,256}")


def signed_headers(message_id: str, sent_at: datetime, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """The headers that identify, date and sign one attempt at sending `body`.

    `sent_at` (aware) is the time of this attempt, not of the alert: receivers refuse what is more than five minutes
    old. There is one `v1` signature for each of `secrets`, in their order, and no signature header for none. Raises
    ValueError for an id that cannot be signed safely.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError(f"message id {message_id!r} must be 1 to 256 letters, digits, _, ~ or -")
    timestamp = str(int(sent_at.timestamp()))
    headers = {"webhook-id": message_id, "webhook-timestamp": timestamp}
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = [_signature(secret_key(secret), content) for secret in secrets]
    if signatures:
        headers["webhook-signature"] = " ".join(signatures)
    return headers


def _signature(key: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def is_genuine(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:
    """Tell whether a received request was signed with `secret` and is at most five minutes old, as a receiver would.

    `headers` have lower-case names. One right signature among those of several keys is enough.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if (
        not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= len("9999999999"))
        or abs(now.timestamp() - int(timestamp)) > TOLERANCE_S
    ):
        return False
    expected = _signature(secret_key(secret), b".".join((message_id.encode(), timestamp.encode(), body)))
    given = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(expected.encode(), signature) for signature in given)
