"""Law 2: however the commits of several workers run into each other, each article is committed once, and in turn."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta

import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.arrivals import Report, a_report
from tests.builders import NOON, RIVER_WAR, a_catalogue, an_article, hours
from workers.domain.article import Article, Outcome
from workers.domain.policy import Policy
from workers.pipeline import end_of
from workers.ruling import World, rule
from workers.storage import keys
from workers.storage.articles import Articles
from workers.storage.commit import Commits, Ruling, Transaction
from workers.storage.ledger import Ledger
from workers.storage.outbox import Outbox

WORDS = {
    "a0": ("reject", "there is no truce to be had while they rearm behind the river"),
    "a1": ("support", "my government takes the offer as it was put on the table"),
    "a2": ("support", "my government takes the offer as it was put on the table"),
    "a3": ("conditional", "the guns fall silent when the last of their soldiers has left the valley"),
}
WORLD = World(a_catalogue(), (), Policy(), "ab12cd", hours(-1000), {})
NOW = NOON + timedelta(days=1)


@dataclass
class Hand:
    """One worker with one article in hand: it begins, and finishes at some later moment."""

    rooms: tuple[redis.Redis, Articles, Commits]
    article: Article
    report: Report
    done: bool = False
    stack: ExitStack = field(default_factory=ExitStack)
    begun: tuple[Transaction, list[Ruling]] | None = None

    def step(self) -> bool | None:
        """Begin, or finish what was begun: True when it was written, False when others were faster."""
        if self.done:
            return None
        if self.begun is None:
            self._begin()
            return None
        transaction, rulings = self.begun
        written = transaction.commit(end_of(self.article, Outcome.READ, "read", NOW), rulings)
        self.begun, self.done = None, written
        self.stack.close()
        return written

    def _begin(self) -> None:
        opened = self.rooms[2].transaction(self.article.article_id, 1, [RIVER_WAR])
        transaction = self.stack.enter_context(opened)
        if transaction is None:  # another worker was first
            self.done = True
            self.stack.close()
            return
        found = (self.article, self.report.statements)
        self.begun = transaction, [rule(transaction, RIVER_WAR, found, WORLD, NOW)]


def hands_on(client: redis.Redis, workers: int) -> list[Hand]:
    """Every article waits once, and so many workers have each of them in hand."""
    client.flushall()
    articles = Articles(client)
    rooms = (client, articles, Commits(client, articles, Outbox(client)))
    hands = []
    for number, (name, words) in enumerate(WORDS.items()):
        report = a_report(name, words, hour=number)
        article = replace(an_article(name, hour=number), text=f"{words[1]} {name}")
        with client.pipeline(transaction=True) as pipe:
            articles.stage(pipe, article)
            pipe.execute()
        hands += [Hand(rooms, article, report) for _ in range(workers)]
    return hands


def drained(hands: list[Hand], order: list[int]) -> int:
    """Let the workers step in that order, then each to its end; returns how many commits were written."""
    written = sum(bool(hands[place % len(hands)].step()) for place in order)
    while any(not hand.done for hand in hands):
        written += sum(bool(hand.step()) for hand in hands if not hand.done)
    return written


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(order=st.lists(st.integers(0, 7), max_size=40))
def test_interleaved_commits_are_written_once_each_and_end_in_one_history(
    valkey: redis.Redis, order: list[int]
) -> None:
    ledger = Ledger(valkey)
    drained(hands_on(valkey, 1), [])
    positions, changes = ledger.positions(RIVER_WAR), ledger.changes(RIVER_WAR)
    assert drained(hands_on(valkey, 2), order) == len(WORDS)
    assert (ledger.positions(RIVER_WAR), ledger.changes(RIVER_WAR)) == (positions, changes)
    assert valkey.get(keys.version(RIVER_WAR)) == str(len(WORDS))
    assert Articles(valkey).counts() == {"read:read": len(WORDS)}
    assert not any(valkey.exists(keys.article_token(name)) for name in WORDS)
    assert [one.sequence for one in reversed(ledger.alerts(100))] == list(range(1, len(ledger.alerts(100)) + 1))
