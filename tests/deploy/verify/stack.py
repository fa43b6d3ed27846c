"""`compose up` as it is documented, with scaled workers, through podman's API socket."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.verify.engine import Engine
from tests.deploy.verify.files import DEPLOY, tool
from tests.deploy.verify.image import IMAGE, REDIS
from tests.deploy.verify.outcome import NotRunError, Record, expect
from tests.deploy.verify.shell import must, run, wait_for
from tests.deploy.verify.town import PORT, SECRET, SERVER, Town

PROJECT = "twverify"
WORKERS = 3
TOKEN = "a-token-of-twenty-letters"
PAGES = 18_088
INIT = ("/usr/libexec/podman/catatonit", "/usr/bin/catatonit")
# Beside the file of the deployment: the town, in the network that leads outside.
_OVERRIDE = f"""\
services:
  town:
    image: {IMAGE}
    user: "0"
    entrypoint: ["/app/bin/python", "/town_server.py", "/town", "{PORT}"]
    healthcheck: {{disable: true}}
    networks: [outside]
    volumes: ["{SERVER}:/town_server.py:ro", "{{town}}:/town"]
"""


@dataclass(frozen=True, slots=True)
class Stack:
    """The composed services. `files` and `host` are how compose is called."""

    compose: Path
    folder: Path
    host: str
    engine: Engine

    def __call__(self, *words: str) -> str:
        """Call compose, which must succeed."""
        return must([*self._command, *words], env=self._env)

    def said(self) -> str:
        """The end of everybody's log."""
        return run([*self._command, "logs", "--tail", "15"], env=self._env).said[-3000:]

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers."""
        return self("ps", "--quiet", service).split()

    @property
    def _command(self) -> list[str]:
        files = ["-f", str(self.folder / "deploy/compose.yaml"), "-f", str(self.folder / "deploy/override.yaml")]
        return [str(self.compose), "--project-name", PROJECT, *files]

    @property
    def _env(self) -> dict[str, str]:
        names = {"TRUCEWATCH_IMAGE": IMAGE, "REDIS_IMAGE": REDIS, "TRUCEWATCH_PORT": str(PAGES)}
        return {"DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0", **names}


def verify_stack(record: Record, engine: Engine, tools: Path | None) -> None:
    """Bring it up, put stories through it, stop and kill parts of it, take it down."""
    town = Town(engine.folder / "compose-town")

    def begin() -> str:
        _prepare(engine.folder / "stack", town)
        return ""

    if not record.check("the folder of the deployment is prepared as its head says", begin):
        return
    with _up(record, engine, tools) as stack:
        if stack is None:
            return
        record.check(f"{WORKERS} workers, the poller and the pages are healthy", lambda: _healthy(engine, stack))
        record.check("a story goes through the stack to a signed webhook", lambda: _told(engine, stack, town))
        record.check(
            "workers stopped in the middle of a job lose nothing", lambda: _workers_stopped(engine, stack, town)
        )
        record.check("a store that is killed loses nothing", lambda: _store_killed(engine, stack, town))
        record.check("the pages tell Prometheus of all processes", lambda: _metrics(stack))


@contextmanager
def _up(record: Record, engine: Engine, tools: Path | None) -> Iterator[Stack | None]:
    stacks: list[Stack] = []
    with engine.api() as host:

        def start() -> str:
            if not any(Path(place).exists() for place in INIT):
                raise NotRunError("needs catatonit, podman's init")
            stacks.append(Stack(tool(tools, "docker-compose"), engine.folder / "stack", host, engine))
            return stacks[0]("up", "--detach", "--no-build", "--scale", f"work={WORKERS}")[-200:]

        stop = threading.Event()
        asking = threading.Thread(target=_ask_health, args=(engine, stop))
        asking.start()
        try:
            yield stacks[0] if record.check(f"compose up --scale work={WORKERS}", start) else None
        finally:
            stop.set()
            asking.join()
            if stacks:
                run([*stacks[0]._command, "down", "--volumes", "--timeout", "5"], env=stacks[0]._env)


def _ask_health(engine: Engine, stop: threading.Event) -> None:
    """Do what systemd's timers do elsewhere: have every container's health asked for, time and again."""
    label = f"label=com.docker.compose.project={PROJECT}"
    while not stop.wait(2.0):
        for one in engine.tried("ps", "--quiet", "--filter", label).said.split():
            engine.tried("healthcheck", "run", one)


def _prepare(folder: Path, town: Town) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    secrets = folder / "deploy/secrets"
    secrets.mkdir(parents=True)
    (folder / "deploy/compose.yaml").write_bytes((DEPLOY / "compose.yaml").read_bytes())
    (folder / "deploy/override.yaml").write_text(_OVERRIDE.replace("{town}", str(town.folder)), encoding="utf-8")
    lines = (f"{name}={text}\n" for name, text in town.settings.items())
    (folder / "deploy/trucewatch.env").write_text("".join(lines), encoding="utf-8")
    texts = {
        "redis_url": "redis://trucewatch:a-long-password@redis:6379/0",
        "web_token": TOKEN,
        "webhooks": town.webhook["TRUCEWATCH_WEBHOOKS"],
        "webhook_secrets": SECRET,
    }
    for name, text in texts.items():
        (secrets / name).write_text(text, encoding="utf-8")


def _healthy(engine: Engine, stack: Stack) -> str:
    counts = {name: len(stack.containers(name)) for name in ("redis", "poll", "work", "web")}
    expect(counts == {"redis": 1, "poll": 1, "work": WORKERS, "web": 1}, f"there are {counts}")
    everyone = [one for name in counts for one in stack.containers(name)]
    for one in everyone:  # no engine asks by itself here: podman leaves that to timers of systemd
        wait_for(
            lambda one=one: engine.tried("healthcheck", "run", one).code == 0, f"health of {one}; {stack.said()}", 90
        )
    return f"{len(everyone)} containers"


def _told(engine: Engine, stack: Stack, town: Town) -> str:
    town.publish()
    began = time.monotonic()
    town.await_alert(engine, *stack.containers("work"))
    return f"{time.monotonic() - began:.1f} s from the feed to the webhook"


def _workers_stopped(engine: Engine, stack: Stack, town: Town) -> str:
    town.pace(6)
    number = town.publish()
    wait_for(lambda: town.was_asked(f"/{number}.html"), "the page asked for", 60)
    began = time.monotonic()
    stack("stop", "work")
    took = time.monotonic() - began
    town.pace(0)
    stack("start", "work")
    town.await_alert(engine, *stack.containers("work"))
    return f"the stop took {took:.1f} s"


def _store_killed(engine: Engine, stack: Stack, town: Town) -> str:
    town.publish()
    stack("kill", "redis")
    stack("start", "redis")
    began = time.monotonic()
    # A poll that the kill interrupted keeps its feed until its lease has run out, two minutes.
    town.await_alert(engine, *stack.containers("work"), *stack.containers("poll"), deadline_s=300)
    return f"told {time.monotonic() - began:.0f} s later"


def _metrics(stack: Stack) -> str:
    # The store was killed a moment ago: each worker tells it anew that it lives, at its next heartbeat.
    workers = 'trucewatch_workers{queue="articles"}'
    wait_for(lambda: _shown(stack).get(workers) == str(WORKERS), f"{WORKERS} workers show a sign of life", 60)
    found = _shown(stack)
    expect(found.get("trucewatch_store_durable") == "1", "the store is not told to be durable")
    return f"{len(found)} series"


def _shown(stack: Stack) -> dict[str, str]:
    """The series by name and labels, as the pages show them."""
    asked = (
        "import urllib.request as u; r = u.Request('http://127.0.0.1:8088/metrics', headers={'Authorization': 'Bearer "
        f"{TOKEN}'}}); print(u.urlopen(r, timeout=10).read().decode())"
    )
    shown = stack("exec", "-T", "web", "/app/bin/python", "-c", asked)
    return dict(line.rsplit(" ", 1) for line in shown.splitlines() if line.startswith("trucewatch_"))
