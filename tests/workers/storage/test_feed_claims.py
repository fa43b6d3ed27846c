"""Claims of feeds by several pollers, and what hosts are spared, on a real store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import redis

from tests.builders import NOON, a_feed_state
from workers.domain.article import Feed, Tier
from workers.domain.feed import FeedState, host_of
from workers.storage import keys
from workers.storage.articles import Articles
from workers.storage.feed_claims import Claim, FeedClaims, Manners
from workers.storage.feeds import SEEN_KEPT, FeedStore, Mark, Poll, Seen

LEASE = timedelta(seconds=60)
FREE = Manners(LEASE, host_at_once=1_000, host_gap=timedelta())
POLITE = Manners(LEASE, host_at_once=2, host_gap=timedelta(seconds=5))


@dataclass(slots=True)
class Desk:
    """The rooms of the store that polls use."""

    feeds: FeedStore
    claims: FeedClaims
    client: redis.Redis

    def list(self, *urls: str, window: timedelta = timedelta()) -> None:
        feeds = [Feed(f"{number:012x}", url, "P", Tier.WIRE) for number, url in enumerate(urls)]
        self.feeds.register(feeds, NOON, window)

    def claim(self, at: datetime = NOON, limit: int = 100, manners: Manners = FREE) -> Sequence[Claim]:
        return self.claims.claim_due(at, limit, manners)

    def commit(self, claim: Claim, due_at: datetime, state: FeedState | None = None) -> bool:
        poll = Poll(claim.feed.feed_id, claim.fence, claim.feed.url, state or a_feed_state(), due_at)
        return self.feeds.commit_poll(poll)


@pytest.fixture
def desk(valkey: redis.Redis) -> Desk:
    return Desk(FeedStore(valkey, Articles(valkey)), FeedClaims(valkey), valkey)


def later(**span: float) -> datetime:
    return NOON + timedelta(**span)


def test_a_feed_is_claimed_by_one_poller_at_a_time(desk: Desk) -> None:
    desk.list(*(f"https://h{number}.example/" for number in range(10)))
    first, second, third = desk.claim(limit=6), desk.claim(limit=6), desk.claim()
    assert (len(first), len(second), len(third)) == (6, 4, 0)
    assert len({claim.feed.feed_id for claim in (*first, *second)}) == 10
    fences = [claim.fence for claim in (*first, *second)]
    assert fences == sorted(set(fences))


def test_a_committed_feed_is_due_when_it_was_planned(desk: Desk) -> None:
    desk.list("https://a.example/")
    (claim,) = desk.claim()
    assert claim.state == FeedState()
    assert desk.commit(claim, later(minutes=15))
    assert desk.claim(later(minutes=14)) == []
    (again,) = desk.claim(later(minutes=15))
    assert again.state == a_feed_state()
    assert desk.claims.counts() == {"claims": 2}


def test_a_feed_whose_poller_died_is_claimed_anew_once_its_lease_ran_out(desk: Desk) -> None:
    desk.list("https://a.example/")
    (dead,) = desk.claim()
    assert desk.claim(later(seconds=59)) == []
    desk.client.delete(keys.feed_claim(dead.feed.feed_id))  # the store's own clock ran on as well
    (taken,) = desk.claim(later(seconds=60))
    assert taken.fence > dead.fence
    assert desk.claims.counts()["leases_run_out"] == 1
    assert not desk.commit(dead, later(days=1)), "a poller that was held up must write nothing"
    assert desk.commit(taken, later(minutes=15))
    assert desk.client.zcard(keys.feeds_leased()) == 0


def test_a_lease_is_prolonged_as_long_as_its_poll_lasts(desk: Desk) -> None:
    desk.list("https://a.example/", "https://b.example/")
    held, other = desk.claim()
    assert desk.claims.renew([held, other, replace(held, fence=99)], later(seconds=50), LEASE) == 2
    assert desk.claim(later(seconds=100)) == []
    assert desk.commit(held, later(minutes=15))
    assert desk.claims.renew([held], later(seconds=100), LEASE) == 0
    assert desk.claims.renew([], NOON, LEASE) == 0


def test_a_poll_is_committed_though_its_lease_is_prolonged_at_that_moment(desk: Desk) -> None:
    desk.list("https://a.example/")
    (claim,) = desk.claim()
    rival = FeedClaims(desk.client)

    class Renewing(redis.Redis):
        """A client whose every command is followed by a renewal of the lease, twice."""

        renewals = 2

        def pipeline(self, *args, **named):
            pipe = super().pipeline(*args, **named)
            multi = pipe.multi

            def renewed() -> None:
                if Renewing.renewals:
                    Renewing.renewals -= 1
                    assert rival.renew([claim], NOON, LEASE) == 1
                multi()

            pipe.multi = renewed
            return pipe

    client = Renewing(connection_pool=desk.client.connection_pool)
    feeds = FeedStore(client, Articles(client))
    poll = Poll(claim.feed.feed_id, claim.fence, claim.feed.url, a_feed_state(), later(hours=1))
    assert feeds.commit_poll(poll)
    assert Renewing.renewals == 0


def test_a_host_is_spared(desk: Desk) -> None:
    desk.list(*(f"https://one.example/{number}" for number in range(6)), "https://two.example/")
    first = desk.claim(manners=POLITE)
    assert sorted(host_of(claim.feed.url) for claim in first) == ["one.example", "two.example"]
    second = desk.claim(later(seconds=5), manners=POLITE)
    assert len(second) == 1
    assert desk.claim(later(seconds=10), manners=POLITE) == [], "two at once are under way"
    for claim in (*first, *second):
        assert desk.commit(claim, later(hours=1))
    polled = []
    for second_of in range(10, 40):
        for claim in desk.claim(later(seconds=second_of), manners=POLITE):
            polled.append(second_of)
            desk.commit(claim, later(hours=1))
    assert len(polled) == 4
    assert all(after - before >= 5 for before, after in pairwise(polled))


def test_a_paused_host_is_left_alone_and_others_are_not(desk: Desk) -> None:
    desk.list("https://one.example/1", "https://one.example/2", "https://two.example/")
    desk.claims.pause_host("one.example", later(minutes=30))
    desk.claims.pause_host("one.example", later(minutes=10))
    assert desk.claims.paused_until("one.example") == later(minutes=30).timestamp()
    assert [host_of(claim.feed.url) for claim in desk.claim(manners=POLITE)] == ["two.example"]
    assert desk.claim(later(minutes=29), manners=POLITE) == []
    assert len(desk.claim(later(minutes=31), manners=POLITE)) == 1


def test_refusals_of_a_host_are_counted_until_it_gives_something(desk: Desk) -> None:
    assert [desk.claims.note_refusal("one.example") for _ in range(3)] == [1, 2, 3]
    desk.list("https://one.example/")
    (claim,) = desk.claim()
    assert desk.commit(claim, later(hours=1), a_feed_state(problem="answered 403 Forbidden"))
    assert desk.claims.note_refusal("one.example") == 4
    (claim,) = desk.claim(later(hours=1))
    assert desk.commit(claim, later(hours=2))
    assert desk.claims.note_refusal("one.example") == 1


def test_a_busy_host_does_not_hide_feeds_of_others(desk: Desk) -> None:
    desk.list(*(f"https://busy.example/{number}" for number in range(50)), "https://quiet.example/")
    found = {host_of(claim.feed.url) for _ in range(20) for claim in desk.claim(limit=4, manners=POLITE)}
    assert found == {"busy.example", "quiet.example"}


def test_first_polls_are_spread(desk: Desk) -> None:
    desk.list(*(f"https://h{number}.example/" for number in range(100)), window=timedelta(minutes=10))
    assert len(desk.claim(later(minutes=5))) in range(30, 71)
    assert len(desk.claim(later(minutes=10))) + 0 in range(30, 71)


def test_a_gone_feed_stays_so_when_the_service_starts_again_until_a_person_adds_it(desk: Desk) -> None:
    desk.list("https://a.example/")
    (claim,) = desk.claim()
    desk.commit(claim, later(hours=1), a_feed_state(gone=True, problem="answered 410 Gone"))
    desk.list("https://a.example/")
    assert desk.claim(later(days=30)) == []
    desk.feeds.add(claim.feed, later(days=30))
    (revived,) = desk.claim(later(days=30))
    assert (revived.state.gone, revived.state.problem) == (False, None)


def test_a_feed_that_was_taken_out_meanwhile_is_not_committed(desk: Desk) -> None:
    desk.list("https://a.example/")
    (claim,) = desk.claim()
    assert desk.feeds.remove(claim.feed.feed_id)
    assert not desk.commit(claim, later(hours=1))
    assert not desk.feeds.remove(claim.feed.feed_id)


def test_what_a_feed_said_is_remembered_within_bounds(desk: Desk) -> None:
    desk.list("https://a.example/")
    for turn in range(3):
        (claim,) = desk.claim(later(hours=turn))
        names = [f"{turn}-{number}" for number in range(SEEN_KEPT // 2)]
        poll = Poll(claim.feed.feed_id, claim.fence, claim.feed.url, a_feed_state(), later(hours=turn + 1))
        seen, marks = {name: Seen("hash", 1) for name in names}, {name: Mark("a", "t", "d") for name in names}
        assert desk.feeds.commit_poll(replace(poll, seen=seen, marks=marks))
    assert desk.client.hlen(keys.feed_seen(claim.feed.feed_id)) == SEEN_KEPT
    assert desk.client.hlen(keys.feed_marks(claim.feed.feed_id)) == SEEN_KEPT
    assert len(desk.feeds.seen(claim.feed.feed_id, names)) == len(desk.feeds.marks(claim.feed.feed_id, names)) == 1_500
