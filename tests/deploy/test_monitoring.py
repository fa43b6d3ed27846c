"""What operators are handed for Prometheus and Grafana speaks of metrics that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from service.exposition import PREFIX, Kind
from service.metrics import Metrics
from tests.builders import a_catalogue, a_feed, a_feed_state, a_statement, an_article
from tests.newsroom import Newsroom
from workers.domain.policy import Policy
from workers.storage import keys
from workers.storage.records import records_of
from workers.stores import open_stores

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/rules.yaml"
NAME = re.compile(rf"\b{PREFIX}\w+")


@pytest.fixture
def names(valkey: redis.Redis, store_url: str) -> set[str]:
    """Every series that a store with some history has."""
    now = datetime.now(UTC)
    newsroom = Newsroom(valkey, a_catalogue(), Policy())
    newsroom.hear(an_article("a1"), a_statement("support"), endpoint="desk")
    stores = open_stores(store_url, timedelta(seconds=60), now)
    stores.feeds.register([a_feed()], now)
    valkey.set(keys.feed_state(a_feed().feed_id), records_of(type(a_feed_state())).dump(a_feed_state()))
    stores.tallies.count_answers("desk", {"200": 1})
    families = Metrics(stores, (), lambda: now, free_bytes=lambda: 1).gather()
    series = {f"{PREFIX}{family.name}{sample.suffix}" for family in families for sample in family.samples}
    assert all(family.name.endswith("_total") is (family.kind is Kind.COUNTER) for family in families)
    return series


def test_every_metric_of_the_rules_exists(names: set[str]) -> None:
    used = set(NAME.findall(RULES.read_text(encoding="utf-8")))
    assert len(used) > 12
    assert used <= names


def test_every_metric_of_the_dashboard_exists_and_nearly_all_are_shown(names: set[str]) -> None:
    dashboard = json.loads((ROOT / "deploy/grafana/trucewatch.json").read_text(encoding="utf-8"))
    used = {name for expression in expressions(dashboard["panels"]) for name in NAME.findall(expression)}
    assert used <= names
    hidden = {name.removeprefix(PREFIX) for name in names - used if not name.endswith(("_sum", "_count"))}
    # Told in other words by panels that are there, or for alarms alone.
    assert hidden <= {
        "build_info", "last_poll_timestamp_seconds", "last_statement_timestamp_seconds", "store_evicts",
    }  # fmt: skip


def test_the_operators_rules_are_the_same_as_the_files() -> None:
    made = (ROOT / "deploy/k8s/components/monitoring/rules.yaml").read_text(encoding="utf-8")
    rules = RULES.read_text(encoding="utf-8")
    indented = "".join(f"  {line}\n" for line in rules.splitlines())
    assert made.endswith(f"spec:\n{indented}"), "run `make docs`"


def test_every_rule_has_a_test_that_it_fires() -> None:
    alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8")))
    tests = (ROOT / "deploy/prometheus/rules.test.yaml").read_text(encoding="utf-8")
    assert alerts == set(re.findall(r"- name: (\w+) fires", tests)) == set(re.findall(r"- name: (\w+) is quiet", tests))


def expressions(panels: list[Any]) -> Iterator[str]:
    for panel in panels:
        yield from (target["expr"] for target in panel.get("targets", []))
        yield from expressions(panel.get("panels", []))
