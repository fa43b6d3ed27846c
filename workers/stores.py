"""The rooms of one store, opened together."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.queues import Queues
from workers.storage.articles import Articles
from workers.storage.client import Client
from workers.storage.commit import Commits
from workers.storage.connection import Birth, Patience, connect, connect_queue, open_store
from workers.storage.expiry import Expiry
from workers.storage.feed_claims import FeedClaims
from workers.storage.feeds import FeedStore
from workers.storage.folding import Folding
from workers.storage.leases import Leases
from workers.storage.ledger import Ledger
from workers.storage.notices import Notices
from workers.storage.outbox import Outbox
from workers.storage.pages import Pages
from workers.storage.presence import Presence
from workers.storage.signs import Signs
from workers.storage.silences import Silences
from workers.storage.tallies import Tallies
from workers.storage.vitals import Vitals

EPOCH_BYTES = 3  # six hexadecimal digits in every webhook-id; drawn once per store


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything that is kept in one store. `queue_client` is RQ's own connection."""

    client: Client
    queue_client: Client
    birth: Birth
    articles: Articles
    feeds: FeedStore
    feed_claims: FeedClaims
    pages: Pages
    ledger: Ledger
    outbox: Outbox
    notices: Notices
    folding: Folding
    silences: Silences
    signs: Signs
    commits: Commits
    leases: Leases
    presence: Presence
    expiry: Expiry
    tallies: Tallies
    vitals: Vitals
    queues: Queues


def open_stores(url: str, job_timeout: timedelta, now: datetime, patience: Patience | None = None) -> Stores:
    """Connect to the store at `url` and open its rooms; an empty store is born now.

    With `patience`, what is asked of the queues waits for a store that is away.
    Raises redis.RedisError when it is away, StoreFormatError when it is of a newer format.
    """
    client, queue_client = connect(url), connect_queue(url, patience)
    birth = open_store(client, secrets.token_hex(EPOCH_BYTES), now)
    articles, outbox = Articles(client), Outbox(client)
    notices = Notices(client, outbox)
    return Stores(
        client=client,
        queue_client=queue_client,
        birth=birth,
        articles=articles,
        feeds=FeedStore(client, articles),
        feed_claims=FeedClaims(client),
        pages=Pages(client),
        ledger=Ledger(client),
        outbox=outbox,
        notices=notices,
        folding=Folding(client, outbox, notices),
        silences=Silences(client, notices),
        signs=Signs(client),
        commits=Commits(client, articles, outbox),
        leases=Leases(client),
        presence=Presence(client),
        expiry=Expiry(client),
        tallies=Tallies(client),
        vitals=Vitals(client),
        queues=Queues(queue_client, birth.epoch, job_timeout),
    )
