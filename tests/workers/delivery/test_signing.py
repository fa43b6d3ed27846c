from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from workers.delivery.signing import signed_headers

OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
BODY = '{"quote":"“мир”, yes…"}'.encode()


def now() -> datetime:
    return datetime.now(UTC)  # the reference verifier has no other clock


@pytest.mark.parametrize("receivers_secret", [OLD, NEW])
def test_a_receiver_with_either_key_verifies_the_request(receivers_secret: str) -> None:
    headers = signed_headers("msg_ab12_river-war_7", now(), BODY, (NEW, OLD))
    assert Webhook(receivers_secret).verify(BODY, headers) == {"quote": "“мир”, yes…"}
    assert headers["webhook-id"] == "msg_ab12_river-war_7"
    assert [signature[:3] for signature in headers["webhook-signature"].split(" ")] == ["v1,", "v1,"]


@given(st.text().map(str.encode), st.binary(min_size=24, max_size=64))
def test_the_reference_library_verifies_any_body_and_key(body: bytes, key: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    Webhook(secret).verify(body, signed_headers("msg_1", now(), body, (secret,)), json_parse=False)


def test_a_changed_body_is_not_verified() -> None:
    headers = signed_headers("msg_1", now(), BODY, (NEW,))
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY.replace(b"yes", b"sey"), headers)


def test_the_time_is_that_of_the_attempt_in_whole_seconds() -> None:
    headers = signed_headers("msg_1", datetime(2025, 3, 13, 18, 4, 5, 999_999, tzinfo=UTC), BODY, (NEW,))
    assert headers["webhook-timestamp"] == "1741889045"


def test_the_signature_is_the_one_of_the_specification() -> None:
    """Its own example key, computed with openssl over "msg_1.1741889045.{}"."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = signed_headers("msg_1", datetime(2025, 3, 13, 18, 4, 5, tzinfo=UTC), b"{}", (secret,))
    assert headers["webhook-signature"] == "v1,aBqaITCJ/2alF8gtfy01jDkFfVHY3NtU3DpRVJqRlIU="


def test_without_secrets_there_is_an_id_and_no_signature() -> None:
    headers = signed_headers("msg_1", now(), BODY, ())
    assert set(headers) == {"webhook-id", "webhook-timestamp"}


@pytest.mark.parametrize("message_id", ["msg.1", "", "msg 1", "msg\r\nx: y", "m" * 257])
def test_an_id_that_would_blur_what_is_signed_is_refused(message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        signed_headers(message_id, now(), BODY, (NEW,))
