"""The receivers of docs/receivers, and the libraries of Standard Webhooks, run against what is really sent."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.alerts import every_alert
from tests.servers import Request, head, listening, read_request
from tests.waiting import until_soon
from workers.delivery.endpoints import Endpoint
from workers.delivery.fanout import deliveries_for
from workers.delivery.sending import SendResult, Timeouts, send
from workers.delivery.signing import signed_headers
from workers.domain.alert import AlertType, Delivery
from workers.domain.retry import Verdict
from workers.outbound import Outbound

RECEIVERS = Path(__file__).parents[3] / "docs" / "receivers"
OLD, NEW, OTHER = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"o", b"n", b"x"))
KNOWN = f"{OLD.rstrip('=')} {NEW}"  # a secret may come without the padding
ALERTS = every_alert()


@dataclass(slots=True)
class Running:
    """A receiver that knows the old and the new key: its address, and the ids that it took."""

    url: str
    taken: Callable[[], list[str]]


@asynccontextmanager
async def a_program(*command: str) -> AsyncIterator[Running]:
    """A receiver that is a server of its own; it says where it listens, and prints what it takes."""
    env = {"WEBHOOK_SECRETS": KNOWN, "PATH": os.environ["PATH"]}
    process = await asyncio.create_subprocess_exec(*command, "0", stdout=asyncio.subprocess.PIPE, env=env)
    assert process.stdout is not None
    taken: list[str] = []
    port = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().split()[-1]

    async def read() -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            taken.append(line.decode().split()[0])

    reading = asyncio.create_task(read())
    try:
        yield Running(f"http://127.0.0.1:{port}/", lambda: list(taken))
    finally:
        process.kill()
        await process.wait()
        await reading


def names_in(folder: Path) -> list[str]:
    """What stands in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def script_says(folder: Path, body: bytes, **said: str) -> int:
    """The status with which the shell receiver answers what a web server tells it."""
    env = {"PATH": os.environ["PATH"], "WEBHOOK_SECRETS": KNOWN, "WEBHOOK_SEEN": str(folder), **said}
    pipe = asyncio.subprocess.PIPE
    script = await asyncio.create_subprocess_exec(
        "sh", str(RECEIVERS / "receiver.sh"), stdin=pipe, stdout=pipe, env=env
    )
    out, _ = await script.communicate(body)
    return int(out.split()[1])


@asynccontextmanager
async def a_cgi_script(folder: Path) -> AsyncIterator[Running]:
    """The shell receiver behind a server that does what CGI asks for."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request: Request = await read_request(reader)
        said = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
        status = await script_says(folder, request.body, CONTENT_LENGTH=request.headers["content-length"], **said)
        writer.write(head(status, {"connection": "close"} | ({} if status == 204 else {"content-length": "0"})))
        writer.close()

    async with listening(serve) as port:
        yield Running(f"http://127.0.0.1:{port}/", lambda: names_in(folder))


@pytest.fixture(params=["python", "node", "shell"])
async def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    needed = {"node": ("node",), "shell": ("sh", "openssl")}.get(request.param, ())
    for program in needed:
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    if request.param == "shell":
        opened = a_cgi_script(tmp_path)
    elif request.param == "node":
        opened = a_program("node", str(RECEIVERS / "receiver.mjs"))
    else:
        opened = a_program(sys.executable, str(RECEIVERS / "receiver.py"))
    async with opened as running:
        yield running


def a_test(name: str = "hostile") -> Delivery:
    alert = replace(ALERTS[name], alert_type=AlertType.POSITION_CHANGED)
    (delivery,) = deliveries_for(alert, [Endpoint("newsroom", "http://x/")], datetime.now(UTC))
    return delivery


async def sent(
    outbound: Outbound, receiver: Running, delivery: Delivery, *secrets: str, at: datetime | None = None
) -> SendResult:
    endpoint = Endpoint("newsroom", receiver.url, secrets)
    return await send(outbound, endpoint, delivery, at or datetime.now(UTC), Timeouts())


async def test_a_receiver_takes_what_is_genuine_once_and_nothing_else(outbound: Outbound, receiver: Running) -> None:
    first, second = a_test(), a_test("joint")
    assert (await sent(outbound, receiver, first, NEW)).verdict is Verdict.DELIVERED
    assert (await sent(outbound, receiver, first, NEW)).verdict is Verdict.DELIVERED
    assert (await sent(outbound, receiver, second, OTHER, OLD)).verdict is Verdict.DELIVERED
    third = replace(second, alert_id="msg_ab12cd_river-war_99")
    assert (await sent(outbound, receiver, third, OTHER)).status == 401
    assert (await sent(outbound, receiver, third)).status == 401
    late = datetime.now(UTC) - timedelta(minutes=6)
    assert (await sent(outbound, receiver, third, NEW, at=late)).status == 401
    huge = replace(third, body='"' + "x" * 30_000 + '"')
    assert (await sent(outbound, receiver, huge, NEW)).status == 413
    await until_soon(lambda: len(receiver.taken()) > 1)  # what it prints comes by a pipe
    assert sorted(receiver.taken()) == sorted([first.alert_id, second.alert_id])


HOSTILE_HEADS = [
    b"content-length: -1",
    b"content-length: 1e3",
    b"content-length: " + b"9" * 5_000,
    b"x: no length",
    b"content-length: 2\r\nwebhook-id: a\r\nwebhook-timestamp: " + b"9" * 5_000,
    b"content-length: 2\r\nwebhook-id: a\r\nwebhook-timestamp: \xd9\xa3",
    b"content-length: 2\r\nwebhook-id: ../a\r\nwebhook-timestamp: 0999\r\nwebhook-signature: v1,* v1, \xff",
    b"content-length: 2\r\nwebhook-id: \xff\xfe\r\nwebhook-signature: " + b"v1,AAAA " * 900,
]


async def test_a_receiver_outlives_strangers(outbound: Outbound, receiver: Running) -> None:
    port = int(receiver.url.rstrip("/").rpartition(":")[2])
    for hostile in HOSTILE_HEADS:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + hostile + b"\r\n\r\n{}")
        writer.write_eof()
        assert b" 204 " not in await asyncio.wait_for(reader.read(), 20)
        writer.close()
    genuine = a_test()
    assert (await sent(outbound, receiver, genuine, NEW)).verdict is Verdict.DELIVERED
    await until_soon(receiver.taken)
    assert receiver.taken() == [genuine.alert_id]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"CONTENT_LENGTH": "-1"}, 413),
        ({"CONTENT_LENGTH": "1e3"}, 413),
        ({"CONTENT_LENGTH": ""}, 413),
        ({"CONTENT_LENGTH": "9" * 500}, 413),
        ({"HTTP_WEBHOOK_TIMESTAMP": "0999"}, 401),
        ({"HTTP_WEBHOOK_TIMESTAMP": "9" * 500}, 401),
        ({"HTTP_WEBHOOK_TIMESTAMP": "$(touch x)"}, 401),
        ({"HTTP_WEBHOOK_ID": "../../etc/passwd"}, 401),
        ({"HTTP_WEBHOOK_SIGNATURE": "* v1,* $(touch x)"}, 401),
    ],
)
async def test_the_shell_script_answers_what_strangers_make_up(
    tmp_path: Path, said: dict[str, str], status: int
) -> None:
    now = f"{datetime.now(UTC).timestamp():.0f}"
    told = {
        "CONTENT_LENGTH": "2",
        "HTTP_WEBHOOK_ID": "a",
        "HTTP_WEBHOOK_TIMESTAMP": now,
        "HTTP_WEBHOOK_SIGNATURE": "v1,",
    }
    assert await script_says(tmp_path, b"{}", **(told | said)) == status
    assert names_in(tmp_path) == []


NPM = """
const { Webhook } = require("standardwebhooks");
const { secret, headers, body } = JSON.parse(require("fs").readFileSync(0, "utf8"));
try { new Webhook(secret).verify(body, headers); console.log("genuine"); } catch (error) { console.log(error.message); }
"""


def npm_says(secret: str, headers: Mapping[str, str], body: str) -> str:
    asked = json.dumps({"secret": secret, "headers": headers, "body": body})
    ran = subprocess.run(["node", "-e", NPM], input=asked, capture_output=True, text=True, check=False, timeout=60)
    if "Cannot find module" in ran.stderr:
        pytest.skip("needs the npm package standardwebhooks (NODE_PATH)")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_npm_library_finds_the_signatures_genuine() -> None:
    delivery = a_test()
    headers = signed_headers(delivery.alert_id, datetime.now(UTC), delivery.body.encode(), [NEW, OLD])
    assert npm_says(NEW, headers, delivery.body) == "genuine"
    assert npm_says(OLD, headers, delivery.body) == "genuine"
    assert npm_says(OTHER, headers, delivery.body) == "No matching signature found"
    assert npm_says(NEW, headers, delivery.body + " ") == "No matching signature found"
