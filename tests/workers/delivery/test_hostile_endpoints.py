"""Endpoints that would lead a sender astray or tire it out: no wrong connection, no send without an end."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from config.settings import load_settings
from tests.builders import a_delivery
from tests.certificates import a_certificate, a_pair
from tests.hostile import HOSTILE, SPELLINGS
from tests.secrecy import assert_leaks_no_secret
from tests.servers import Behaviour, Request, a_site, head, ok, redirect
from workers.delivery.endpoints import Endpoint, EndpointsError, parse_endpoints
from workers.delivery.sending import SendResult, Timeouts, send
from workers.domain.retry import Verdict
from workers.outbound import ClientCertificate, Outbound, TlsFileError, open_outbound
from workers.runtime import endpoint_outbound_of

LOOPBACK = [ip_network("127.0.0.1/32")]
HASTY = Timeouts(connect_s=0.5, total_s=0.7)
METADATA = ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")

_connected: list[Any] = []
_watching = [False]


def _note(event: str, args: tuple[Any, ...]) -> None:
    if _watching[0] and event == "socket.connect":
        _connected.append(args[1])


sys.addaudithook(_note)


@contextmanager
def connections() -> Iterator[list[Any]]:
    """The addresses that this process connects to meanwhile, as the interpreter reports them."""
    _connected.clear()
    _watching[0] = True
    try:
        yield _connected
    finally:
        _watching[0] = False


async def sent(outbound: Outbound, url: str, timeouts: Timeouts = HASTY) -> SendResult:
    endpoint = Endpoint("newsroom", url, unsigned=True)
    result = await send(outbound, endpoint, a_delivery(), datetime.now(UTC), timeouts)
    assert_leaks_no_secret(result, [endpoint])
    return result


def hostile_urls(port: int) -> set[str]:
    hosts = [*(f"[{address}]" if ":" in address else address for address in HOSTILE), *SPELLINGS]
    return {f"{scheme}://{host}:{port}/tokentoken" for host in hosts for scheme in ("http", "https")}


async def test_no_hostile_address_is_ever_connected_to() -> None:
    """Some are refused at the start already; those that are not get no connection."""
    refused = tried = 0
    async with a_site({"/tokentoken": ok()}) as site, open_outbound((), "trucewatch-test") as outbound:
        urls = hostile_urls(site.port)
        assert len(urls) >= 200
        with connections() as made:
            for url in urls:
                try:
                    (endpoint,) = parse_endpoints(f'[{{"url": "{url}", "unsigned": true}}]', (), (), ())
                except EndpointsError:
                    refused += 1
                    continue
                tried += 1
                result = await sent(outbound, endpoint.url)
                assert (result.verdict, result.status) == (Verdict.RETRY, None)
        assert made == []
        assert site.connections == 0
    assert refused + tried == len(urls)
    assert tried > 150


@pytest.mark.parametrize("address", HOSTILE)
async def test_no_name_that_leads_to_a_hostile_address_is_connected_to(address: str) -> None:
    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return [address]

    async with open_outbound((), "trucewatch-test", lookup=lookup) as outbound:
        with connections() as made:
            assert (await sent(outbound, "https://hook.example/tokentoken")).verdict is Verdict.RETRY
    assert made == []


async def test_a_name_that_turns_private_on_the_second_look_up_is_not_followed_there() -> None:
    """It leads to the receiver first and to a private address ever after."""
    async with a_site({"/tokentoken": ok()}) as site:
        answers = itertools.chain([["127.0.0.1"]], itertools.repeat(["10.0.0.1", "169.254.169.254"]))
        asked = []

        async def lookup(host: str, _port: int) -> Sequence[str]:
            asked.append(host)
            return next(answers)

        async with open_outbound(LOOPBACK, "trucewatch-test", lookup=lookup) as outbound:
            with connections() as made:
                url = f"http://hook.example:{site.port}/tokentoken"
                assert (await sent(outbound, url)).verdict is Verdict.DELIVERED
                assert len(asked) == 1  # one look-up, whose answer was vetted, is the one that was connected to
                first = {where[0] for where in made}
            async with open_outbound(LOOPBACK, "trucewatch-test", lookup=lookup) as again:
                with connections() as later:
                    result = await sent(again, url)
    assert first == {"127.0.0.1"}
    assert (later, result.verdict, result.status) == ([], Verdict.RETRY, None)


def drip(every_s: float, forever: bytes, first: bytes = b"") -> Behaviour:
    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(forever)
            await writer.drain()
            await asyncio.sleep(every_s)

    return behave


def trickled(text: bytes, every_s: float) -> Behaviour:
    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        for at in range(len(text)):
            writer.write(text[at : at + 1])
            await writer.drain()
            await asyncio.sleep(every_s)

    return behave


@pytest.mark.parametrize(
    ("page", "verdict"),
    [
        pytest.param(trickled(head(200, {"content-length": "0"}), 0.1), Verdict.RETRY, id="a head byte by byte"),
        pytest.param(drip(0.05, b"x", head(200, {})), Verdict.DELIVERED, id="a body byte by byte"),
        pytest.param(drip(0, b"x-more: " + b"y" * 500 + b"\r\n", b"HTTP/1.1 200 OK\r\n"), Verdict.RETRY, id="headers"),
        pytest.param(drip(0, b"y" * 999, b"HTTP/1.1 200 OK\r\nx: "), Verdict.RETRY, id="one endless header"),
        pytest.param(drip(0, head(103, {"link": "x"})), Verdict.RETRY, id="informational answers without end"),
        pytest.param(drip(0, b"\r\n"), Verdict.RETRY, id="empty lines without end"),
        pytest.param(
            drip(0, b"f" * 999, head(200, {"transfer-encoding": "chunked"})), Verdict.RETRY, id="a chunk's size"
        ),
    ],
)
async def test_an_answer_without_an_end_is_left_in_time(page: Behaviour, verdict: Verdict) -> None:
    async with a_site({"/tokentoken": page}) as site, open_outbound(LOOPBACK, "trucewatch-test") as outbound:
        began = time.monotonic()
        result = await sent(outbound, f"{site.url}/tokentoken")
    assert result.verdict is verdict
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("address", METADATA)
async def test_a_redirect_to_a_metadata_service_is_a_failure_and_goes_nowhere(address: str, status: int) -> None:
    host = f"[{address}]" if ":" in address else address
    page = redirect(f"http://{host}/latest/meta-data/", status)
    async with a_site({"/tokentoken": page}) as site, open_outbound(LOOPBACK, "trucewatch-test") as outbound:
        with connections() as made:
            result = await sent(outbound, f"{site.url}/tokentoken")
    assert (result.verdict, result.status) == (Verdict.RETRY, status)
    assert {where[0] for where in made} == {"127.0.0.1"}


async def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    tls, authority = a_certificate(tmp_path, "other.example")

    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with (
        a_site({"/tokentoken": ok()}, tls) as site,
        open_outbound(LOOPBACK, "trucewatch-test", ca_file=str(authority), lookup=lookup) as outbound,
    ):
        refused = await sent(outbound, f"https://hook.example:{site.port}/tokentoken")
        right = await sent(outbound, f"https://other.example:{site.port}/tokentoken")
    assert "certificate is refused" in str(refused.why)
    assert refused.verdict is Verdict.RETRY
    assert right.verdict is Verdict.DELIVERED
    assert len(site.requests) == 1


async def test_an_endpoint_may_ask_for_our_certificate(tmp_path: Path) -> None:
    server, client = a_pair(tmp_path, "hook.example")
    certificate = ClientCertificate(str(client.certificate), str(client.key))

    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with a_site({"/tokentoken": ok()}, server.context) as site:
        url = f"https://hook.example:{site.port}/tokentoken"
        ca_file = str(server.certificate)
        async with open_outbound(LOOPBACK, "t", None, ca_file, lookup, certificate=certificate) as outbound:
            assert (await sent(outbound, url)).verdict is Verdict.DELIVERED
        async with open_outbound(LOOPBACK, "t", None, ca_file, lookup) as outbound:
            assert (await sent(outbound, url)).verdict is Verdict.RETRY
    assert len(site.requests) == 1


async def test_the_authority_and_the_certificate_are_those_of_the_settings(tmp_path: Path) -> None:
    server, client = a_pair(tmp_path, "127.0.0.1")
    env = {
        "TRUCEWATCH_WEBHOOK_ALLOW_PRIVATE": "127.0.0.1",
        "TRUCEWATCH_WEBHOOK_CA_FILE": str(server.certificate),
        "TRUCEWATCH_WEBHOOK_CLIENT_CERT": str(client.certificate),
        "TRUCEWATCH_WEBHOOK_CLIENT_KEY": str(client.key),
    }
    async with a_site({"/tokentoken": ok()}, server.context) as site:
        verdicts = []
        for left_out in ("", "CA_FILE", "CLIENT", "ALLOW_PRIVATE"):
            known = {name: value for name, value in env.items() if not left_out or left_out not in name}
            async with endpoint_outbound_of(load_settings(known)) as outbound:
                verdicts.append((await sent(outbound, f"https://127.0.0.1:{site.port}/tokentoken")).verdict)
    assert verdicts == [Verdict.DELIVERED, Verdict.RETRY, Verdict.RETRY, Verdict.RETRY]
    assert len(site.requests) == 1


async def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate", encoding="utf-8")
    absent = str(tmp_path / "absent.pem")
    for ca_file, certificate, said in (
        (str(wrong), None, "no PEM file"),
        (absent, None, "No such file"),
        (None, ClientCertificate(str(wrong)), "no PEM certificate"),
        (None, ClientCertificate(absent), "No such file"),
    ):
        with pytest.raises(TlsFileError, match=said):
            async with open_outbound((), "t", None, ca_file, certificate=certificate):
                pass
