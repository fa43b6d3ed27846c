"""What may be forgotten of an actor, and that the position it holds never is."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import a_stance, hours
from workers.domain.article import Tier
from workers.domain.expiry import forgettable
from workers.domain.policy import Policy
from workers.domain.position import fold
from workers.domain.stance import Stance

OLD, NOW = -1000.0, 0.0


def gone(*stances: Stance) -> set[str]:
    return set(forgettable(stances, hours(-500), Policy()))


def test_what_was_given_up_in_the_old_days_goes() -> None:
    first, second = a_stance("reject", article="a1", hour=OLD), a_stance("support", article="a2", hour=OLD + 9)
    assert gone(first, second) == {"a1"}


def test_what_was_given_up_lately_stays_for_the_change_to_be_told_of() -> None:
    assert gone(a_stance("reject", article="a1", hour=OLD), a_stance("support", article="a2", hour=NOW)) == set()


def test_what_carries_the_position_stays_however_old_it_is_and_so_do_its_copies() -> None:
    carrier = a_stance("reject", article="a1", hour=OLD)
    copy = a_stance("reject", article="a2", hour=OLD + 1, quote=carrier.quote, same_as=("st_a1",))
    again = a_stance("reject", article="a3", hour=OLD + 2)
    assert gone(carrier, copy, again) == {"a3"}


def test_a_position_that_leans_on_a_second_publisher_keeps_both() -> None:
    weak = a_stance("reject", article="a1", hour=OLD, tier=Tier.OTHER, publisher="Somebody")
    other = a_stance("reject", article="a2", hour=OLD + 1, tier=Tier.OTHER, publisher="Somebody else")
    assert gone(weak, other) == set()


def test_talk_that_moved_nothing_goes() -> None:
    assert gone(a_stance("undeclared", article="a1", hour=OLD)) == {"a1"}


def test_words_of_long_ago_that_were_published_lately_stay() -> None:
    late = a_stance("undeclared", article="a1", hour=OLD, published_at=hours(NOW))
    assert gone(late) == set()


STANCES = st.lists(
    st.builds(
        lambda number, position, hour, tier, publisher: a_stance(
            position, article=f"a{number}", hour=hour, tier=tier, publisher=publisher, statement_id=f"st_{number}"
        ),
        st.integers(0, 10_000),
        st.sampled_from(["reject", "doubt", "undeclared", "conditional", "support"]),
        st.integers(-1000, 0),
        st.sampled_from(list(Tier)),
        st.sampled_from(["one", "two", "three"]),
    ),
    max_size=12,
    unique_by=lambda stance: stance.article_id,
)


@given(STANCES)
def test_the_position_and_its_late_changes_are_the_same_before_and_after(stances: Sequence[Stance]) -> None:
    forgotten = forgettable(stances, hours(-500), Policy())
    left = fold([stance for stance in stances if stance.article_id not in forgotten], Policy())
    whole = fold(stances, Policy())
    assert left.position == whole.position
    lately = [change for change in whole.changes if change.effective_at >= hours(-500)]
    assert [change for change in left.changes if change.effective_at >= hours(-500)] == lately
