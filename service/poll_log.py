"""What is logged of a poll: one line for each, and one more when a feed's trouble begins or ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from workers.domain.article import Article
from workers.domain.feed import FeedState
from workers.storage.feed_claims import Claim

log = structlog.get_logger(__name__)


def tell(claim: Claim, after: FeedState, articles: Sequence[Article]) -> None:
    """Log one line for the poll: what is wrong only when it changes, good news always."""
    before = claim.state
    facts: dict[str, Any] = {"feed_url": claim.feed.url, "publisher": claim.feed.publisher}
    if after.gone:
        log.error("feed_gone", **facts)
    elif after.problem and after.problem != before.problem:
        log.warning("feed_failed", **facts, problem=after.problem, failures=after.failures)
    elif before.problem and not after.problem:
        log.info("feed_recovered", **facts, failures=before.failures)
    if after.saved_url != before.saved_url:
        log.warning("feed_moved", **facts, to=after.saved_url or claim.feed.url)
    if after.gaps > before.gaps:
        log.warning("feed_gap_possible", **facts, gaps=after.gaps, entries=after.entries_seen)
    if after.identity is not before.identity:
        log.info("feed_guids_doubted", **facts, identity=after.identity.value)
    level = log.info if articles else log.debug
    next_in_s = round(after.interval_s)
    level("feed_polled", **facts, articles=len(articles), problem=after.problem, next_in_s=next_in_s, why=after.reason)
