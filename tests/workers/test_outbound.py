from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.hostile import HOSTILE, SPELLINGS
from tests.servers import (
    Behaviour,
    a_proxy,
    a_site,
    bomb,
    close_early,
    endless,
    gzipped,
    hang,
    head,
    ok,
    raw,
    redirect,
)
from workers.addresses import is_allowed
from workers.outbound import Limits, Outbound, OutboundError, Reply, open_outbound

LOOPBACK = [ip_network("127.0.0.1/32")]
SHORT = Limits(connect_s=2, total_s=5, max_bytes=100_000)

_connected: list[Any] = []
_watching = False


def _note(event: str, args: tuple[Any, ...]) -> None:
    if _watching and event == "socket.connect":
        _connected.append(args[1])


sys.addaudithook(_note)


@contextmanager
def connections() -> Iterator[list[Any]]:
    """The addresses that this process connects to meanwhile, as the interpreter reports them."""
    global _watching  # noqa: PLW0603 - an audit hook cannot be taken away again
    _connected.clear()
    _watching = True
    try:
        yield _connected
    finally:
        _watching = False


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    async with open_outbound(LOOPBACK, "trucewatch-test") as opened:
        yield opened


async def fetched(outbound: Outbound, page: Behaviour, limits: Limits = SHORT) -> Reply:
    async with a_site({"/": page}) as site:
        return await outbound.fetch("GET", f"{site.url}/", limits)


async def refused(outbound: Outbound, url: str, limits: Limits = SHORT) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        await outbound.fetch("GET", url, limits)
    return caught.value


async def failed(outbound: Outbound, page: Behaviour, limits: Limits = SHORT) -> OutboundError:
    async with a_site({"/": page}) as site:
        return await refused(outbound, f"{site.url}/", limits)


def as_host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


async def test_a_page_comes_with_its_status_and_headers(outbound: Outbound) -> None:
    reply = await fetched(outbound, ok(b"hello", 203, X_Kind="greeting"))
    assert (reply.status, reply.body, reply.headers["x-kind"], reply.truncated) == (203, b"hello", "greeting", False)


async def test_no_hostile_address_is_connected_to() -> None:
    async with a_site({"/": ok()}) as site, open_outbound((), "trucewatch-test") as outbound:
        hosts = [*map(as_host, HOSTILE), *SPELLINGS]
        assert len(set(hosts)) >= 100
        with connections() as made:
            for host in hosts:
                for url in (f"http://{host}:{site.port}/", f"https://{host}:{site.port}/"):
                    error = await refused(outbound, url)
                    assert error.status is None
        assert made == []
        assert site.connections == 0


async def test_no_name_that_leads_to_a_hostile_address_is_connected_to() -> None:
    async def lookup(host: str, _port: int) -> Sequence[str]:
        return [HOSTILE[int(host.partition(".")[0].removeprefix("h"))]]

    async with open_outbound((), "trucewatch-test", lookup=lookup) as outbound:
        with connections() as made:
            for number in range(len(HOSTILE)):
                error = await refused(outbound, f"http://h{number}.example/")
                assert error.permanent
                assert "not public" in error.why
        assert made == []


async def test_no_redirect_leads_to_a_hostile_address(outbound: Outbound) -> None:
    hostile = [address for address in HOSTILE if not is_allowed(ip_address(address), LOOPBACK)]
    targets = {f"/{number}": f"http://{as_host(address)}/" for number, address in enumerate(hostile)}
    async with a_site({path: redirect(to) for path, to in targets.items()}) as site:
        with connections() as made:
            for path in targets:
                error = await refused(outbound, f"{site.url}{path}", Limits(max_redirects=3))
                assert error.permanent
        assert {where[0] for where in made} == {"127.0.0.1"}


async def test_a_name_that_changes_its_address_is_looked_up_once_and_that_address_is_used() -> None:
    asked: list[str] = []

    async def lookup(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async with (
        a_site({"/": ok(b"first")}) as site,
        open_outbound(LOOPBACK, "trucewatch-test", lookup=lookup) as outbound,
    ):
        with connections() as made:
            reply = await outbound.fetch("GET", f"http://rebound.example:{site.port}/", SHORT)
        assert (reply.body, asked, [where[0] for where in made]) == (b"first", ["rebound.example"], ["127.0.0.1"])
        assert site.requests[0].headers["host"] == f"rebound.example:{site.port}"


async def test_of_a_names_addresses_only_the_allowed_ones_are_used() -> None:
    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.2", "10.0.0.1", "127.0.0.1", "fe80::1%lo"]

    async with (
        a_site({"/": ok()}) as site,
        open_outbound(LOOPBACK, "trucewatch-test", lookup=lookup) as outbound,
    ):
        with connections() as made:
            assert (await outbound.fetch("GET", f"http://mixed.example:{site.port}/", SHORT)).status == 200
        assert [where[0] for where in made] == ["127.0.0.1"]


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "data:text/plain,x", "//127.0.0.1/", ""),
        *("http://", "http:///path", "javascript:alert(1)", "http://127.0.0.1:6379/", "http://127.0.0.1:22/"),
        *("http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:-1/", "http://[::1/", "http://a\x00b/"),
        "http://127.0.0.1/" + "x" * 9_000,
    ],
)
async def test_what_is_no_web_address_is_refused_for_good(outbound: Outbound, url: str) -> None:
    with connections() as made:
        assert (await refused(outbound, url)).permanent
    assert made == []


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (hang(), "no full answer within 0.3 s"),
        (hang(head(200, {"content-length": "9"})), "no full answer within 0.3 s"),
        (endless(b"x" * 1_000), "no full answer within 0.3 s"),
        (raw(b""), "the server closed the connection without an answer"),
        (raw(b"220 mail.example ESMTP\r\n"), "the answer is not HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1_000 + b"\r\n"), "the answer is not HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\na: " + b"b" * 100_000 + b"\r\n\r\n"), "the answer is not HTTP"),
        (close_early(), "the body breaks off"),
    ],
)
async def test_a_server_that_misbehaves_is_left_with_words(outbound: Outbound, page: Behaviour, words: str) -> None:
    error = await failed(outbound, page, Limits(total_s=0.3, max_bytes=1 << 40))
    assert (error.why, error.permanent) == (words, False)


async def test_a_name_server_that_hangs_is_within_the_deadline() -> None:
    async def lookup(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    async with open_outbound(LOOPBACK, "trucewatch-test", lookup=lookup) as outbound:
        error = await refused(outbound, "http://slow.example/", Limits(connect_s=9, total_s=0.2))
        assert "0.2 s" in error.why
        error = await refused(outbound, "http://slow.example/", Limits(connect_s=0.2, total_s=9))
        assert error.why == "no connection within 0.2 s"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb_takes_no_more_than_its_cap(outbound: Outbound, encoding: str) -> None:
    page = bomb(200 << 20, encoding)
    error = await failed(outbound, page)
    assert (error.why, error.permanent, error.status) == ("the body is larger than 100000 bytes", True, 200)
    reply = await fetched(outbound, page, Limits(max_bytes=100_000, cut=True))
    assert (len(reply.body), reply.truncated) == (100_000, True)


async def test_a_flood_is_cut_or_refused_at_the_cap(outbound: Outbound) -> None:
    assert "larger" in (await failed(outbound, endless(b"x" * 9_999))).why
    reply = await fetched(outbound, endless(b"x" * 9_999), Limits(max_bytes=12_345, cut=True))
    assert (reply.body, reply.truncated) == (b"x" * 12_345, True)


async def test_what_follows_the_end_of_a_compressed_body_is_bounded_too(outbound: Outbound) -> None:
    packer = zlib.compressobj(wbits=31)
    whole = packer.compress(b"words") + packer.flush()

    async def padded(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, {"content-encoding": "gzip"}) + whole)
        while True:
            writer.write(bytes(50_000))
            await writer.drain()

    assert "larger" in (await failed(outbound, padded)).why


@pytest.mark.parametrize("body", [b"", b"words", b"w" * 99_999, bytes(range(256)) * 300])
async def test_compressed_bodies_arrive_whole(outbound: Outbound, body: bytes) -> None:
    packer = zlib.compressobj(wbits=-15)
    bare = packer.compress(body) + packer.flush()
    half = len(body) // 2
    two_members = gzipped_bytes(body[:half]) + gzipped_bytes(body[half:])
    assert (await fetched(outbound, gzipped(body))).body == body
    assert (await fetched(outbound, ok(zlib.compress(body), content_encoding="deflate"))).body == body
    assert (await fetched(outbound, ok(bare, content_encoding="deflate"))).body == body
    assert (await fetched(outbound, ok(two_members, content_encoding="x-gzip"))).body == body
    assert (await fetched(outbound, ok(body, content_encoding="utf-8"))).body == body


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (ok(b"no gzip", content_encoding="gzip"), "the body is not gzip"),
        (ok(b"\x1f", content_encoding="gzip"), "breaks off"),
        (ok(b"x", content_encoding="deflate"), "breaks off"),
        (ok(b"\x8b\x1f\x00", content_encoding="br"), "'br' was not asked for"),
        (ok(b"", content_encoding="gzip, gzip"), "was not asked for"),
    ],
)
async def test_a_body_that_cannot_be_taken_leaves_the_status(outbound: Outbound, page: Behaviour, words: str) -> None:
    error = await failed(outbound, page)
    assert words in error.why
    assert error.status == 200


async def test_a_compressed_body_that_breaks_off_is_no_body(outbound: Outbound) -> None:
    error = await failed(outbound, ok(gzipped_bytes(b"many words" * 99)[:-9], content_encoding="gzip"))
    assert error.why == "the compressed body breaks off"


async def test_a_million_empty_members_are_refused(outbound: Outbound) -> None:
    error = await failed(outbound, ok(gzipped_bytes(b"") * 4_000, content_encoding="gzip"))
    assert "gzip members" in error.why


async def test_redirects_are_followed_up_to_the_limit_and_only_permanent_ones_move_a_feed(outbound: Outbound) -> None:
    pages = {
        "/moved": redirect("/moved-again", 301),
        "/moved-again": redirect("here", 308),
        "/here": ok(b"found"),
        "/for-now": redirect("/moved", 302),
        "/moved-then-for-now": redirect("/see-other", 301),
        "/see-other": redirect("/here", 303),
        "/loop": redirect("/loop", 307),
        "/nowhere": ok(b"", 301),
    }
    async with a_site(pages) as site:

        async def ask(path: str, most: int = 5) -> Reply:
            return await outbound.fetch("GET", f"{site.url}{path}", Limits(max_redirects=most))

        assert (await ask("/here")).permanent_url is None
        reply = await ask("/moved")
        assert (reply.body, reply.url, reply.permanent_url) == (b"found", f"{site.url}/here", f"{site.url}/here")
        assert (await ask("/for-now")).permanent_url is None
        assert (await ask("/moved-then-for-now")).permanent_url == f"{site.url}/see-other"
        assert (await ask("/moved", 0)).status == 301
        assert (await ask("/nowhere")).status == 301
        assert "more than 5 redirects" in (await refused(outbound, f"{site.url}/loop", Limits(max_redirects=5))).why


async def test_confidential_headers_and_log_ins_stay_with_the_first_origin(outbound: Outbound) -> None:
    async with a_site({"/": ok()}) as other, a_site({"/": redirect(f"{other.url}/")}) as site:
        url = f"http://us%40er:pass@127.0.0.1:{site.port}/"
        reply = await outbound.fetch("GET", url, Limits(max_redirects=1), headers={"x-plain": "yes"})
        assert site.requests[0].headers["authorization"] == "Basic dXNAZXI6cGFzcw=="
        assert "authorization" not in other.requests[0].headers
        assert other.requests[0].headers["x-plain"] == "yes"
        assert "pass" not in reply.url
        await outbound.fetch("GET", f"{site.url}/", Limits(max_redirects=1), headers={"Authorization": "Bearer word"})
        assert "authorization" not in other.requests[-1].headers


async def test_no_cookie_is_kept(outbound: Outbound) -> None:
    async with a_site({"/": ok(Set_Cookie="a=b; Path=/"), "/2": redirect("/")}) as site:
        for _ in range(2):
            await outbound.fetch("GET", f"{site.url}/", SHORT)
            await outbound.fetch("GET", f"{site.url}/2", Limits(max_redirects=1))
        assert all("cookie" not in request.headers for request in site.requests)


async def test_the_request_says_who_asks_and_what_it_can_read(outbound: Outbound) -> None:
    async with a_site({"/hook": ok()}) as site:
        await outbound.fetch("POST", f"{site.url}/hook?a=b%2Fc", SHORT, headers={"x-id": "1"}, content=b"{}")
        (request,) = site.requests
    assert (request.method, request.body, request.headers["x-id"]) == ("POST", b"{}", "1")
    assert request.headers["user-agent"] == "trucewatch-test"
    assert request.headers["accept-encoding"] == "gzip, deflate"


async def test_an_error_gives_no_path_query_or_log_in_away(outbound: Outbound) -> None:
    for url in ("http://user:secret@10.0.0.1/secret?secret", "http://127.0.0.1:1/secret?a=secret", "http://secret:x/"):
        error = await refused(outbound, url)
        assert "secret" not in f"{error!r} {error} {error.why}"
        assert error.__suppress_context__ or error.__context__ is None


async def test_many_servers_are_asked_at_once(outbound: Outbound) -> None:
    async with a_site({"/": ok(b"x" * 5_000)}) as site:
        replies = await asyncio.gather(*(outbound.fetch("GET", f"{site.url}/", SHORT) for _ in range(200)))
    assert {len(reply.body) for reply in replies} == {5_000}


async def test_a_certificate_is_verified(tmp_path: Path) -> None:
    tls, authority = a_certificate(tmp_path, "127.0.0.1")
    async with a_site({"/": ok(b"in confidence")}, tls) as site:
        async with open_outbound(LOOPBACK, "trucewatch-test") as outbound:
            assert "certificate is refused" in (await refused(outbound, f"{site.url}/")).why
        async with open_outbound(LOOPBACK, "trucewatch-test", ca_file=str(authority)) as outbound:
            assert (await outbound.fetch("GET", f"{site.url}/", SHORT)).body == b"in confidence"
    tls, authority = a_certificate(tmp_path, "127.0.0.9")
    async with a_site({"/": ok()}, tls) as site, open_outbound(LOOPBACK, "t", ca_file=str(authority)) as outbound:
        assert "certificate is refused" in (await refused(outbound, f"{site.url}/")).why


async def test_a_proxy_is_asked_for_a_tunnel_to_the_vetted_address(tmp_path: Path) -> None:
    async def lookup(host: str, _port: int) -> Sequence[str]:
        return ["10.0.0.1"] if host == "inside.example" else ["127.0.0.1"]

    tls, authority = a_certificate(tmp_path, "news.example")
    async with (
        a_site({"/": ok(b"plain")}) as plain,
        a_site({"/": ok(b"secure")}, tls) as secure,
        a_proxy() as proxy,
        open_outbound(LOOPBACK, "trucewatch-test", proxy.url, str(authority), lookup) as outbound,
    ):
        with connections() as made:
            assert (await outbound.fetch("GET", f"http://news.example:{plain.port}/", SHORT)).body == b"plain"
            assert (await outbound.fetch("GET", f"https://news.example:{secure.port}/", SHORT)).body == b"secure"
            assert (await refused(outbound, "http://inside.example/")).permanent
        assert proxy.targets == [f"127.0.0.1:{plain.port}", f"127.0.0.1:{secure.port}"]
        assert proxy.requests[0].headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"
        assert "proxy-authorization" not in plain.requests[0].headers
        assert plain.requests[0].target == "/"
        assert [where[1] for where in made].count(int(proxy.url.rpartition(":")[2])) == 2


async def test_a_proxy_that_refuses_or_is_away_is_named() -> None:
    async with a_proxy(407) as proxy, open_outbound(LOOPBACK, "trucewatch-test", proxy.url) as outbound:
        assert (await refused(outbound, "http://127.0.0.1:8080/")).why == "the proxy refused the tunnel: 407"
    async with open_outbound(LOOPBACK, "trucewatch-test", proxy.url) as outbound:
        assert "no connection to the proxy" in (await refused(outbound, "http://127.0.0.1:8080/")).why


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_proxy() as proxy, a_site({"/": ok()}) as site:
        for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with open_outbound(LOOPBACK, "trucewatch-test") as outbound:
            assert (await outbound.fetch("GET", f"{site.url}/", SHORT)).status == 200
        assert proxy.requests == []


@pytest.mark.parametrize("url", ["https://user:secret@proxy.example", "socks5://user:secret@proxy.example", "secret"])
async def test_a_proxy_of_another_kind_is_refused_without_its_address(url: str) -> None:
    with pytest.raises(ValueError, match="http://") as caught:
        async with open_outbound((), "trucewatch-test", url):
            pass
    assert "secret" not in str(caught.value)


def gzipped_bytes(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(body) + packer.flush()


def a_certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a fresh self-signed certificate, and the file that makes it trusted."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    alternative = f"subjectAltName={'IP' if name[0].isdigit() else 'DNS'}:{name}"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += [
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
        "-addext",
        alternative,
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
