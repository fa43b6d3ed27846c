"""The fold: what an actor's stances make of its position."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import a_stance, hours
from workers.domain.article import Tier
from workers.domain.catalogue import Authority
from workers.domain.policy import Policy, Reason
from workers.domain.position import History, fold, same_as
from workers.domain.stance import Stance
from workers.domain.statement import Flag, PositionScale, Precision

POLICY = Policy()


def moves(history: History) -> list[tuple[str | None, str]]:
    return [(change.before and change.before.value, change.after.value) for change in history.changes]


def linked(stances: list[Stance]) -> list[Stance]:
    """The stances as the ledger holds them: each knows which of those before it carry the same words."""
    held: list[Stance] = []
    for stance in stances:
        held.append(replace(stance, same_as=same_as(stance, held)))
    return held


def test_the_first_stance_establishes_and_the_second_moves() -> None:
    history = fold([a_stance("reject"), a_stance("support", article="a2", hour=30)], POLICY)
    assert moves(history) == [(None, "reject"), ("reject", "support")]
    assert history.reasons == {"a1": Reason.ESTABLISHED, "a2": Reason.MOVED}
    assert history.position is not None
    assert (history.position.position, history.position.since) == (PositionScale.SUPPORT, hours(30))
    assert history.changes[1].reason == "leader_direct"


def test_saying_it_again_moves_nothing_and_keeps_since() -> None:
    history = fold([a_stance("reject"), a_stance("reject", article="a2", hour=30)], POLICY)
    assert history.reasons["a2"] is Reason.REPEATED
    assert history.position is not None
    assert history.position.since == hours(0)


def test_neutral_talk_moves_nothing() -> None:
    history = fold([a_stance("support"), a_stance("undeclared", article="a2", hour=30)], POLICY)
    assert history.reasons["a2"] is Reason.NEUTRAL
    assert moves(history) == [(None, "support")]


def test_an_explicit_retreat_moves() -> None:
    retreat = a_stance("undeclared", article="a2", hour=30, flags=frozenset({Flag.RETREAT}))
    assert moves(fold([a_stance("support"), retreat], POLICY)) == [(None, "support"), ("support", "undeclared")]


def test_a_day_without_a_time_is_no_older_than_what_was_said_before_its_publication() -> None:
    """ "On Friday", published on Friday at two, after a word of Friday noon."""
    midnight = hours(0).replace(hour=0)
    dated = a_stance("reject", article="a2", said_at=midnight, said_at_precision=Precision.DAY, published_at=hours(2))
    history = fold([dated, a_stance("support")], POLICY)
    assert moves(history) == [(None, "support"), ("support", "reject")]
    tomorrow = replace(dated, published_at=hours(26))
    assert moves(fold([tomorrow, a_stance("support")], POLICY)) == [(None, "reject"), ("reject", "support")]


def test_a_lower_official_never_overrules_the_leader_of_the_same_day() -> None:
    later = a_stance("reject", article="a2", hour=5, authority=Authority.OFFICIAL)
    history = fold([a_stance("support"), later], POLICY)
    assert history.position is not None
    assert history.position.position is PositionScale.SUPPORT


def test_a_lower_official_is_heard_the_day_after() -> None:
    later = a_stance("reject", article="a2", hour=20, authority=Authority.OFFICIAL)
    history = fold([a_stance("support"), later], POLICY)
    assert history.position is not None
    assert history.position.position is PositionScale.REJECT


def test_a_copy_of_the_same_words_corroborates() -> None:
    words = "we will sign the paper on friday when the guns fall silent"
    original = a_stance("support", quote=words)
    turn = a_stance("reject", article="a2", hour=24)
    recycled = a_stance("support", article="a3", hour=48, quote=words, publisher="Harbour Post")
    history = fold(linked([original, turn, recycled]), POLICY)
    assert history.reasons["a3"] is Reason.CORROBORATES
    assert history.position is not None
    assert history.position.position is PositionScale.REJECT


def test_the_same_words_on_an_evidenced_later_day_count_again() -> None:
    words = "we will sign the paper on friday when the guns fall silent"
    original = a_stance("support", quote=words)
    turn = a_stance("reject", article="a2", hour=24)
    again = a_stance("support", article="a3", hour=48, quote=words, said_at_evidenced=True)
    assert fold(linked([original, turn, again]), POLICY).reasons["a3"] is Reason.MOVED


def test_one_publisher_of_the_low_tier_alone_moves_nothing() -> None:
    spoofed = a_stance("reject", article="a2", hour=24, tier=Tier.OTHER, publisher="some.example")
    history = fold([a_stance("support"), spoofed], POLICY)
    assert history.reasons["a2"] is Reason.NEEDS_PUBLISHER
    assert moves(history) == [(None, "support")]


def test_a_second_low_publisher_vouches_and_the_move_takes_effect_then() -> None:
    one = a_stance("reject", article="a2", hour=24, tier=Tier.OTHER, publisher="one.example")
    two = a_stance("reject", article="a3", hour=30, tier=Tier.OTHER, publisher="two.example")
    history = fold([a_stance("support"), one, two], POLICY)
    assert history.position is not None
    assert (history.position.position, history.position.since) == (PositionScale.REJECT, hours(30))


def test_a_copy_by_another_low_publisher_does_not_vouch() -> None:
    same_text = bytes(range(96)).hex()
    one = a_stance("reject", article="a2", hour=24, tier=Tier.OTHER, publisher="one.example", signature=same_text)
    two = a_stance("reject", article="a3", hour=25, tier=Tier.OTHER, publisher="two.example", signature=same_text)
    assert moves(fold([a_stance("support"), one, two], POLICY)) == [(None, "support")]


def test_publishers_too_far_apart_do_not_vouch_for_each_other() -> None:
    apart = (POLICY.corroboration_window + timedelta(hours=1)).total_seconds() / 3600
    one = a_stance("reject", article="a2", hour=24, tier=Tier.OTHER, publisher="one.example")
    two = a_stance("reject", article="a3", hour=24 + apart, tier=Tier.OTHER, publisher="two.example")
    assert moves(fold([a_stance("support"), one, two], POLICY)) == [(None, "support")]


def test_an_unsure_reading_needs_a_second_publisher() -> None:
    unsure = a_stance("reject", article="a2", hour=24, confidence=0.3)
    assert fold([a_stance("support"), unsure], POLICY).reasons["a2"] is Reason.NEEDS_CONFIDENCE


@pytest.mark.parametrize(("live", "expected"), [(False, Reason.ESTABLISHED), (True, Reason.MOVED)])
def test_a_seeded_position_is_for_reading_unless_it_counts_as_live(live: bool, expected: Reason) -> None:
    seeded = a_stance("reject", article="seed", seeded=True, live=live)
    assert fold([seeded, a_stance("support", article="a2", hour=24)], POLICY).reasons["a2"] is expected


STANCES = st.builds(
    a_stance,
    st.sampled_from(["reject", "doubt", "undeclared", "conditional", "support"]),
    article=st.integers(0, 30).map("a{}".format),
    hour=st.integers(-100, 100),
    authority=st.sampled_from(Authority),
    publisher=st.sampled_from(["Northern Wire", "Harbour Post", "some.example"]),
    tier=st.sampled_from(Tier),
    confidence=st.sampled_from([0.2, 0.9]),
    quote=st.sampled_from(["", "we will sign the paper on friday", "no truce while they rearm", "talks are on"]),
    said_at_evidenced=st.booleans(),
)


@given(st.lists(STANCES, max_size=12, unique_by=lambda stance: stance.article_id), st.randoms(use_true_random=False))
def test_history_does_not_depend_on_arrival(stances: list[Stance], random: object) -> None:
    shuffled = list(stances)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = fold(linked(stances), POLICY), fold(linked(shuffled), POLICY)
    assert one.changes == other.changes
    assert one.position == other.position
    assert one.reasons == other.reasons


@given(st.lists(STANCES, max_size=12, unique_by=lambda stance: stance.article_id))
def test_every_change_is_a_change_and_follows_the_one_before(stances: list[Stance]) -> None:
    changes = fold(linked(stances), POLICY).changes
    for before, after in pairwise(changes):
        assert after.before is before.after
        assert after.held_since == before.effective_at
    assert all(change.before is not change.after for change in changes)
