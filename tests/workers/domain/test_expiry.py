"""What may be forgotten of an actor, and that its history of positions stays whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import a_stance, hours
from workers.domain.article import Tier
from workers.domain.expiry import forgettable
from workers.domain.policy import Policy, Reason
from workers.domain.position import History, Snapshot, fold, same_as
from workers.domain.stance import Stance

OLD, NOW = -1000.0, 0.0
BEFORE = hours(-500)
POLICY = Policy()


def gone(*stances: Stance) -> set[str]:
    return set(forgettable(stances, BEFORE, POLICY).gone)


def forgotten(stances: Sequence[Stance], hour: float, earlier: Snapshot | None = None) -> tuple[list[Stance], History]:
    """What is left of the stances, and the history that they and the snapshot give."""
    forgetting = forgettable(stances, hours(hour), POLICY, earlier)
    left = [stance for stance in stances if stance.article_id not in forgetting.gone]
    return left, fold(left, POLICY, forgetting.snapshot)


def test_what_was_given_up_in_the_old_days_goes() -> None:
    first, second = a_stance("reject", article="a1", hour=OLD), a_stance("support", article="a2", hour=OLD + 9)
    assert gone(first, second) == {"a1"}


def test_what_was_given_up_in_the_old_days_is_still_told_of() -> None:
    first, second = a_stance("reject", article="a1", hour=OLD), a_stance("support", article="a2", hour=NOW)
    left, history = forgotten([first, a_stance("doubt", article="a0", hour=OLD - 9), second], -500)
    assert [one.article_id for one in left] == ["a1", "a2"]
    moves = [(change.before, change.after.value, change.article_id) for change in history.changes]
    assert moves == [(None, "doubt", "a0"), ("doubt", "reject", "a1"), ("reject", "support", "a2")]


def test_what_carries_the_position_stays_however_old_it_is_and_so_do_its_copies() -> None:
    carrier = a_stance("reject", article="a1", hour=OLD)
    copy = a_stance("reject", article="a2", hour=OLD + 1, quote=carrier.quote, same_as=("st_a1",))
    again = a_stance("reject", article="a3", hour=OLD + 2)
    assert gone(carrier, copy, again) == {"a3"}


def test_the_words_of_the_present_terms_stay() -> None:
    first = a_stance("conditional", article="a1", hour=OLD, conditions=("the army withdraws behind the river",))
    terms = a_stance("conditional", article="a2", hour=OLD + 9, conditions=("every prisoner is released at once",))
    assert gone(first, terms, a_stance("conditional", article="a3", hour=OLD + 10)) == {"a3"}


def test_a_position_that_leans_on_a_second_publisher_keeps_both() -> None:
    weak = a_stance("reject", article="a1", hour=OLD, tier=Tier.OTHER, publisher="Somebody")
    other = a_stance("reject", article="a2", hour=OLD + 1, tier=Tier.OTHER, publisher="Somebody else")
    assert gone(weak, other) == set()


def test_talk_that_moved_nothing_goes() -> None:
    held = a_stance("reject", article="a0", hour=OLD - 1)
    assert gone(held, a_stance("undeclared", article="a1", hour=OLD)) == {"a1"}


def test_words_of_long_ago_that_were_published_lately_stay() -> None:
    late = a_stance("undeclared", article="a1", hour=OLD, published_at=hours(NOW))
    assert gone(late) == set()


def test_what_arrives_late_of_a_time_that_is_folded_changes_nothing() -> None:
    stances = [a_stance("reject", article="a1", hour=OLD), a_stance("support", article="a2", hour=OLD + 9)]
    forgetting = forgettable(stances, BEFORE, POLICY)
    late = a_stance("doubt", article="late", hour=OLD + 30, published_at=hours(NOW))
    history = fold([stances[1], late], POLICY, forgetting.snapshot)
    assert history.reasons == {"a2": Reason.MOVED, "late": Reason.FOLDED}
    assert [change.after.value for change in history.changes] == ["reject", "support"]


def test_old_words_that_are_taken_back_give_way_to_what_was_held_before() -> None:
    stances = [a_stance("reject", article="a1", hour=OLD), a_stance("support", article="a2", hour=OLD + 9)]
    snapshot = forgettable(stances, BEFORE, POLICY).snapshot
    history = fold([], POLICY, snapshot)
    assert history.position is not None
    assert (history.position.position.value, history.position.since) == ("reject", hours(OLD))
    corrected = replace(stances[1], position=a_stance("doubt").position)
    assert [change.after.value for change in fold([corrected], POLICY, snapshot).changes] == ["reject"]


STANCES = st.lists(
    st.builds(
        lambda number, position, hour, late, tier, publisher, words: a_stance(
            position,
            article=f"a{number}",
            hour=hour,
            published_at=hours(hour + late),
            tier=tier,
            publisher=publisher,
            statement_id=f"st_{number}",
            quote=f"we will say of this truce {words} what we have always said of it",
        ),
        st.integers(0, 10_000),
        st.sampled_from(["reject", "doubt", "undeclared", "conditional", "support"]),
        st.integers(-1000, 0),
        st.sampled_from([0, 0, 30, 400]),
        st.sampled_from(list(Tier)),
        st.sampled_from(["one", "two", "three"]),
        st.integers(0, 10_000).map(lambda number: " ".join(f"{letter}{number}" for letter in "abcdefghij")),
    ),
    max_size=14,
    unique_by=lambda stance: stance.article_id,
)


def linked(stances: Sequence[Stance]) -> list[Stance]:
    return [replace(one, same_as=same_as(one, stances)) for one in stances]


@given(STANCES, st.integers(-900, 0), st.integers(-900, 0))
def test_positions_and_all_changes_are_the_same_however_often_something_is_forgotten(
    drawn: Sequence[Stance], one: int, other: int
) -> None:
    stances = linked(drawn)
    whole, snapshot = fold(stances, POLICY), None
    for hour in sorted((one, other)):
        forgetting = forgettable(stances, hours(hour), POLICY, snapshot)
        stances = [stance for stance in stances if stance.article_id not in forgetting.gone]
        snapshot = forgetting.snapshot
        left = fold(stances, POLICY, snapshot)
        assert (left.position, left.changes) == (whole.position, whole.changes)


@given(STANCES, STANCES, st.integers(-900, -100))
def test_what_comes_later_finds_the_same_history(early: Sequence[Stance], later: Sequence[Stance], hour: int) -> None:
    stances = linked(early)
    forgetting = forgettable(stances, hours(hour), POLICY)
    left = [stance for stance in stances if stance.article_id not in forgetting.gone]
    new = [
        replace(
            one, article_id=f"{one.article_id}-new", statement_id=f"{one.statement_id}-new", quote=one.article_id,
            said_at=hours(24 + number), published_at=hours(24 + number),
        )
        for number, one in enumerate(later)
    ]  # fmt: skip
    whole, history = fold([*stances, *new], POLICY), fold([*left, *new], POLICY, forgetting.snapshot)
    assert (history.position, history.changes) == (whole.position, whole.changes)
