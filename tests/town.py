"""The service as people run it, between a publisher and a receiver of its own: `Town`, and `running` it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.demo_servers import LocalServer, Published, publisher_answer
from service.embedded import EmbeddedStore
from tests.waiting import until as wait_until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwtrucewatch01"
DEADLINE_S = 60.0
# Every story has words of its own: the same words again would be the same cause, which is told once (law 4).
STORIES = {
    "reject": [
        ("a 30-day ceasefire", "We reject this ceasefire, and our army will fight on until its aims are met"),
        ("the spring truce", "There will be no truce with Kyiv. I will not sign a paper that ties our hands"),
    ],
    "support": [
        ("a ceasefire at sea", "We accept the ceasefire and we will observe it from midnight"),
        ("an Easter truce", "We support the truce, and the guns on our side fall silent at six in the morning"),
    ],
}
VERBS = {"reject": "rejected", "support": "accepted"}


def until(done: Callable[[], bool], what: Callable[[], str]) -> None:
    """Wait for it; when it does not come true, show the service's log."""
    try:
        wait_until(done, DEADLINE_S)
    except AssertionError:
        pytest.fail(what()[-4000:])


@dataclass
class Town:
    """A publisher, a receiver, a store and the service between them."""

    folder: Path
    stories: list[Published] = field(default_factory=list)
    received: list[dict[str, object]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = EmbeddedStore(self.folder / "store")
        self.publisher = LocalServer(publisher_answer(lambda: list(self.stories)))
        self.receiver = LocalServer(self._take)

    def _take(self, _method: str, path: str, _headers: object, body: bytes) -> tuple[int, str, bytes]:
        status = self.statuses.pop(0) if self.statuses else 204
        if status == 204:
            self.received.append({"path": path, **json.loads(body)})
        return status, "text/plain", b""

    def publish(self, kind: str) -> None:
        number = len(self.stories)
        plan, words = STORIES[kind][sum(story.title.startswith(f"Putin {VERBS[kind]}") for story in self.stories)]
        title = f"Putin {VERBS[kind]} {plan}"
        text = f'Russian President Vladimir Putin {VERBS[kind]} {plan} in Ukraine.\n\n"{words}," Putin said in Moscow.'
        self.stories.append(Published(number, "wire", title, text, datetime.now(UTC)))

    def moves(self) -> list[tuple[str, str]]:
        """How Putin moved by the alerts received. One whose sender lost its store in between comes twice, as one."""
        alerts = {alert["data"]["sequence"]: alert for alert in self.received}  # type: ignore[index]
        return [
            (change["from"], change["to"])
            for _, alert in sorted(alerts.items())
            for change in alert["data"]["changes"]  # type: ignore[index]
            if change["actor"]["id"] == "putin"
        ]

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def events(self, name: str) -> list[dict[str, object]]:
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == name]


@contextmanager
def running(town: Town, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    feed = f"http://127.0.0.1:{town.publisher.start()}/wire/feed.xml"
    env = {name: value for name, value in os.environ.items() if not name.startswith("TRUCEWATCH_")}
    env |= {
        "TRUCEWATCH_FEEDS": json.dumps([{"url": feed, "publisher": "Wire", "tier": "wire"}]),
        "TRUCEWATCH_ALLOW_PRIVATE": "127.0.0.0/8",
        "TRUCEWATCH_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8",
        "TRUCEWATCH_WEBHOOKS": f"http://127.0.0.1:{town.receiver.start()}/hook",
        "TRUCEWATCH_WEBHOOK_SECRETS": SECRET,
        "TRUCEWATCH_POLL_INTERVAL_S": "1",
        # How sure the reader is does not matter here.
        "TRUCEWATCH_LEAST_CONFIDENCE": "0.1",
        "TRUCEWATCH_LEAST_CONFIDENCE_LEADER": "0.1",
        "TRUCEWATCH_LEAST_CONFIDENCE_ACT": "0.1",
        "TRUCEWATCH_WEB_PORT": str(_free_port()),
        "TRUCEWATCH_LOG_FORMAT": "json",
        **settings,
    }
    with (town.folder / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "service", "run"], env=env, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=DEADLINE_S)
        town.publisher.stop()
        town.receiver.stop()


def _free_port() -> int:
    probe = LocalServer(lambda *_: (204, "text/plain", b""))
    port = probe.start()
    probe.stop()
    return port
