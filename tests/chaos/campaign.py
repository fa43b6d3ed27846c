"""One run of the chaos: the service at work on stories that come in, while somebody kills it at random moments.

A run lives in a folder: its store, its stories, what was received and who was killed. Started again with the same
folder it goes on.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import redis

from service.embedded import EmbeddedStore, EmbeddedStoreError
from service.supervisor import TETHER
from tests.chaos.judge import Verdict, judge
from tests.chaos.killing import Process, drawn, kill, processes_under, victims
from tests.chaos.plan import Plan, environment_of, reader_of
from tests.chaos.press import MOST_FAILURES, Journal, Newsstand, Receiver, Server
from tests.chaos.recovery import Recoveries
from tests.chaos.stories import Author, Story
from tests.chaos.world import write_catalogue
from workers.stores import Stores, open_stores

LEAST_PAUSE_S = 0.15
STORY_EVERY_S = 0.5
LOOK_S = 0.1
WAITED_FOR_S = 20.0
REST_S = 900.0  # so long the service has to come to rest after the last kill
AWAY_S = (2.0, 8.0)
LONG_AWAY_S = 60.0
# What else befalls it, for each kill: connections cut, the store stopped or away, a process told to end.
CUT, FROZEN, AWAY, STOPPED = 0.15, 0.03, 0.02, 0.02


@dataclass(slots=True)
class Campaign:
    """A run and its parts."""

    plan: Plan
    stand: Newsstand
    receiver: Receiver
    server: Server
    store: EmbeddedStore
    chance: Random
    killed: Journal
    recoveries: Recoveries
    stops: Journal
    roots: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    away_until: float = 0.0
    calm: threading.Event = field(default_factory=threading.Event)
    _frozen_pid: int | None = None

    # --- the run

    def run(self) -> Verdict:
        """Let it all happen, come to rest, and be judged."""
        threads = [threading.Thread(target=work, daemon=True) for work in (self._publish, self._keep_store)]
        try:
            if not self.plan.real:
                self.store.start()
            self._keep_up()
            for thread in threads:
                thread.start()
            self._rampage()
            if self.plan.small:
                self._stop("work", 2)
            return self._come_to_rest()
        finally:
            self.over.set()
            self._stop_all()
            for thread in threads:
                thread.join(timeout=30)
            if not self.plan.real:
                self.store.stop()
            self.server.stop()

    def done(self) -> int:
        """How many kills there were so far."""
        return len(self.killed.lines())

    def _rampage(self) -> None:
        count = self.done()
        self._until_it_works()
        while count < self.plan.kills:
            self.over.wait(LEAST_PAUSE_S + self.chance.expovariate(1 / self.plan.mean_pause_s))
            kind = drawn(self.chance)
            # Those that are just being started again are waited for, to keep to the mix.
            deadline = time.monotonic() + WAITED_FOR_S
            while not (chosen := victims(self._kept_up(), kind, self.chance)) and time.monotonic() < deadline:
                self.over.wait(LOOK_S)
            if not chosen:
                continue
            watched = self.recoveries.before(kind, chosen[0].pid, chosen[0].parent)
            killed = [process for process in chosen if kill(process)]
            if killed:
                count += 1
                self.recoveries.after(kind, watched)
                self.killed.write({"at": time.time(), "kind": kind, "pids": [process.pid for process in killed]})
            self._trouble(count)

    def _trouble(self, count: int) -> None:
        """Do something else to the store now and then."""
        fate = self.chance.random()
        long_outage = self.plan.long_outages and count % max(1, self.plan.kills // self.plan.long_outages) == 0
        if fate < AWAY or long_outage:
            self.away_until = time.monotonic() + (LONG_AWAY_S if long_outage else self.chance.uniform(*AWAY_S))
            self._signal_store(signal.SIGKILL)
            self.recoveries.disturb("store_away")
        elif fate < AWAY + FROZEN:
            self._signal_store(signal.SIGSTOP)
            self.recoveries.disturb("store_frozen")
            self.over.wait(self.chance.uniform(0.5, 4.0))
            self._signal_store(signal.SIGCONT)
        elif fate < AWAY + FROZEN + CUT:
            with suppress(redis.RedisError):
                self._client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                self.recoveries.disturb("connections_cut")
        elif fate < AWAY + FROZEN + CUT + STOPPED:
            self._stop(self.chance.choice(self.plan.roots), self.chance.choice((1, 2)))

    def _stop(self, name: str, times: int) -> None:
        """Tell a process tree to stop, as an operator does: once, or a second time when it takes too long."""
        process, began = self.roots[name], time.monotonic()
        self.recoveries.disturb("stopped")
        for _ in range(times):
            process.terminate()
            self.over.wait(0.2)
        code = process.wait(timeout=90)
        self.stops.write({"name": name, "times": times, "code": code, "took_s": round(time.monotonic() - began, 2)})

    def _come_to_rest(self) -> Verdict:
        self.calm.set()
        self.receiver.kind = True
        self.away_until = 0.0
        deadline = time.monotonic() + REST_S
        while time.monotonic() < deadline:
            self._keep_up()
            with suppress(redis.RedisError, OSError, EmbeddedStoreError):
                stores = self._stores()
                stories = self.stand.listed()
                quiet = not stores.articles.pending_count() and not stores.outbox.depths()
                if quiet and sum(stores.articles.counts().values()) and self._all_seen(stores, stories):
                    break
            self.over.wait(0.5)
        return judge(self._stores(), self.stand.listed(), self.receiver.journal.lines(), reader_of(self.plan))

    def _all_seen(self, stores: Stores, stories: list[Story]) -> bool:
        """Tell whether every feed was polled since the last story appeared."""
        newest = max((story.out_at for story in stories), default=datetime.now(UTC))
        states = [state for _, state in stores.feeds.states()]
        return bool(states) and all(state.succeeded_at and state.succeeded_at > newest for state in states)

    # --- what goes on beside it

    def _publish(self) -> None:
        born_at = self._birth()
        author = Author(self.plan.seed + len(self.stand.stories), born_at, real=self.plan.real)
        while not self.over.is_set() and not self.calm.is_set():
            self.stand.bring(author.next(self.stand.listed(), datetime.now(UTC)))
            self.calm.wait(STORY_EVERY_S)

    def _keep_store(self) -> None:
        """Start the store again when it has died, unless it is to be away."""
        while not self.over.is_set() and not self.plan.real:
            if time.monotonic() >= self.away_until:
                with suppress(EmbeddedStoreError):
                    self.store.ensure()
            self.over.wait(0.2)

    def _keep_up(self) -> None:
        """Start what is not running, as an init system does."""
        for name in self.plan.roots:
            process = self.roots.get(name)
            if process is None or process.poll() is not None:
                self.roots[name] = self._started(name)

    def _started(self, name: str) -> subprocess.Popen[bytes]:
        """Start one; it dies with the thread that runs this campaign, so that a run that is killed leaves nobody."""
        module = ["service", "run"] if self.plan.real else ["tests.chaos.service", name.partition("-")[0]]
        with (self.plan.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-ES", str(TETHER), str(os.getpid()), sys.executable, "-m", *module],
                env=environment_of(self.plan, self.server, self.store),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def _stop_all(self) -> None:
        for process in self.roots.values():
            process.terminate()
        for process in self.roots.values():
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()

    # --- looking at it

    def _kept_up(self) -> list[Process]:
        self._keep_up()
        kinds = {"poll": "poller", "poll-2": "poller", "work": "supervisor", "run": "poller"}
        roots = {process.pid: kinds[name] for name, process in self.roots.items() if process.poll() is None}
        found = processes_under(roots)
        pid = self._store_pid()
        return found if pid is None else [*found, Process(pid, 0, "store")]

    def _store_pid(self) -> int | None:
        return self.store._server_pid()

    def _signal_store(self, number: signal.Signals) -> None:
        pid = self._frozen_pid if number == signal.SIGCONT else self._store_pid()
        self._frozen_pid = pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _client(self) -> redis.Redis:
        return redis.Redis.from_url(self.store.url, decode_responses=True, socket_timeout=5)

    def _stores(self) -> Stores:
        return open_stores(self.store.url, timedelta(minutes=3), datetime.now(UTC))

    def _birth(self) -> datetime:
        """Since when what is said is news: since the feeds were added, a moment after the store's birth (law 6)."""
        return self._once(lambda: max(feed.added_at for feed, _ in self._stores().feeds.states() if feed.added_at))

    def _until_it_works(self) -> None:
        """Wait for the first article to end: before that there is nothing to disturb."""
        self._once(lambda: self._stores().articles.counts() or self._fail("nothing was read yet"))

    def _once(self, ask: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 120
        while True:
            try:
                return ask()
            except (redis.RedisError, LookupError, ValueError):
                if time.monotonic() > deadline:
                    raise
                self._keep_up()
                self.over.wait(0.2)

    def _fail(self, why: str) -> None:
        raise LookupError(why)


def opened(plan: Plan) -> Campaign:
    """Begin a run in a folder, or take up the one that is there."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    write_catalogue(plan.folder)
    facts = plan.folder / "facts.json"
    port = json.loads(facts.read_text())["port"] if facts.exists() else 0  # feeds are known by their addresses
    stand = Newsstand.opened(plan.folder / "stories.jsonl")
    killed = Journal(plan.folder / "killed.jsonl")
    seed = plan.seed + len(killed.lines())
    failures = 1 if plan.small else MOST_FAILURES
    receiver = Receiver(Journal(plan.folder / "received.jsonl"), seed, failures)
    server = Server(stand, receiver, port)
    facts.write_text(json.dumps({"port": server.port}))
    store = EmbeddedStore(plan.folder / "store")
    recoveries = Recoveries(store.url, Journal(plan.folder / "recoveries.jsonl"))
    return Campaign(
        plan, stand, receiver, server, store, Random(seed), killed, recoveries, Journal(plan.folder / "stops.jsonl")
    )
