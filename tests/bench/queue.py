"""What the queue and the commit cost, how they scale, and how soon a change leaves: `python -m tests.bench.queue`.

Stories of the chaos go through the real jobs with a reader that takes the truth from markup, so that what is measured
is everything but reading. First one worker in this process: its CPU per article, and what its store does for one. Then
one and two worker processes whose reader waits as long as reading takes. Last a change committed on an idle system,
until its first POST is in. The last line is one flat JSON object; the exit code is 1 when a promise is not kept.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import structlog

from config.settings import load_settings
from service.embedded import EmbeddedStore
from tests.chaos.judge import percentile
from tests.chaos.reader import StoryReader
from tests.chaos.stories import Author, Story
from tests.chaos.world import write_catalogue
from workers.domain.article import Article, Tier
from workers.hands import Loop
from workers.jobs import take_up
from workers.provisions import load_catalogue
from workers.queues import ARTICLES, worker_of
from workers.runtime import Preloaded, hands_of
from workers.storage.connection import Patience, connect_queue
from workers.stores import Stores, open_stores

ARTICLES_ALONE = 300
ARTICLES_SCALED = 60
CHANGES = 60
MOST_CPU_MS = 8.0
MOST_WAIT_S = 1.0


def main() -> int:
    """Measure, print, judge; returns the exit code."""
    structlog.configure(processors=[], wrapper_class=structlog.make_filtering_bound_logger(50))
    figures: dict[str, float] = {}
    with _stage("alone") as stage:
        figures |= alone(stage)
    for count in (1, 2):
        with _stage(f"workers-{count}") as stage:
            figures |= scaled(stage, count)
    with _stage("waits") as stage:
        figures |= first_posts(stage)
    for name, value in figures.items():
        print(f"{name:44} {value}")
    print(json.dumps(figures))
    kept = figures["cpu_ms_per_article"] <= MOST_CPU_MS and figures["commit_to_post_p99_s"] <= MOST_WAIT_S
    return 0 if kept else 1


class Stage:
    """A store, a receiver and settings for one measurement."""

    def __init__(self, folder: Path) -> None:
        self.store = EmbeddedStore(folder / "store")
        self.received: dict[str, float] = {}
        self.news = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.environ = {
            "TRUCEWATCH_REDIS_URL": self.store.start(),
            "TRUCEWATCH_CATALOGUE": str(write_catalogue(folder)),
            "TRUCEWATCH_FULL_TEXT": "false",
            "TRUCEWATCH_LOG_LEVEL": "error",
            "TRUCEWATCH_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8",
            "TRUCEWATCH_WEBHOOKS": json.dumps([
                {"name": "desk", "url": f"http://127.0.0.1:{self._server.server_address[1]}/hook", "unsigned": True}
            ]),
        }  # fmt: skip
        self.stores = open_stores(self.store.url, timedelta(minutes=3), datetime.now(UTC) - timedelta(hours=2))
        author = Author(1, datetime.now(UTC) - timedelta(hours=1), real=False)
        self.stories: list[Story] = []
        while len(self.stories) < ARTICLES_ALONE:
            story = author.next(self.stories[-50:], datetime.now(UTC))
            if story.revision == 1:
                self.stories.append(replace(story, number=len(self.stories) + 1))

    def article(self, number: int) -> Article:
        """A story as a poll would have stored it."""
        story = self.stories[number]
        return Article(
            f"a{number}", f"https://{story.publisher}.example/{number}", story.title, story.publisher, Tier.WIRE,
            story.publisher, story.published_at, datetime.now(UTC), story.text,
        )  # fmt: skip

    def queue(self, numbers: range) -> None:
        """Put so many articles among the pending and on the queue, as one poll does."""
        with self.stores.client.pipeline(transaction=True) as pipe:
            for number in numbers:
                self.stores.articles.stage(pipe, self.article(number))
            pipe.execute()
        self.stores.queues.enqueue_articles([f"a{number}" for number in numbers])

    def stop(self) -> None:
        """End all of it."""
        self._server.shutdown()
        self._server.server_close()
        self.store.stop()


@contextmanager
def _stage(_name: str) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        stage = Stage(Path(folder))
        try:
            yield stage
        finally:
            stage.stop()


@contextmanager
def _hired(stage: Stage, **hires: int) -> Iterator[None]:
    """Run so many worker processes of each queue for the length of the block."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("TRUCEWATCH_")} | stage.environ
    workers = [
        subprocess.Popen([sys.executable, "-m", "tests.chaos.worker", queue], env=env)
        for queue, count in hires.items()
        for _ in range(count)
    ]
    try:
        while len(list(stage.stores.client.scan_iter("rq:worker:*", count=1000))) < len(workers):
            time.sleep(0.05)
        yield
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()


def alone(stage: Stage) -> dict[str, float]:
    """One worker in this process, which also queues: CPU, commands and bytes for one article."""
    stores, patience = stage.stores, Patience()
    client = connect_queue(stage.store.url, patience)
    settings = load_settings(stage.environ)
    catalogue = load_catalogue(settings.catalogue, ())
    reader = StoryReader(catalogue, pause=lambda _s: None)
    with asyncio.Runner() as runner:
        loaded = Preloaded(ARTICLES, catalogue, reader, lambda _text, _tag: True)
        take_up(hands_of(settings, stores, loaded, "articles-bench", Loop(runner), lambda: False))
        worker = worker_of(ARTICLES, client, "articles-bench", patience)
        _work(stage, worker, range(20))
        before, cpu_began = _store_facts(stores), time.process_time()
        reading_s = _reading_s(stage, reader)
        _work(stage, worker, range(20, ARTICLES_ALONE))
        cpu_s = time.process_time() - cpu_began - 2 * reading_s  # read here once, and once by the worker
    count = ARTICLES_ALONE - 20
    after = _store_facts(stores)
    per_article = {f"store_{name}_per_article": round((after[name] - before[name]) / count, 1) for name in after}
    return {"cpu_ms_per_article": round(cpu_s / count * 1000, 2), **per_article}


def _work(stage: Stage, worker: object, numbers: range) -> None:
    stage.queue(numbers)
    worker.work(burst=True, logging_level="ERROR")  # type: ignore[attr-defined]


def _reading_s(stage: Stage, reader: StoryReader) -> float:
    began = time.process_time()
    for number in range(20, ARTICLES_ALONE):
        article = stage.article(number)
        reader.read(article.article_id, article.title, article.text, article.published_at, article.fetched_at)
    return time.process_time() - began


def _store_facts(stores: Stores) -> dict[str, float]:
    commands = stores.client.info("commandstats").values()
    stats, persistence = stores.client.info("stats"), stores.client.info("persistence")
    return {
        "commands": sum(command["calls"] for command in commands),
        "cpu_ms": sum(stores.client.info("cpu")[name] for name in ("used_cpu_user", "used_cpu_sys")) * 1000,
        "bytes_in": stats["total_net_input_bytes"],
        "bytes_out": stats["total_net_output_bytes"],
        "bytes_on_disk": persistence["aof_current_size"],
        "bytes_in_memory": stores.client.info("memory")["used_memory"],
    }


def scaled(stage: Stage, workers: int) -> dict[str, float]:
    """So many worker processes, whose reader waits a quarter of a second: articles a second."""
    with _hired(stage, articles=workers):
        began = time.monotonic()
        stage.queue(range(ARTICLES_SCALED))
        while stage.stores.articles.pending_count():
            time.sleep(0.01)
        took_s = time.monotonic() - began
    return {f"articles_per_s_with_{workers}_worker{'s' if workers > 1 else ''}": round(ARTICLES_SCALED / took_s, 2)}


def first_posts(stage: Stage) -> dict[str, float]:
    """Changes one after the other on an idle system: from the commit until the POST is in."""
    settings, stores = load_settings(stage.environ), stage.stores
    catalogue = load_catalogue(settings.catalogue, ())
    loaded = Preloaded(ARTICLES, catalogue, StoryReader(catalogue, pause=lambda _s: None), lambda _text, _tag: True)
    waits: list[float] = []
    with asyncio.Runner() as runner, _hired(stage, alerts=1):
        hands = hands_of(settings, stores, loaded, "articles-bench", Loop(runner), lambda: False)
        number = 0
        while len(waits) < CHANGES and number < ARTICLES_ALONE:
            stage.queue(range(number, number + 1))
            told = stores.ledger.alert_count(datetime.now(UTC) - timedelta(days=1))
            hands.read_article(f"a{number}", stores.birth.epoch)
            committed = time.monotonic()
            number += 1
            newest = stores.ledger.alerts(1)
            due = stores.outbox.depths() or (newest and newest[0].alert_id in stage.received)
            if stores.ledger.alert_count(datetime.now(UTC) - timedelta(days=1)) > told and due:
                waits.append(_arrived(stage, newest[0].alert_id) - committed)
    return {
        "changes": len(waits),
        "commit_to_post_p50_s": round(percentile(waits, 0.5) or 0.0, 4),
        "commit_to_post_p99_s": round(percentile(waits, 0.99) or 0.0, 4),
    }


def _arrived(stage: Stage, alert_id: str) -> float:
    with stage.news:
        if not stage.news.wait_for(lambda: alert_id in stage.received, timeout=30):
            raise TimeoutError(alert_id)
        return stage.received[alert_id]


def _handler_of(stage: Stage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Notes when each alert came in."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            with stage.news:
                stage.received.setdefault(self.headers["webhook-id"], time.monotonic())
                stage.news.notify_all()
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    return Handler


if __name__ == "__main__":
    sys.exit(main())
