"""Addresses and secrets of endpoints stand in the settings and nowhere else, whatever goes wrong."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from typer.testing import CliRunner

from config.log import set_up_logging
from config.settings import Settings, load_settings
from service.cli import app
from service.web import WebParts, make_app
from tests.alerts import every_alert
from tests.archives import CATALOGUE
from tests.builders import a_catalogue, a_statement, an_article
from tests.newsroom import Newsroom
from tests.receivers import Answer, Receiver, a_receiver
from tests.secrecy import assert_leaks_no_secret
from workers.delivery.endpoints import Endpoint
from workers.delivery.fanout import deliveries_for
from workers.delivery.lanes import Pace, drain_lane
from workers.delivery.sending import Timeouts
from workers.domain.policy import Policy
from workers.outbound import open_outbound
from workers.provisions import load_catalogue
from workers.runtime import endpoints_of
from workers.stores import Stores, open_stores

SECRET, OLDER = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"k", b"o"))
ANSWERS = [
    Answer(200), Answer(204), Answer(301, {"location": "/hook/tokentoken?key=wordword"}), Answer(401), Answer(413),
    Answer(500, body=b"tokentoken wordword"), Answer(429, {"retry-after": "1"}), Answer(drop=True), Answer(hang=True),
    Answer(200, {"content-encoding": "br"}), Answer(410),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Office:
    """A service's settings and store; what it logs goes to `log`."""

    env: dict[str, str]
    settings: Settings
    endpoints: tuple[Endpoint, ...]
    stores: Stores
    log: io.StringIO

    def says(self, *command: str) -> str:
        """What a command writes."""
        result = CliRunner().invoke(app, command, env=self.env)
        return f"{result.output}{result.stderr}{result.exception!r}"


def an_office(store_url: str, folder: Path, receiver: Receiver) -> Office:
    (folder / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
    listed = [
        {"name": "machine", "url": f"{receiver.url}/hook/tokentoken?key=wordword", "secrets": [SECRET, OLDER]},
        {"name": "chat", "url": f"mattermost+{receiver.url}/hooks/tokentoken", "format": "mattermost"},
        {"name": "away", "url": "https://127.0.0.1:1/tokentoken?key=wordword"},
        {"name": "tls", "url": f"{receiver.url.replace('http:', 'https:')}/tokentoken"},
        {"name": "inside", "url": "https://10.1.2.3/tokentoken?key=wordword", "format": "teams"},
    ]
    env = {
        "TRUCEWATCH_REDIS_URL": store_url,
        "TRUCEWATCH_CATALOGUE": str(folder / "catalogue.toml"),
        "TRUCEWATCH_WEBHOOKS": json.dumps(listed),
        "TRUCEWATCH_WEBHOOK_SECRETS": OLDER,
        "TRUCEWATCH_WEBHOOK_ALLOW_PRIVATE": "127.0.0.1",
    }
    settings = load_settings(env)
    log = io.StringIO()
    set_up_logging("debug", "json", settings.secret_values(), log)
    known = endpoints_of(settings, load_catalogue(settings.catalogue, ()))
    return Office(env, settings, known, open_stores(store_url, timedelta(minutes=2), datetime.now(UTC)), log)


def everything_in(store_url: str) -> dict[str, Any]:
    """Every key of the store with its value, RQ's jobs and their packed arguments among them."""
    raw = redis.Redis.from_url(store_url)
    read = {
        b"string": raw.get, b"hash": raw.hgetall, b"set": raw.smembers,
        b"list": lambda key: raw.lrange(key, 0, -1), b"zset": lambda key: raw.zrange(key, 0, -1),
    }  # fmt: skip
    found = {key.decode(): read[raw.type(key)](key) for key in raw.scan_iter()}
    packed = {
        f"{key}:unpacked": zlib.decompress(value[b"data"])
        for key, value in found.items()
        if key.startswith("rq:job:") and b"data" in value
    }
    raw.close()
    return found | packed


@pytest.fixture(autouse=True)
def _no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


async def test_nothing_that_is_logged_stored_queued_or_shown_gives_them_away(
    valkey: redis.Redis, store_url: str, tmp_path: Path
) -> None:
    async with a_receiver() as receiver:
        office = an_office(store_url, tmp_path, receiver)
        for answer in ANSWERS:
            receiver.otherwise = answer
            await send_to_all(office)
        seen = everything_in(store_url)
    assert any(b"drain_lane" in value for key, value in seen.items() if key.endswith(":unpacked"))
    assert_leaks_no_secret([seen, office.log.getvalue()], office.endpoints)
    assert "endpoint_disabled" in office.log.getvalue()
    assert "delivery_sent" in office.log.getvalue()


async def send_to_all(office: Office) -> None:
    """Stage one alert for every endpoint, queue its lanes, and drain them."""
    now = datetime.now(UTC)
    outbox = office.stores.outbox
    with office.stores.client.pipeline(transaction=True) as pipe:
        outbox.stage(pipe, deliveries_for(every_alert()["changed"], office.endpoints, now))
        pipe.execute()
    lanes = [lane for endpoint in office.endpoints for lane in outbox.lanes_of(endpoint.name)]
    office.stores.queues.enqueue_lanes(lanes)
    async with open_outbound([ip_network("127.0.0.1")], "trucewatch-test") as outbound:
        for lane in lanes:
            outbox.close_breaker(lane.partition("~")[0])  # nor is it left alone because it asked for that
            outbox.hasten(lane.partition("~")[0], now)
            await drain_lane(
                outbox, office.endpoints, outbound, lane, lambda: datetime.now(UTC), lambda: 0.0,
                pace=Pace(timeouts=Timeouts(0.3, 0.3)),
            )  # fmt: skip


async def test_no_page_gives_them_away(valkey: redis.Redis, store_url: str, tmp_path: Path) -> None:
    async with a_receiver() as receiver:
        office = an_office(store_url, tmp_path, receiver)
        newsroom = Newsroom(valkey, a_catalogue(), Policy())
        newsroom.hear(an_article("a1"), a_statement("reject", article="a1"))
        for answer in (Answer(500), Answer(410)):
            receiver.otherwise = answer
            await send_to_all(office)
        pages = httpx.ASGITransport(make_app(WebParts(newsroom.reads, newsroom.policy, lambda: datetime.now(UTC))))
        async with httpx.AsyncClient(transport=pages, base_url="http://127.0.0.1") as client:
            for path in ("/", "/conflicts/river-war", "/conflicts/river-war/mira-vane", "/readyz", "/healthz"):
                assert_leaks_no_secret((await client.get(path)).text, office.endpoints)


@pytest.mark.parametrize(
    "command",
    [
        ("config",), ("check",), ("endpoints", "list"), ("endpoints", "list", "--json"), ("endpoints", "test", "away"),
        ("endpoints", "test", "tls"), ("endpoints", "test", "inside"), ("endpoints", "test", "machine"),
        ("deliveries", "list"), ("deliveries", "list", "--json"), ("dead", "list"), ("endpoints", "enable", "chat"),
        ("endpoints", "disable", "chat"), ("config", "--markdown"), ("config", "--env"),
    ],
)  # fmt: skip
async def test_no_command_gives_them_away(
    valkey: redis.Redis, store_url: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    async with a_receiver() as receiver:
        office = an_office(store_url, tmp_path, receiver)
        await send_to_all(office)
    assert_leaks_no_secret(await run(office, command), office.endpoints)


async def test_no_complaint_about_the_settings_gives_them_away(
    valkey: redis.Redis, store_url: str, tmp_path: Path
) -> None:
    async with a_receiver() as receiver:
        office = an_office(store_url, tmp_path, receiver)
    wrong = json.loads(office.env["TRUCEWATCH_WEBHOOKS"])
    wrong[0] |= {"format": wrong[0]["url"], "filter": {"actors": [wrong[0]["url"]], SECRET: 1}, OLDER: 2}
    wrong[1] |= {"url": wrong[1]["url"] + " and more", "name": wrong[1]["url"]}
    office.env["TRUCEWATCH_WEBHOOKS"] = json.dumps(wrong)
    said = await run(office, ("check",))
    assert "error" in said
    assert_leaks_no_secret(said, office.endpoints)


async def run(office: Office, command: tuple[str, ...]) -> str:
    """Run a command, which has a loop of its own."""
    return await asyncio.to_thread(office.says, *command)
