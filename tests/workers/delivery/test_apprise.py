"""Addresses of apprise, handed to the real library in its own process. Skipped where the extra is not installed."""

from __future__ import annotations

import importlib.util
import json
import time
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from tests.alerts import every_alert
from tests.builders import a_delivery
from tests.receivers import Answer, Receiver
from tests.secrecy import assert_leaks_no_secret
from workers.delivery.chat_services import EndpointFormat
from workers.delivery.endpoints import Endpoint
from workers.delivery.fanout import deliveries_for
from workers.delivery.sending import SendResult, Timeouts, send
from workers.domain.catalogue import Catalogue
from workers.domain.retry import Verdict
from workers.outbound import open_outbound
from workers.provisions import ProvisionError, load_endpoints

INSTALLED = importlib.util.find_spec("apprise") is not None
needs_apprise = pytest.mark.skipif(not INSTALLED, reason="needs the extra apprise")
LOOPBACK = [ip_network("127.0.0.1")]


async def sent(url: str, *, private: bool = True, timeouts: Timeouts | None = None) -> SendResult:
    endpoint = Endpoint("newsroom", url, unsigned=True, format=EndpointFormat.APPRISE)
    (delivery,) = deliveries_for(every_alert()["changed"], [endpoint], datetime.now(UTC))
    async with open_outbound(LOOPBACK if private else (), "trucewatch-test") as outbound:
        result = await send(outbound, endpoint, delivery, datetime.now(UTC), timeouts or Timeouts())
    assert_leaks_no_secret(result, [endpoint])
    return result


@needs_apprise
async def test_a_message_goes_out_by_apprise(receiver: Receiver) -> None:
    result = await sent(receiver.url.replace("http://", "json://") + "/tokentoken")
    assert result == SendResult(Verdict.DELIVERED)
    (request,) = receiver.received
    body = json.loads(request.body)
    assert body["title"].startswith("River war: Mira Vane supports a ceasefire")
    assert "We accept the ceasefire." in body["message"]


@needs_apprise
async def test_a_failure_is_tried_again(receiver: Receiver) -> None:
    receiver.otherwise = Answer(500)
    result = await sent(receiver.url.replace("http://", "json://") + "/tokentoken")
    assert (result.verdict, result.why) == (Verdict.RETRY, "apprise could not send it")


@needs_apprise
@pytest.mark.parametrize("scheme", ["json", "xml", "form"])
async def test_a_private_address_is_not_connected_to(receiver: Receiver, scheme: str) -> None:
    result = await sent(receiver.url.replace("http://", f"{scheme}://"), private=False)
    assert (result.verdict, receiver.received) == (Verdict.RETRY, [])
    assert "no request may go" in str(result.why)


@needs_apprise
async def test_a_private_mail_server_is_not_connected_to_either() -> None:
    result = await sent("mailto://user:tokentoken@a.example:2525?smtp=127.0.0.1&mode=insecure&to=b@b.io", private=False)
    assert "no request may go" in str(result.why)


@needs_apprise
async def test_an_address_that_apprise_does_not_know_is_told() -> None:
    assert (await sent("nosuch://tokentoken/x")).why == "apprise does not know this address"


@needs_apprise
async def test_one_that_hangs_is_ended_in_time(receiver: Receiver) -> None:
    receiver.otherwise = Answer(hang=True)
    began = time.monotonic()
    result = await sent(receiver.url.replace("http://", "json://"), timeouts=Timeouts(total_s=-3.0))
    assert (result.verdict, time.monotonic() - began < 10) == (Verdict.RETRY, True)


@pytest.mark.parametrize("body", ["words", "[]", '{"type":"position.changed"}'])
async def test_what_was_written_for_another_format_blocks_no_lane(body: str) -> None:
    endpoint = Endpoint("newsroom", "json://127.0.0.1/", unsigned=True, format=EndpointFormat.APPRISE)
    async with open_outbound((), "trucewatch-test") as outbound:
        result = await send(outbound, endpoint, a_delivery(body=body), datetime.now(UTC), Timeouts())
    assert result.verdict is Verdict.DEAD


@pytest.mark.skipif(INSTALLED, reason="the extra apprise is installed")
def test_without_the_extra_the_start_is_refused() -> None:
    with pytest.raises(ProvisionError, match="pip install"):
        load_endpoints("apprise+json://a.example", (), Catalogue((), ()))
