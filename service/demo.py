"""`make demo`: invented stories go in as feeds and come out as signed webhooks, on this machine alone.

The real service does the work (`trucewatch run` as a child process, with a store of its own); this publishes the
stories one after the other, dated as they appear, and prints the alerts that its receiver verifies. What has happened
is kept in the folder `.demo`, so that a demo that was killed goes on where it was.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis
from rich.console import Console
from rich.markup import escape

from service.demo_servers import Inbox, LocalServer, Published, publisher_answer
from service.embedded import EmbeddedStore
from workers.assets import bundled_text
from workers.domain.article import Outcome
from workers.storage.articles import Articles
from workers.storage.connection import connect

FOLDER = Path(".demo")
STEP_S = 45.0  # a story must be read and told within this time; the first one waits for the language model
SEED_DATED = datetime(2025, 3, 14, 18, 0, tzinfo=UTC)


class DemoError(Exception):
    """The demo did not go as it must; `str` says what was missing."""


@dataclass(frozen=True, slots=True)
class Story:
    """A story to publish, and the moves that it must be told by: (actor, from, to)."""

    publisher: str
    title: str
    text: str
    moves: tuple[tuple[str, str, str], ...]
    published_at: datetime | None = None


@dataclass(slots=True)
class Progress:
    """What a killed demo needs to go on: ports, secret, and the stories that are out."""

    path: Path
    publisher_port: int = 0
    receiver_port: int = 0
    web_port: int = 0
    secret: str = ""
    published: list[Published] = field(default_factory=list)

    def save(self) -> None:
        """Write it down, whole or not at all."""
        fields = {name: value for name, value in asdict(self).items() if name != "path"}
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(fields, default=datetime.isoformat), encoding="utf-8")
        part.replace(self.path)

    @classmethod
    def resumed(cls, path: Path) -> Progress:
        """The progress of a demo that was killed, or that of a new one."""
        if not path.exists():
            key = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
            return cls(path, web_port=_free_port(), secret=key)
        fields = json.loads(path.read_text(encoding="utf-8"))
        stories = [
            Published(**(story | {"published_at": datetime.fromisoformat(story["published_at"])}))
            for story in fields.pop("published")
        ]
        return cls(path, published=stories, **fields)


def load_stories(weekday: str) -> tuple[list[Mapping[str, Any]], list[Story]]:
    """The publishers and the stories, the seed story first; `weekday` is the day's name, for the texts."""
    data = tomllib.loads(bundled_text("seeds", "demo.toml"))
    seed = tomllib.loads(bundled_text("seeds", "positions.toml"))
    publishers = data["publisher"]
    first = Story(
        publishers[0]["id"], seed["title"], bundled_text("seeds", seed["article"]), (), published_at=SEED_DATED
    )
    rest = [
        Story(
            story["publisher"],
            story["title"],
            story["text"].replace("{weekday}", weekday),
            tuple((actor, before, after) for actor, before, after in story["moves"]),
        )
        for story in data["story"]
    ]
    return publishers, [first, *rest]


class Director:
    """Runs the demo from where it stands to its end."""

    def __init__(self, folder: Path, console: Console) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._console = console
        self._shown = 0
        self._progress = Progress.resumed(folder / "progress.json")
        self._inbox = Inbox(folder / "received.jsonl", self._progress.secret, _now)
        self._servers = (
            LocalServer(publisher_answer(lambda: list(self._progress.published)), self._progress.publisher_port),
            LocalServer(self._inbox.answer, self._progress.receiver_port),
        )
        self._publishers, self._stories = load_stories(_now().strftime("%A"))

    def play(self) -> int:
        """Play every story; returns how many alerts came. Raises DemoError when one is missing or wrong."""
        self._progress.publisher_port, self._progress.receiver_port = (server.start() for server in self._servers)
        self._progress.save()
        with (self._folder / "service.log").open("ab") as log:
            command = [sys.executable, "-m", "service", "run"]
            child = subprocess.Popen(  # noqa: S603 - our own command, no shell
                command, env=self._environment(), stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._play(child)
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(timeout=STEP_S)
            for server in self._servers:
                server.stop()
        self._progress.path.unlink()  # it is played to its end: the next demo starts anew
        return len(self._inbox.received())

    def environment(self) -> dict[str, str]:
        """The settings under which the demo's service runs, for commands that look at its store."""
        feeds = [
            {
                "url": f"http://127.0.0.1:{self._progress.publisher_port}/{publisher['id']}/feed.xml",
                "publisher": publisher["name"],
                "tier": publisher["tier"],
            }
            for publisher in self._publishers
        ]
        return {
            "TRUCEWATCH_DATA_DIR": str(self._folder / "store"),
            "TRUCEWATCH_SEED": "live",
            "TRUCEWATCH_FEEDS": json.dumps(feeds),
            "TRUCEWATCH_POLL_INTERVAL_S": "1",
            "TRUCEWATCH_ALLOW_PRIVATE": "127.0.0.0/8",
            "TRUCEWATCH_WEBHOOKS": f"http://127.0.0.1:{self._progress.receiver_port}/hook",
            "TRUCEWATCH_WEBHOOK_SECRETS": self._progress.secret,
            "TRUCEWATCH_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8",
            "TRUCEWATCH_WEB_PORT": str(self._progress.web_port),
            "TRUCEWATCH_LOG_FORMAT": "json",
        }

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRUCEWATCH_")}
        return inherited | self.environment()

    def _play(self, child: subprocess.Popen[bytes]) -> None:
        told = 0
        for number, story in enumerate(self._stories):
            self._publish(number, story)
            told += 1 if story.moves else 0
            self._await(child, number, told)
        self._check()

    def _publish(self, number: int, story: Story) -> None:
        """Put the story into its publisher's feed, unless that was done before a kill."""
        if number < len(self._progress.published):
            return
        published_at = story.published_at or _now()
        self._progress.published.append(Published(number, story.publisher, story.title, story.text, published_at))
        self._progress.save()
        name = next(publisher["name"] for publisher in self._publishers if publisher["id"] == story.publisher)
        self._console.print(f"[bold]{escape(name)}[/] publishes: {escape(story.title)}")

    def _await(self, child: subprocess.Popen[bytes], number: int, told: int) -> None:
        """Wait until the story was read, and every alert owed by now was received; print the new ones."""
        deadline = time.monotonic() + STEP_S
        page = f"/{self._stories[number].publisher}/{number}.html"
        while True:
            alerts = self._inbox.received()
            self._show_new(alerts)
            if len(alerts) >= told and self._was_read(page):
                return
            if child.poll() is not None:
                raise DemoError(f"the service ended with {child.returncode}; see {self._folder}/service.log")
            if time.monotonic() > deadline:
                raise DemoError(f"story {number}: {len(alerts)} of {told} alerts after {STEP_S:.0f} s")
            time.sleep(0.1)

    def _was_read(self, page: str) -> bool:
        """Ask the service's store whether the article of this page has ended."""
        try:
            articles = Articles(connect(EmbeddedStore(self._folder / "store").url))
            ended = [end for outcome in Outcome for end in articles.ended(outcome, 100)]
        except redis.RedisError:
            return False
        return any(end.url is not None and end.url.endswith(page) for end in ended)

    def _show_new(self, alerts: list[dict[str, Any]]) -> None:
        for alert in alerts[self._shown :]:
            data = alert["body"]["data"]
            for change in data["changes"]:
                moved = f"{change['from']} → {change['to']}"
                self._console.print(f"  [bold red]ALERT[/] {escape(change['actor']['name'])}: [bold]{moved}[/]")
            self._console.print(f"    “{escape(data['statement']['quote'])}”")
            self._console.print(f"    [dim]signature verified, {alert['id']}, {escape(data['article']['url'])}[/]")
        self._shown = len(alerts)

    def _check(self) -> None:
        """Compare every alert with what the stories must be told by. Raises DemoError."""
        wanted = [sorted(story.moves) for story in self._stories if story.moves]
        got = [
            sorted((change["actor"]["id"], change["from"], change["to"]) for change in alert["body"]["data"]["changes"])
            for alert in self._inbox.received()
        ]
        if got != wanted:
            raise DemoError(f"told were {got}; these were to be told: {wanted}")


def main() -> None:
    """Play the demo; exit 0 when every alert came, once, in order."""
    console = Console()
    console.print("[bold]trucewatch demo[/]: every story below is invented.")
    folder = FOLDER.absolute()
    if folder.exists() and not (folder / "progress.json").exists():
        shutil.rmtree(folder)
    began = time.monotonic()
    try:
        alerts = Director(folder, console).play()
    except DemoError as error:
        console.print(f"[bold red]The demo failed:[/] {escape(str(error))}")
        sys.exit(1)
    console.print(f"{alerts} alerts in {time.monotonic() - began:.0f} s. Where everyone stands now:")
    console.print(f"  TRUCEWATCH_DATA_DIR={escape(str(FOLDER / 'store'))} .venv/bin/trucewatch positions")


def _now() -> datetime:
    return datetime.now(UTC)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
