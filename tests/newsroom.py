"""Write to a real store what articles said, by the same commit as the pipeline's, without a language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import redis

from service.board import Reads
from tests.builders import NOON, a_stance_of, hours
from workers.domain.alert import Delivery
from workers.domain.article import Article, Outcome
from workers.domain.catalogue import Catalogue
from workers.domain.decision import Circumstances, decide
from workers.domain.policy import Policy
from workers.domain.stance import Stance
from workers.domain.statement import Statement
from workers.domain.telling import Desk, Spoken, compose_alerts, source_of
from workers.storage.articles import ArticleEnd, Articles
from workers.storage.commit import Commits, Ruling
from workers.storage.feeds import FeedStore
from workers.storage.ledger import Ledger
from workers.storage.notices import Notices
from workers.storage.outbox import Outbox
from workers.storage.silences import Silences


@dataclass(frozen=True, slots=True)
class Newsroom:
    """A store's rooms and the catalogue by which articles are committed to them."""

    client: redis.Redis
    catalogue: Catalogue
    policy: Policy

    @property
    def articles(self) -> Articles:
        return Articles(self.client)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.client)

    @property
    def reads(self) -> Reads:
        """What pages and tables read."""
        feeds = FeedStore(self.client, self.articles)
        silences = Silences(self.client, Notices(self.client, self.outbox))
        return Reads(self.catalogue, Ledger(self.client), feeds, self.articles, self.outbox, silences)

    def hear(self, article: Article, *statements: Statement, endpoint: str | None = None, **stance: object) -> None:
        """Commit an article that says this: each statement is its actor's and its principal's stance.

        `stance` names what differs in the stances. An alert goes to `endpoint`, when there is one.
        """
        self.receive(article)
        conflict_ids = sorted({statement.conflict_id for statement in statements})
        end = ArticleEnd(
            article.article_id, article.revision, Outcome.READ, "read", article.fetched_at, statements=len(statements)
        )
        with Commits(self.client, self.articles, self.outbox).transaction(
            article.article_id, article.revision, conflict_ids
        ) as transaction:
            assert transaction is not None
            rulings = []
            for conflict_id in transaction.conflict_ids:
                said = [statement for statement in statements if statement.conflict_id == conflict_id]
                stances = _stances(article, said, stance)
                held = transaction.holdings(conflict_id, [one.actor_id for one in stances], {})
                watched = Circumstances(article.fetched_at, hours(-10_000), None, article.fetched_at)
                decision = decide(article.article_id, stances, held, watched, self.policy)
                spoken = [Spoken(one, source_of(article)) for one in said]
                here = {one.statement.statement_id: [one] for one in spoken}
                actors = {actor.actor_id: actor for actor in self.catalogue.actors}
                desk = Desk("ab12cd", self.catalogue.conflict(conflict_id), actors, article.fetched_at)
                sequence = transaction.last_sequence(conflict_id)
                alerts = compose_alerts(decision.moves, here, {}, sequence, desk)
                deliveries = [
                    Delivery(
                        f"{alert.alert_id}~{endpoint}", alert.alert_id, endpoint, alert.lane, "application/json", "{}",
                        alert.timestamp,
                    )
                    for alert in alerts
                    if endpoint
                ]  # fmt: skip
                rulings.append(Ruling(conflict_id, decision, spoken, held.told, alerts, deliveries))
            assert transaction.commit(end, rulings)

    def receive(self, article: Article) -> None:
        """Put an article among the pending."""
        with self.client.pipeline(transaction=True) as pipe:
            self.articles.stage(pipe, article)
            pipe.execute()

    def skip(self, article: Article, reason: str, outcome: Outcome = Outcome.SKIPPED) -> None:
        """Receive an article and end it unread."""
        self.receive(article)
        assert self.articles.end(ArticleEnd(article.article_id, article.revision, outcome, reason, NOON))


def _stances(article: Article, said: Sequence[Statement], named: dict[str, object]) -> list[Stance]:
    stances: dict[str, Stance] = {}
    for statement in said:
        for actor_id in dict.fromkeys(filter(None, (statement.actor_id, statement.principal_id))):
            stances[actor_id] = replace(a_stance_of(statement, article, actor_id=actor_id), **named)  # type: ignore[arg-type]
    return list(stances.values())
