"""The commands on delivery, as they are typed, on a real store."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from typer.testing import CliRunner, Result

from service.cli import app
from tests.archives import CATALOGUE
from tests.builders import a_delivery, an_article, hours
from tests.receivers import Answer, Receiver, a_receiver
from tests.secrecy import assert_leaks_no_secret
from workers.delivery.endpoints import Endpoint
from workers.delivery.signing import signed_headers
from workers.domain.alert import DeliveryState
from workers.domain.article import Outcome
from workers.domain.breaker import Breaker
from workers.queues import ALERTS
from workers.storage import keys
from workers.storage.articles import ArticleEnd
from workers.stores import open_stores

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLDER = "whsec_" + base64.b64encode(b"o" * 32).decode()


class Terminal:
    """Runs commands with one machine endpoint that leads to the receiver, and one chat endpoint."""

    def __init__(self, store_url: str, catalogue: Path, receiver: Receiver) -> None:
        self.receiver = receiver
        self.stores = open_stores(store_url, timedelta(minutes=2), hours(0))
        self.outbox = self.stores.outbox
        url = f"{receiver.url}/hook/tokentoken"
        listed = [
            {"name": "newsroom", "url": url, "secrets": [SECRET, OLDER]},
            {"name": "chat", "url": "https://hooks.slack.com/services/tokentoken"},
        ]
        self.endpoints = [Endpoint("newsroom", url, (SECRET, OLDER)), Endpoint("chat", listed[1]["url"])]  # type: ignore[arg-type]
        self.env = {
            "TRUCEWATCH_REDIS_URL": store_url,
            "TRUCEWATCH_CATALOGUE": str(catalogue),
            "TRUCEWATCH_WEBHOOKS": json.dumps(listed),
            "TRUCEWATCH_WEBHOOK_ALLOW_PRIVATE": "127.0.0.1",
        }

    def __call__(self, *arguments: str, stdin: bytes | None = None) -> Result:
        result = CliRunner().invoke(app, arguments, env=self.env, input=stdin)
        assert_leaks_no_secret([result.output, result.stderr, repr(result.exception)], self.endpoints)
        return result

    def stage(self, *deliveries: Any) -> None:
        with self.stores.client.pipeline(transaction=True) as pipe:
            self.outbox.stage(pipe, deliveries)
            pipe.execute()

    def end(self, delivery: Any, state: DeliveryState) -> None:
        with self.stores.client.pipeline(transaction=True) as pipe:
            self.outbox.stage_end(pipe, delivery, state, datetime.now(UTC))
            pipe.execute()


@pytest.fixture
def run(valkey: redis.Redis, store_url: str, tmp_path: Path) -> Iterator[Terminal]:
    (tmp_path / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
    with a_threaded_receiver() as receiver:
        yield Terminal(store_url, tmp_path / "catalogue.toml", receiver)


@contextlib.contextmanager
def a_threaded_receiver() -> Iterator[Receiver]:
    """A receiver on a loop of its own, since commands have theirs."""
    started, over, found = threading.Event(), asyncio.Event(), list[Any]()

    async def serve() -> None:
        async with a_receiver() as receiver:
            found.extend([receiver, asyncio.get_running_loop()])
            started.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(60)  # a busy machine may take long to start a thread
    try:
        yield found[0]
    finally:
        found[1].call_soon_threadsafe(over.set)
        thread.join(60)


def test_endpoints_are_listed_with_their_state_and_no_address(run: Terminal) -> None:
    run.stage(a_delivery(), a_delivery(sequence=2))
    run.outbox.disable("chat", "HTTP 410 Gone", hours(1))
    newsroom, chat = json.loads(run("endpoints", "list", "--json").stdout)
    assert (newsroom["state"], newsroom["keys"], newsroom["waiting"], newsroom["host"]) == ("well", 2, 2, "127.0.0.1")
    assert (chat["state"], chat["why"], chat["format"], chat["keys"]) == ("disabled", "HTTP 410 Gone", "slack", 0)
    run.outbox.open_breaker("newsroom", Breaker(5, hours(0), hours(1)))
    assert "away" in run("endpoints", "list").stdout


def test_a_test_arrives_signed_with_every_key(run: Terminal) -> None:
    assert run("endpoints", "test", "newsroom").stdout == "newsroom: delivered, HTTP 200\n"
    (request,) = run.receiver.received
    assert json.loads(request.body)["type"] == "webhook.test"
    assert len(request.headers["webhook-signature"].split()) == 2
    run.receiver.otherwise = Answer(404)
    result = run("endpoints", "test", "newsroom")
    assert (result.exit_code, result.stderr) == (1, "error: newsroom: HTTP 404 Not Found\n")
    assert run.outbox.depths() == []


def test_a_disabled_endpoint_is_enabled_and_what_waits_goes_now(run: Terminal) -> None:
    run.stage(a_delivery(created_at=datetime.now(UTC) + timedelta(hours=5)))
    assert run("endpoints", "disable", "newsroom", "--why", "moving").stdout == "newsroom: disabled\n"
    assert run.outbox.disabled()["newsroom"].why == "moving"
    assert "1 lanes go now" in run("endpoints", "enable", "newsroom").stdout
    assert run.outbox.disabled() == {}
    assert run.outbox.due_lanes(datetime.now(UTC), 9) == ["newsroom~river-war"]
    assert run.stores.queues.depth(ALERTS) == 1


def test_an_endpoint_that_is_left_alone_is_asked_at_once_when_enabled(run: Terminal) -> None:
    run.stage(a_delivery())
    run.outbox.open_breaker("newsroom", Breaker(5, hours(0), datetime.now(UTC) + timedelta(hours=1)))
    assert "asked again" in run("endpoints", "enable", "newsroom").stdout
    assert not run.outbox.breaker("newsroom").is_open


def test_what_an_endpoint_missed_is_replayed_in_order(run: Terminal) -> None:
    for number in (1, 2, 3):
        run.end(a_delivery(sequence=number), DeliveryState.ENDPOINT_GONE)
    assert "deliveries replay --endpoint newsroom" in run("endpoints", "enable", "newsroom").stdout
    assert run("deliveries", "replay", "--endpoint", "newsroom").stdout == "3 go again\n"
    assert [one.alert_id[-1] for one in run.outbox.listed(DeliveryState.WAITING, 9)] == ["1", "2", "3"]
    assert run.stores.queues.depth(ALERTS) == 1


def test_what_an_endpoint_missed_at_one_moment_is_replayed_by_number_the_oldest_first(run: Terminal) -> None:
    at = datetime.now(UTC)
    with run.stores.client.pipeline(transaction=True) as pipe:
        for number in range(1, 13):
            run.outbox.stage_end(pipe, a_delivery(sequence=number), DeliveryState.ENDPOINT_GONE, at)
        pipe.execute()
    result = run("deliveries", "replay", "--endpoint", "newsroom", "--limit", "10")
    assert (result.stdout, result.stderr) == (
        "10 go again\n",
        "2 later ones are left for the next time: --limit is 10\n",
    )
    run("deliveries", "replay", "--endpoint", "newsroom", "--limit", "10")
    waiting = run.outbox.listed(DeliveryState.WAITING, 99)
    assert [one.alert_id.rpartition("_")[2] for one in waiting] == [str(number) for number in range(1, 13)]


def test_a_damaged_delivery_is_named_and_costs_itself_only(run: Terminal) -> None:
    run.end(a_delivery(), DeliveryState.DEAD)
    run.end(a_delivery(sequence=2), DeliveryState.DEAD)
    run.stores.client.hset(keys.delivery(a_delivery().delivery_id), "frozen", "{")
    result = run("deliveries", "show", a_delivery().delivery_id)
    assert (result.exit_code, "stored Delivery cannot be read" in result.stderr) == (2, True)
    assert [one["dead_id"] for one in json.loads(run("dead", "list", "--json").stdout)] == [
        a_delivery(sequence=2).delivery_id
    ]
    assert run("dead", "retry", "--all").stdout == "1 go again\n"


def test_a_delivery_is_shown_with_its_bytes(run: Terminal) -> None:
    run.stage(a_delivery(body='{"type":"position.changed","quote":"\\u001b[31mred"}'))
    shown = run("deliveries", "show", a_delivery().delivery_id)
    assert '"type": "position.changed"' in shown.stdout
    assert "\x1b" not in shown.stdout
    assert json.loads(run("deliveries", "show", a_delivery().delivery_id, "--json").stdout)["endpoint"] == "newsroom"
    assert "is unknown" in run("deliveries", "show", "nothing").stderr


def test_what_is_dead_is_listed_and_tried_again(run: Terminal) -> None:
    run.end(a_delivery(), DeliveryState.DEAD)
    with run.stores.client.pipeline(transaction=True) as pipe:
        run.stores.articles.stage(pipe, an_article("a7"))
        pipe.execute()
    run.stores.articles.end(ArticleEnd("a7", 1, Outcome.DEAD, "it stumbled", hours(2)))
    assert {one["kind"] for one in json.loads(run("dead", "list", "--json").stdout)} == {"delivery", "article"}
    assert "it stumbled" in run("dead", "show", "a7").stdout
    assert run("dead", "retry", "a7").stdout == "1 go again\n"
    assert run.stores.articles.due(datetime.now(UTC), 9) == ["a7"]
    assert run("dead", "retry", "--all").stdout == "1 go again\n"
    assert json.loads(run("dead", "list", "--json").stdout) == []
    assert run("dead", "retry", "a7").exit_code == 1
    assert run.stores.client.ttl(keys.article("a7")) == -1


def test_a_silence_is_added_listed_and_ended(run: Terminal) -> None:
    added = run("silence", "add", "Mira Vane", "--for", "6h", "--why", "a press tour", "--conflict", "river-war")
    silence_id = added.stdout.partition(":")[0]
    (silence,) = json.loads(run("silence", "list", "--json").stdout)
    assert (silence["actor"], silence["conflict_id"], silence["state"], silence["why"]) == (
        "Mira Vane", "river-war", "active", "a press tour",
    )  # fmt: skip
    assert "Mira Vane" in run("silence", "list").stdout
    assert "0 deliveries" in run("silence", "end", silence_id).stdout
    assert "is not active" in run("silence", "end", silence_id).stderr


BODY = b'{"data":{},"timestamp":"2025-03-14T12:03:00Z","type":"webhook.test"}'


def verify(run: Terminal, body: bytes, sent_at: datetime | None = None, secret: str = OLDER) -> Result:
    headers = signed_headers("msg_ab_1", sent_at or datetime.now(UTC), BODY, [secret])
    options = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    return run("deliveries", "verify", "-", *options, stdin=body)


def test_a_receivers_author_learns_whether_a_request_is_genuine(run: Terminal) -> None:
    assert verify(run, BODY).stdout == "genuine: signed with secret 2 of newsroom\n"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        pytest.param({"body": BODY + b"\n"}, "the newline at its end taken off", id="a shell's newline"),
        pytest.param({"body": json.dumps(json.loads(BODY)).encode()}, "JSON as it was written first", id="parsed"),
        pytest.param({"body": b"{}"}, "another key, or other bytes", id="another body"),
        pytest.param({"body": b"[" * 100_000}, "another key, or other bytes", id="a body nested without end"),
        pytest.param({"body": b"\xff\xfe"}, "another key, or other bytes", id="a body of no characters"),
        pytest.param({"body": BODY, "sent_at": hours(0)}, "old, allowed are 300", id="an old one"),
        pytest.param(
            {"body": BODY, "secret": "whsec_" + base64.b64encode(b"x" * 32).decode()}, "no signature fits", id="a key"
        ),
    ],
)  # fmt: skip
def test_a_receivers_author_learns_what_is_wrong(run: Terminal, named: dict[str, Any], said: str) -> None:
    result = verify(run, **named)
    assert result.exit_code == 1
    assert said in result.stderr


def test_headers_that_are_no_text_are_not_genuine(run: Terminal) -> None:
    options = ("-H", "webhook-id: \udcff", "-H", f"webhook-timestamp: {datetime.now(UTC).timestamp():.0f}")
    result = run("deliveries", "verify", "-", *options, "-H", "webhook-signature: v1,\udcff v1,AAAA", stdin=BODY)
    assert (result.exit_code, "no signature fits" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("endpoints", "test", "nobody"), "endpoint 'nobody' is not in the settings; those are: newsroom, chat"),
        (("endpoints", "enable", "nobody"), "is not in the settings"),
        (("silence", "add", "nobody", "--for", "6h", "--why", "x"), "actor 'nobody' is not in the catalogue"),
        (("silence", "add", "mira-vane", "--for", "6", "--why", "x"), "has no unit"),
        (("silence", "add", "mira-vane", "--for", "9000d", "--why", "x"), "at most 90d"),
        (("silence", "end", "si_x"), "is not active"),
        (("deliveries", "replay"), "allowed is one of them"),
        (("deliveries", "replay", "--endpoint", "newsroom", "--state", "waiting"), "has not ended"),
        (("dead", "retry"), "allowed is one of them"),
        (("deliveries", "verify", "/nowhere/body", "-H", "webhook-id: 1"), "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(run: Terminal, command: tuple[str, ...], named: str) -> None:
    result = run(*command)
    assert result.exit_code == 2
    assert named in result.stderr


def test_the_schemas_are_json(run: Terminal) -> None:
    assert "alerts.summary" in json.loads(run("endpoints", "schema").stdout)
