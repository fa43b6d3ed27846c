"""The town around the service: what it publishes, and what came of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from tests.deploy.verify.engine import Engine, volume
from tests.deploy.verify.image import IMAGE
from tests.deploy.verify.outcome import expect
from tests.deploy.verify.shell import wait_for
from workers.delivery.signing import is_genuine

PORT = 8000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwtrucewatch01"
SERVER = Path(__file__).with_name("town_server.py")
NETWORKS = "10.0.0.0/8"  # the networks of containers
# Invented. Each turns the position around in words of its own: the same words again would be told once only.
STORIES = (
    ("rejected", "the 30-day ceasefire", "We reject this ceasefire, and our army will fight on until its aims are met"),
    ("accepted", "a ceasefire at sea", "We accept the ceasefire and we will observe it from midnight"),
    ("rejected", "the spring truce", "There will be no truce with Kyiv. I will not sign a paper that ties our hands"),
    ("accepted", "an Easter truce", "We support the truce, and the guns on our side fall silent at six in the morning"),
    ("rejected", "the harbour ceasefire", "We will not accept this ceasefire for harbours. It is out of the question"),
    (
        "accepted",
        "a winter ceasefire",
        "Russia accepts the winter ceasefire, and my generals have their orders to stop",
    ),
)
# Without it the page would pass for a teaser.
_REST = " ".join(
    f"Grain prices were little changed in the {time}, and traders in the port said that they expected a quiet week."
    for time in ("morning", "afternoon", "evening", "night")
)


@dataclass(slots=True)
class Town:
    """A folder that a container serves. `name` is the container's, and the host that others ask."""

    folder: Path
    name: str = "town"
    networks: str = NETWORKS
    told: int = 0
    _published: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o777)
        self.pace(0)
        self._write()

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a service that reads this town's feed and tells this town."""
        feeds = [{"url": f"http://{self.name}:{PORT}/feed.xml", "publisher": "Town Wire", "tier": "wire"}]
        return {
            "TRUCEWATCH_FEEDS": json.dumps(feeds),
            "TRUCEWATCH_POLL_INTERVAL_S": "1",
            "TRUCEWATCH_SEED": "live",
            "TRUCEWATCH_ALLOW_PRIVATE": self.networks,
            "TRUCEWATCH_WEBHOOK_ALLOW_PRIVATE": self.networks,
        }

    @property
    def webhook(self) -> dict[str, str]:
        """The endpoint, where it is no secret."""
        return {"TRUCEWATCH_WEBHOOKS": f"http://{self.name}:{PORT}/hook", "TRUCEWATCH_WEBHOOK_SECRETS": SECRET}

    def start(self, engine: Engine, network: str) -> None:
        """Open the town in a container."""
        engine.podman(
            "run", "--detach", "--name", self.name, "--network", network, "--no-healthcheck", "--user", "0",
            *volume(SERVER, "/town_server.py"), *volume(self.folder, "/town", writable=True),
            "--entrypoint", "/app/bin/python", IMAGE, "/town_server.py", "/town", str(PORT),
        )  # fmt: skip

    def pace(self, page_s: float) -> None:
        """Make pages slow."""
        (self.folder / "pace.json").write_text(json.dumps({"page_s": page_s}), encoding="utf-8")

    def publish(self) -> int:
        """Publish the next story; returns its number."""
        number = len(self._published)
        verb, what, quote = STORIES[number]
        now = datetime.now(UTC)
        text = (
            f"MOSCOW (Town) - Russian President Vladimir Putin on {now:%A} {verb} {what} with Ukraine.\n\n"
            f'"{quote}," Putin told reporters in the Kremlin.\n\n{_REST}'
        )
        published = format_datetime(now)
        title = f"Putin {verb} {what} (invented, number {number})"
        self._published.append({"number": number, "title": title, "text": text, "published": published})
        self._write()
        return number

    def alerts(self) -> list[dict[str, Any]]:
        """What the receiver was sent, in order."""
        return self._lines("received.jsonl")

    def was_asked(self, path: str) -> bool:
        """Tell whether somebody asked for a path."""
        return any(line["path"] == path for line in self._lines("asked.jsonl"))

    def await_alert(self, engine: Engine, *containers: str, deadline_s: float = 120) -> None:
        """Wait for one alert more, and see that it is signed and the only one."""
        self.told += 1
        try:
            wait_for(lambda: len(self.alerts()) >= self.told, f"alert {self.told}", deadline_s)
        except Exception as error:
            logs = "\n".join(engine.log(container)[-1500:] for container in containers)
            raise type(error)(f"{error}\n{logs}") from error
        self.check()

    def check(self) -> None:
        """See that every alert is genuine and none came twice."""
        alerts = self.alerts()
        ids = [alert["headers"]["webhook-id"] for alert in alerts]
        expect(len(set(ids)) == len(ids) == self.told, f"{self.told} alerts are owed, these came: {ids}")
        for alert in alerts:
            body = alert["body"].encode()
            at = datetime.fromtimestamp(alert["at"], UTC)
            expect(is_genuine(alert["headers"], body, SECRET, at), "a signature is wrong")

    def _lines(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / name
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def _write(self) -> None:
        (self.folder / "stories.json").write_text(json.dumps(self._published), encoding="utf-8")
