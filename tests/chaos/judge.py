"""Hold what the service made of the stories against the truth, and what the receiver got against the alert log."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from tests.chaos.stories import Story
from workers.domain.alert import Alert, AlertType, DeliveryState
from workers.domain.article import Article, Outcome, Tier
from workers.domain.decision import Circumstances, Holdings, decide
from workers.domain.policy import Policy
from workers.domain.position import History, fold
from workers.domain.stance import Stance
from workers.domain.statement import Statement
from workers.ruling import stances_of
from workers.stores import Stores

Read = Callable[[Article], Sequence[Statement]]
Told = dict[tuple[str, str], dict[str, Stance]]


@dataclass(slots=True)
class Verdict:
    """What is wrong, each with words: nothing, when all is as it must be."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    order_breaks: list[str] = field(default_factory=list)
    wrong_positions: list[str] = field(default_factory=list)
    redelivered: int = 0
    alerts: int = 0
    deliveries: int = 0

    def words(self) -> list[str]:
        """Every fault on a line of its own."""
        found = [("lost", self.lost), ("doubled", self.doubled), ("order", self.order_breaks)]
        return [f"{what}: {one}" for what, ones in [*found, ("wrong", self.wrong_positions)] for one in ones]


def judge(stores: Stores, stories: Sequence[Story], received: Sequence[Mapping[str, Any]], read: Read) -> Verdict:
    """Judge a run that has come to rest."""
    verdict = Verdict()
    _judge_articles(stores, stories, verdict)
    _judge_history(stores, stories, read, verdict)
    alerts = list(reversed(stores.ledger.alerts(1_000_000)))
    verdict.alerts = len(alerts)
    _judge_alerts(stores, alerts, verdict)
    _judge_deliveries(stores, received, verdict)
    return verdict


def article_of(story: Story, stored: Article) -> Article:
    """The article that a story must have become, with the service's own id and moment of the first fetch."""
    return replace(
        stored, title=story.title, text=story.text, full_text=None, published_at=story.published_at, tier=Tier.WIRE
    )


def _judge_articles(stores: Stores, stories: Sequence[Story], verdict: Verdict) -> None:
    ended = {end.url: end for outcome in Outcome for end in stores.articles.ended(outcome, 100_000)}
    by_place = {_place_of(url): end for url, end in ended.items()}
    for story in stories:
        end = by_place.get((story.publisher, story.number))
        if end is None:
            verdict.lost.append(f"story {story.number} of {story.publisher} never ended")
        elif end.outcome is Outcome.DEAD:
            verdict.lost.append(f"story {story.number} of {story.publisher} is dead: {end.reason}")
    if pending := stores.articles.pending_count():
        verdict.lost.append(f"{pending} articles are still pending")


def _judge_history(stores: Stores, stories: Sequence[Story], read: Read, verdict: Verdict) -> None:
    ends = stores.articles.ended(Outcome.READ, 100_000)
    ids = {_place_of(end.url): end.article_id for end in ends}
    known = stores.articles.known(list(ids.values()))
    articles = [
        article_of(story, known[ids[story.publisher, story.number]])
        for story in stories
        if ids.get((story.publisher, story.number)) in known
    ]
    wanted = truth_of(articles, read)
    for conflict_id in sorted({conflict_id for conflict_id, _ in wanted} | set(stores.ledger.conflict_ids())):
        held = {one.actor_id: one for one in stores.ledger.positions(conflict_id)}
        changes = stores.ledger.changes(conflict_id)
        for actor_id in sorted({actor for war, actor in wanted if war == conflict_id} | set(held)):
            history = wanted.get((conflict_id, actor_id), History(None, (), {}))
            if held.get(actor_id) != history.position or changes.get(actor_id, ()) != history.changes:
                verdict.wrong_positions.append(
                    f"{actor_id}: held {held.get(actor_id)}, {len(changes.get(actor_id, ()))} changes; "
                    f"wanted {history.position}, {len(history.changes)} changes"
                )


def truth_of(articles: Iterable[Article], read: Read) -> dict[tuple[str, str], History]:
    """The history that these articles have, by the laws of the domain alone: no store, no process, one order."""
    held: Told = defaultdict(dict)
    policy = Policy()
    for article in sorted(articles, key=lambda one: (one.dated_at, one.article_id)):
        statements = read(article)
        for conflict_id in sorted({statement.conflict_id for statement in statements}):
            found = stances_of(article, [one for one in statements if one.conflict_id == conflict_id])
            actors = {stance.actor_id: tuple(held[conflict_id, stance.actor_id].values()) for stance in found}
            circumstances = Circumstances(article.fetched_at, article.dated_at, None, article.fetched_at)
            decision = decide(article.article_id, found, Holdings(actors, {}, {}), circumstances, policy)
            for actor_id, stance in decision.stances.items():
                held[conflict_id, actor_id][article.article_id] = stance
    return {key: fold(stances.values(), policy) for key, stances in held.items()}


def _judge_alerts(stores: Stores, alerts: Sequence[Alert], verdict: Verdict) -> None:
    """Every sequence is given once; the last alert on an actor says where it stands now."""
    by_lane: dict[str, list[int]] = defaultdict(list)
    last: dict[tuple[str, str], str] = {}
    told: Counter[tuple[str, ...]] = Counter()
    for alert in sorted(alerts, key=lambda one: (one.lane, one.sequence)):
        by_lane[alert.lane].append(alert.sequence)
        for change in alert.data.get("changes", ()):
            actor_id = change["actor"]["id"]
            if alert.alert_type is not AlertType.CONDITIONS_CHANGED:
                last[alert.lane, actor_id] = change["to"]
            if alert.alert_type is AlertType.POSITION_CHANGED:
                told[alert.lane, actor_id, alert.data["statement"]["id"], change["from"], change["to"]] += 1
    for lane, numbers in by_lane.items():
        if numbers != list(range(1, len(numbers) + 1)):
            verdict.lost.append(f"the sequence of {lane} has gaps or repeats: {len(numbers)} up to {max(numbers)}")
    verdict.doubled += [f"{key} was told {times} times" for key, times in told.items() if times > 1]
    for conflict_id in stores.ledger.conflict_ids():
        for one in stores.ledger.positions(conflict_id):
            if last.get((conflict_id, one.actor_id)) != one.position:
                verdict.lost.append(
                    f"{one.actor_id} stands at {one.position}, last told was {last.get((conflict_id, one.actor_id))}"
                )


def _judge_deliveries(stores: Stores, received: Sequence[Mapping[str, Any]], verdict: Verdict) -> None:
    staged = {
        (delivery.endpoint, delivery.alert_id): delivery
        for state in DeliveryState
        for delivery in stores.outbox.listed(state, 1_000_000)
    }
    verdict.deliveries = len(staged)
    taken: dict[tuple[str, str], str] = {}
    arrivals: dict[tuple[str, str], list[int]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for request in received:
        key = (request["path"].strip("/"), request["id"])
        body = json.loads(request["body"])
        if key not in staged:
            verdict.doubled.append(f"{key} was sent and is in no outbox")
        elif staged[key].body != request["body"]:
            verdict.doubled.append(f"{key} was sent with other bytes than were frozen")
        if key not in seen and body["data"].get("sequence") is not None:
            seen.add(key)
            arrivals[key[0], body["data"]["conflict"]["id"]].append(body["data"]["sequence"])
        verdict.redelivered += key in taken
        if request["status"] == 204:
            taken[key] = request["body"]
    for key, delivery in staged.items():
        if delivery.state is not DeliveryState.DELIVERED or key not in taken:
            verdict.lost.append(f"{key} is {delivery.state}, the receiver {'has' if key in taken else 'lacks'} it")
    for lane, numbers in arrivals.items():
        verdict.order_breaks += [
            f"{lane}: {after} came after {before}" for before, after in pairwise(numbers) if after <= before
        ]


def _place_of(url: str | None) -> tuple[str, int]:
    publisher, _, name = (url or "").rpartition("/")
    number = name.removesuffix(".html")
    return publisher.rpartition("/")[2], int(number) if number.isdecimal() else -1


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which so large a share lies; None without any."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
