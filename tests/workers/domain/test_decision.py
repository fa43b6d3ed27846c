"""Decisions: what one article changes, and what is owed for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.builders import a_stance, hours
from workers.domain.alert import AlertType
from workers.domain.article import Tier
from workers.domain.decision import Circumstances, Decision, Holdings, Told, decide
from workers.domain.policy import Policy
from workers.domain.stance import Stance
from workers.domain.statement import PositionScale, Precision

BORN = hours(-1000)


def decided(
    found: list[Stance],
    held: tuple[Stance, ...] = (),
    *,
    article: str = "new",
    told: dict[str, Told] | None = None,
    hour: float = 24,
    **circumstances: Any,
) -> Decision:
    by_actor: dict[str, list[Stance]] = {}
    for stance in held:
        by_actor.setdefault(stance.actor_id, []).append(stance)
    holdings = Holdings({actor: tuple(stances) for actor, stances in by_actor.items()}, told or {}, {})
    facts: dict[str, datetime | None] = {
        "now": hours(hour),
        "born_at": BORN,
        "feed_added_at": BORN,
        "fetched_at": hours(hour),
    }
    return decide(article, found, holdings, Circumstances(**(facts | circumstances)), Policy())  # type: ignore[arg-type]


def turn(**named: Any) -> Stance:
    return a_stance("reject", article="new", hour=24, **named)


def test_the_first_position_is_established_not_changed() -> None:
    (move,) = decided([turn()]).moves
    assert (move.before, move.after, move.alert) == (None, PositionScale.REJECT, AlertType.POSITION_ESTABLISHED)


def test_a_turn_is_told_with_what_was_held_before() -> None:
    (move,) = decided([turn()], (a_stance("support"),)).moves
    assert move.before is not None
    assert (move.before.position, move.after) == (PositionScale.SUPPORT, PositionScale.REJECT)
    assert (move.alert, move.reason, move.late, move.follows) == (
        AlertType.POSITION_CHANGED,
        "leader_direct",
        False,
        None,
    )


def test_repeating_the_position_moves_nothing() -> None:
    assert decided([turn()], (a_stance("reject"),)).moves == ()


def test_a_late_article_on_what_was_before_is_no_alert() -> None:
    held = (a_stance("reject", article="a1", hour=0), a_stance("support", article="a2", hour=20))
    assert decided([a_stance("doubt", article="new", hour=10)], held, hour=24).moves == ()


def test_a_late_article_that_changes_the_position_now_says_so() -> None:
    (move,) = decided([a_stance("reject", article="new", hour=10)], (a_stance("support"),), hour=24).moves
    assert (move.alert, move.late) == (AlertType.POSITION_CHANGED, True)


def test_words_from_before_the_stores_birth_are_history() -> None:
    (move,) = decided([turn()], (a_stance("support"),), born_at=hours(25)).moves
    assert (move.alert, move.reason) == (None, "backlog")


def test_words_of_the_second_of_birth_are_news_because_feeds_tell_no_parts_of_one() -> None:
    (move,) = decided([turn()], (a_stance("support"),), born_at=hours(24) + timedelta(seconds=0.7)).moves
    assert move.alert is AlertType.POSITION_CHANGED


def test_words_from_before_the_feed_was_added_are_history() -> None:
    assert decided([turn()], (a_stance("support"),), feed_added_at=hours(25)).moves[0].alert is None


def test_words_said_too_long_ago_are_history() -> None:
    (move,) = decided([turn()], (a_stance("support"),), hour=24 + 73, now=hours(24 + 73)).moves
    assert (move.alert, move.reason) == (None, "backlog")


def test_words_of_the_day_of_birth_are_news_when_only_the_day_is_known() -> None:
    of_the_day = turn(said_at=hours(12), said_at_precision=Precision.DAY)
    assert decided([of_the_day], (a_stance("support"),), born_at=hours(20)).moves[0].alert is not None


def test_a_cause_already_told_of_the_actor_is_not_told_again() -> None:
    words = "we will sign no paper before the spring comes"
    held = (a_stance("support", article="a1"),)
    told = {"st_new": Told("msg_1", ("mira-vane",))}
    (move,) = decided([turn(quote=words)], held, told=told).moves
    assert move.alert is None


def test_a_cause_told_of_another_actor_is_followed() -> None:
    told = {"st_new": Told("msg_1", ("northland",))}
    (move,) = decided([turn()], (a_stance("support"),), told=told).moves
    assert (move.alert, move.follows) == (AlertType.POSITION_CHANGED, "msg_1")


def test_a_revision_that_takes_the_words_back_is_a_correction() -> None:
    held = (a_stance("support", article="a1"), a_stance("reject", article="new", hour=20))
    decision = decided([], held)
    (move,) = decision.moves
    assert decision.withdrawn == ("mira-vane",)
    assert (move.alert, move.after) == (AlertType.POSITION_CORRECTED, PositionScale.SUPPORT)


def test_a_revision_that_says_the_same_changes_nothing() -> None:
    held = (a_stance("support", article="a1"), turn())
    assert decided([turn()], held).moves == ()


def test_earlier_changes_inside_the_window_are_counted_as_flips() -> None:
    held = (a_stance("support", article="a1"), a_stance("doubt", article="a2", hour=10))
    assert decided([turn()], held).moves[0].flips == 1


WITHDRAWAL, PRISONERS = ("Southland withdraws its troops",), ("every prisoner of war is released first",)


def terms(conditions: tuple[str, ...], **named: Any) -> Stance:
    return a_stance("conditional", conditions=conditions, **named)


def test_new_conditions_of_a_position_held_are_told_as_such() -> None:
    held = (terms(WITHDRAWAL, article="a1"),)
    (move,) = decided([terms(PRISONERS, article="new", hour=24)], held).moves
    assert (move.alert, move.after, move.reason) == (
        AlertType.CONDITIONS_CHANGED,
        PositionScale.CONDITIONAL,
        "leader_direct",
    )
    assert move.carrier is not None
    assert move.carrier.article_id == "new"


def test_conditions_in_other_words_or_left_out_are_no_news() -> None:
    held = (terms((*WITHDRAWAL, *PRISONERS), article="a1"),)
    assert decided([terms(("a withdrawal of the troops",), article="new", hour=24)], held).moves == ()
    assert decided([terms((), article="new", hour=24)], held).moves == ()


def test_conditions_that_stand_since_earlier_words_are_no_news() -> None:
    held = (terms(WITHDRAWAL, article="a1"), terms(PRISONERS, article="a2", hour=9))
    assert decided([terms(WITHDRAWAL, article="new", hour=24)], held).moves == ()
    assert decided([terms(PRISONERS, article="new", hour=24)], held).moves == ()


def test_new_conditions_wait_for_a_second_publisher_as_positions_do() -> None:
    held = (terms(WITHDRAWAL, article="a1"),)
    assert decided([terms(PRISONERS, article="new", hour=24, tier=Tier.OTHER)], held).moves == ()


def test_new_conditions_of_long_ago_or_by_a_correction_are_not_told() -> None:
    held = (terms(WITHDRAWAL, article="a1"),)
    (old,) = decided([terms(PRISONERS, article="new", hour=24)], held, now=hours(24 + 73)).moves
    (corrected,) = decided([terms(PRISONERS, article="new", hour=24)], held, corrected=True).moves
    assert (old.alert, old.reason) == (None, "backlog")
    assert (corrected.alert, corrected.reason) == (None, "corrected")


def test_taking_the_first_stance_after_neutral_talk_is_a_change() -> None:
    (first,) = decided([a_stance("undeclared", article="new", hour=24)]).moves
    (turned,) = decided([turn()], (a_stance("undeclared", article="a1"),)).moves
    assert (first.after, first.alert) == (PositionScale.UNDECLARED, AlertType.POSITION_ESTABLISHED)
    assert (turned.after, turned.alert) == (PositionScale.REJECT, AlertType.POSITION_CHANGED)
