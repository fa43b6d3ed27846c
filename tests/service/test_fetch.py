from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from service.fetch import FetchedDocument, FetchError, NotModified, Validators, fetch_feed
from tests.servers import Request, Site, a_site, gzipped, hang, head, ok, redirect
from workers.outbound import Limits, Outbound, open_outbound

NOW = datetime(2026, 3, 13, 12, 0, tzinfo=UTC)
LIMITS = Limits(connect_s=2, total_s=5, max_bytes=10_000, max_redirects=5)


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    async with open_outbound([ip_network("127.0.0.1/32")], "trucewatch-test") as opened:
        yield opened


async def fetched(outbound: Outbound, site: Site, path: str, validators: Validators | None = None) -> FetchedDocument:
    found = await fetch_feed(outbound, f"{site.url}{path}", validators or Validators(), LIMITS, NOW)
    assert isinstance(found, FetchedDocument)
    return found


async def refused(
    outbound: Outbound, url: str, validators: Validators | None = None, limits: Limits = LIMITS
) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetch_feed(outbound, url, validators or Validators(), limits, NOW)
    return caught.value


async def conditional(request: Request, writer: asyncio.StreamWriter) -> None:
    """A server that knows its document by an entity tag."""
    unchanged = request.headers.get("if-none-match") == 'W/"one"'
    answer = head(304, {"cache-control": "max-age=60"}) if unchanged else b""
    writer.write(answer or head(200, {"etag": 'W/"one"', "last-modified": "then", "content-length": "4"}) + b"feed")


async def test_a_document_comes_with_what_to_ask_by_next_time(outbound: Outbound) -> None:
    async with a_site({"/feed": conditional}) as site:
        document = await fetched(outbound, site, "/feed")
        assert (document.body, document.fetched_at) == (b"feed", NOW)
        assert document.validators == Validators('W/"one"', "then")
        again = await fetch_feed(outbound, f"{site.url}/feed", document.validators, LIMITS, NOW)
        assert isinstance(again, NotModified)
        assert again.headers["cache-control"] == "max-age=60"
        assert site.requests[1].headers["if-modified-since"] == "then"
        assert "if-none-match" not in site.requests[0].headers


async def test_not_modified_without_having_asked_is_an_error(outbound: Outbound) -> None:
    async with a_site({"/": ok(b"", 304)}) as site:
        error = await refused(outbound, f"{site.url}/")
    assert (error.status, error.permanent) == (304, False)


@pytest.mark.parametrize("status", [204, 206, 300, 400, 401, 403, 404, 410, 418, 429, 451, 500, 502, 503, 599])
async def test_every_other_status_is_an_error_and_only_gone_is_for_good(outbound: Outbound, status: int) -> None:
    async with a_site({"/": ok(b"x" if status != 204 else b"", status)}) as site:
        error = await refused(outbound, f"{site.url}/")
    assert (error.status, error.permanent, error.retry_after_s) == (status, status == 410, None)
    assert f"answered {status}" in error.why


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Fri, 13 Mar 2026 12:10:00 GMT", 600.0),
        ("Fri, 13 Mar 2026 11:00:00 GMT", 0.0),
        ("999999", 86_400.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [403, 429, 503])
async def test_a_servers_wish_to_be_left_alone_is_read(
    outbound: Outbound, status: int, value: str, seconds: float | None
) -> None:
    async with a_site({"/": ok(b"", status, Retry_After=value)}) as site:
        assert (await refused(outbound, f"{site.url}/")).retry_after_s == seconds


async def test_a_move_for_good_is_told_and_one_for_now_is_not(outbound: Outbound) -> None:
    pages = {"/old": redirect("/new", 301), "/now": redirect("/new", 302), "/new": gzipped(b"feed")}
    async with a_site(pages) as site:
        moved = await fetched(outbound, site, "/old")
        assert (moved.body, moved.feed_url, moved.url) == (b"feed", f"{site.url}/old", f"{site.url}/new")
        assert moved.permanent_url == f"{site.url}/new"
        assert (await fetched(outbound, site, "/now")).permanent_url is None
        assert moved.body_hash == (await fetched(outbound, site, "/new")).body_hash


async def test_validators_that_would_break_a_header_are_not_kept(outbound: Outbound) -> None:
    async with a_site({"/": ok(ETag="x" * 2_000, Last_Modified="gestern früh")}) as site:
        assert (await fetched(outbound, site, "/")).validators == Validators()


async def test_a_feed_that_is_too_large_slow_or_forbidden_is_an_error(outbound: Outbound) -> None:
    async with a_site({"/large": ok(b"x" * 10_001), "/slow": hang()}) as site:
        error = await refused(outbound, f"{site.url}/large")
        assert (error.why, error.status) == ("the body is larger than 10000 bytes", 200)
        error = await refused(outbound, f"{site.url}/slow", limits=Limits(total_s=0.2))
        assert (error.why, error.permanent, error.status) == ("no full answer within 0.2 s", False, None)
    error = await refused(outbound, "http://169.254.169.254/latest/meta-data")
    assert error.permanent
    assert error.feed_url == "http://169.254.169.254/latest/meta-data"
