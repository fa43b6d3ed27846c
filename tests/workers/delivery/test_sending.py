from __future__ import annotations

import base64
import contextlib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.builders import a_delivery
from tests.receivers import Answer, Receiver
from tests.secrecy import assert_leaks_no_secret
from workers.delivery.endpoints import Endpoint
from workers.delivery.sending import SendResult, Timeouts, send
from workers.domain.retry import Verdict, judge_status
from workers.outbound import Outbound, open_outbound

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
HASTY = Timeouts(connect_s=0.5, total_s=0.5)


def an_endpoint(receiver: Receiver, **named: Any) -> Endpoint:
    return Endpoint("newsroom", f"{receiver.url}/hooks/tokentoken?key=wordword", **({"secrets": (SECRET,)} | named))


async def sent(outbound: Outbound, endpoint: Endpoint, *, timeouts: Timeouts | None = None, **named: Any) -> SendResult:
    result = await send(outbound, endpoint, a_delivery(**named), datetime.now(UTC), timeouts or Timeouts())
    assert_leaks_no_secret(result, [endpoint])
    return result


async def test_the_frozen_bytes_arrive_signed(outbound: Outbound, receiver: Receiver) -> None:
    body = '{"quote":"„мир“ \u2028 😀"}'
    result = await sent(outbound, an_endpoint(receiver), body=body)
    assert result == SendResult(Verdict.DELIVERED, status=200)
    (request,) = receiver.received
    assert (request.method, request.path) == ("POST", "/hooks/tokentoken?key=wordword")
    assert request.body == body.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == a_delivery().alert_id
    assert Webhook(SECRET).verify(request.body, dict(request.headers)) == {"quote": "„мир“ \u2028 😀"}


async def test_an_unsigned_endpoint_gets_no_signature(outbound: Outbound, receiver: Receiver) -> None:
    assert (await sent(outbound, an_endpoint(receiver, secrets=(), unsigned=True))).verdict is Verdict.DELIVERED
    assert "webhook-signature" not in receiver.received[0].headers


@pytest.mark.parametrize(
    "status", [200, 204, 301, 302, 304, 307, 308, 400, 401, 404, 410, 413, 422, 429, 500, 503, 599]
)
async def test_every_answer_gets_the_verdict_of_the_table(outbound: Outbound, receiver: Receiver, status: int) -> None:
    receiver.otherwise = Answer(status, {"location": f"{receiver.url}/elsewhere"})
    result = await sent(outbound, an_endpoint(receiver))
    assert (result.verdict, result.status) == (judge_status(status, signed=True), status)
    assert result.verdict is Verdict.DELIVERED or str(result.why).startswith(f"HTTP {status}")
    assert len(receiver.received) == 1  # a redirect is not followed


@pytest.mark.parametrize("status", [200, 404, 429, 503])
async def test_retry_after_is_read_on_every_status(outbound: Outbound, receiver: Receiver, status: int) -> None:
    receiver.otherwise = Answer(status, {"Retry-After": "7200"})
    assert (await sent(outbound, an_endpoint(receiver))).retry_after_s == 7200.0


async def test_a_receiver_that_hangs_is_left_in_time(outbound: Outbound, receiver: Receiver) -> None:
    receiver.otherwise = Answer(hang=True)
    result = await sent(outbound, an_endpoint(receiver), timeouts=HASTY)
    assert (result.verdict, result.status) == (Verdict.RETRY, None)
    assert "0.5 s" in str(result.why)


async def test_a_receiver_that_drops_the_connection_is_tried_again(outbound: Outbound, receiver: Receiver) -> None:
    receiver.otherwise = Answer(drop=True)
    result = await sent(outbound, an_endpoint(receiver))
    assert result.verdict is Verdict.RETRY
    assert result.why


async def test_a_flood_is_not_read(outbound: Outbound, receiver: Receiver) -> None:
    receiver.otherwise = Answer(flood=True)
    assert (await sent(outbound, an_endpoint(receiver))).verdict is Verdict.DELIVERED


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(headers={"content-encoding": "br"}), id="in an encoding that was not asked for"),
        pytest.param(Answer(headers={"content-encoding": "gzip"}, body=b"no gzip"), id="in a broken encoding"),
        pytest.param(Answer(hang_after_head=True), id="with a body that never comes"),
    ],
)
async def test_a_success_counts_whatever_its_body_is(outbound: Outbound, receiver: Receiver, answer: Answer) -> None:
    receiver.otherwise = answer
    assert (await sent(outbound, an_endpoint(receiver), timeouts=HASTY)).verdict is Verdict.DELIVERED


async def test_an_endpoint_that_is_not_there_is_tried_again(outbound: Outbound) -> None:
    with _a_closed_port() as port:
        endpoint = Endpoint("newsroom", f"http://127.0.0.1:{port}/tokentoken", (SECRET,))
        result = await sent(outbound, endpoint)
    assert (result.verdict, result.status) == (Verdict.RETRY, None)
    assert result.why


async def test_an_address_that_is_refused_is_never_connected_to(receiver: Receiver) -> None:
    async with open_outbound((), "trucewatch-test") as outbound:
        result = await sent(outbound, an_endpoint(receiver))
    assert result.verdict is Verdict.RETRY
    assert "127.0.0.1" in str(result.why)
    assert receiver.received == []


@contextlib.contextmanager
def _a_closed_port() -> Iterator[int]:
    """A port that is bound, so that nobody else takes it, and not listened on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
