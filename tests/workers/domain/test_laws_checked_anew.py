"""Laws 3 to 8 and 10 beside a second reckoning: what the fold and the decision say is worked out again, plainly.

Times are few, words are few, publishers are few: so that days, words, ties and witnesses meet all the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations, groupby
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.arrivals import Arrivals, Report, a_report
from tests.builders import NOON, NORTHLAND, VANE, a_stance, hours
from workers.domain.alert import AlertType
from workers.domain.article import Tier
from workers.domain.catalogue import Authority
from workers.domain.decision import Circumstances, Holdings, decide
from workers.domain.policy import Policy, Reason
from workers.domain.position import fold, same_as
from workers.domain.stance import Stance
from workers.domain.statement import Flag, Kind, PositionScale, Precision

POLICY = Policy()
NOW = hours(500)
HOURS = st.sampled_from([-12, -1, 0, 1, 12, 13, 36, 37])  # three days, some moments twice as likely as any
WORDS = tuple(" ".join(f"{letter}{number}" for letter in "abcdefghijkl") for number in range(4))
POSITIONS = ["reject", "doubt", "conditional", "support"]
PUBLISHERS = [("Northern Wire", Tier.WIRE), ("Harbour Post", Tier.MAJOR), ("one.example", Tier.OTHER),
              ("two.example", Tier.OTHER)]  # fmt: skip
COPY = bytes(range(96)).hex()


@st.composite
def stances(draw: st.DrawFn, name: str, *, plain: bool) -> Stance:
    """One stance; a plain one lacks nothing and carries words of its own."""
    publisher, tier = draw(st.sampled_from(PUBLISHERS[:2] if plain else PUBLISHERS))
    said = draw(HOURS)
    stance = a_stance(
        draw(st.sampled_from(["reject", "conditional", "support"] if plain else [*POSITIONS, "undeclared"])),
        article=name,
        hour=said,
        published_at=hours(said + draw(st.sampled_from([0, 0, 1, 24]))),
        publisher=publisher,
        tier=tier,
        authority=draw(st.sampled_from(Authority)),
    )
    if plain:
        return stance
    return replace(
        stance,
        quote=draw(st.sampled_from(WORDS)),
        said_at_evidenced=draw(st.booleans()),
        confidence=draw(st.sampled_from([0.5, 0.6, 0.9, 0.99])),
        kind=draw(st.sampled_from([Kind.DIRECT, Kind.ACTION])),
        flags=draw(st.sampled_from([frozenset[Flag](), frozenset({Flag.HEADLINE}), frozenset({Flag.SECONDHAND})])),
        signature=draw(st.sampled_from(["", COPY])),
    )


def several(*, plain: bool, most: int = 7) -> st.SearchStrategy[list[Stance]]:
    """Some stances; their articles' names are in no order of theirs."""
    names = st.permutations([f"a{number}" for number in range(most)])
    count = st.integers(1, most)
    return st.tuples(names, count).flatmap(
        lambda drawn: st.tuples(*(stances(name, plain=plain) for name in drawn[0][: drawn[1]])).map(list)
    )


def linked(found: Sequence[Stance]) -> list[Stance]:
    """Each knows those before it that carry the same words, as the ledger has it."""
    return [replace(one, same_as=same_as(one, found[:at])) for at, one in enumerate(found)]


@given(several(plain=True))
def test_law_3_on_one_day_the_highest_authority_has_the_last_word(found: list[Stance]) -> None:
    history = fold(found, POLICY)
    order = sorted(
        found, key=lambda one: (one.said_at.date(), one.authority, one.said_at, one.published_at, one.article_id)
    )
    held, turns = None, []
    for one in order:
        if one.position is not held:
            turns.append((one.article_id, held, one.position))
            held = one.position
    assert [(change.article_id, change.before, change.after) for change in history.changes] == turns
    for _, day in groupby(order, key=lambda one: one.said_at.date()):
        today = list(day)
        last, highest = today[-1], max(today, key=lambda one: one.authority)
        assert last.authority is highest.authority


@given(several(plain=False), st.integers(0, 1_000_000))
def test_law_3_what_is_held_and_why_does_not_depend_on_arrival(found: list[Stance], seed: int) -> None:
    shuffled = linked(Random(seed).sample(found, len(found)))
    assert fold(linked(found), POLICY) == fold(shuffled, POLICY)


def lacking(stance: Stance) -> Reason | None:
    """What a stance lacks, worked out again from the page on the policy."""
    least = {Kind.ACTION: 0.95}.get(stance.kind, 0.55 if stance.authority is Authority.LEADER else 0.7)
    if stance.position is PositionScale.UNDECLARED:
        least = 0.8
    if stance.tier is Tier.OTHER:
        return Reason.NEEDS_PUBLISHER
    if stance.confidence < least:
        return Reason.NEEDS_CONFIDENCE
    return Reason.NEEDS_OWN_WORDS if stance.flags else None


def witnesses(stance: Stance, found: Sequence[Stance]) -> list[datetime]:
    """When others published the same position, independently and at about the same time."""
    return [
        other.published_at
        for other in found
        if other.article_id != stance.article_id
        and other.publisher != stance.publisher
        and other.position is stance.position
        and abs(other.published_at - stance.published_at) <= timedelta(hours=48)
        and not (other.signature == stance.signature == COPY and lacking(other))
    ]


@given(several(plain=False))
def test_law_10_and_8_who_lacks_something_waits_for_a_witness_and_says_so(found: list[Stance]) -> None:
    own_words = [replace(one, quote=f"{one.quote} {one.article_id * 12}") for one in found]
    alone = [replace(one, quote=" ".join(f"{one.article_id}{letter}" for letter in "abcdefgh")) for one in own_words]
    history = fold(linked(alone), POLICY)
    for one in alone:
        reason, lack = history.reasons[one.article_id], lacking(one)
        if one.position is PositionScale.UNDECLARED:
            assert reason in {Reason.NEUTRAL, Reason.ESTABLISHED}
        elif lack and not witnesses(one, [other for other in alone if other.declared]):
            assert reason is lack
        else:
            assert not reason.holds_back
            assert reason is not Reason.NEUTRAL


@given(several(plain=False))
def test_law_3_who_needs_a_witness_takes_effect_when_the_first_one_published(found: list[Stance]) -> None:
    alone = [replace(one, quote=" ".join(f"{one.article_id}{letter}" for letter in "abcdefgh")) for one in found]
    by_article = {one.article_id: one for one in alone}
    for change in fold(linked(alone), POLICY).changes:
        stance, effective_at = by_article[change.article_id], change.effective_at
        if lacking(stance) is None:
            assert effective_at == stance.said_at
        else:
            first = min(witnesses(stance, [other for other in alone if other.declared]))
            assert effective_at == max(stance.said_at, stance.published_at, first)


@given(HOURS, st.lists(st.integers(-60, 60), min_size=1, max_size=4))
def test_law_3_of_several_witnesses_the_first_counts(hour: int, published: list[int]) -> None:
    weak = a_stance("reject", article="weak", hour=hour, publisher="one.example", tier=Tier.OTHER)
    others = [
        a_stance(
            "reject",
            article=f"w{at}",
            hour=hour,
            published_at=hours(moment),
            publisher=f"{at}.example",
            tier=Tier.OTHER,
        )
        for at, moment in enumerate(published)
    ]
    near = [moment for moment in published if abs(moment - hour) <= 48]
    (change, *_) = fold([weak, *others], POLICY).changes or (None,)
    if not near and not any(abs(a - b) <= 48 for a, b in combinations(published, 2)):
        assert change is None
    elif change is not None and change.article_id == "weak":
        assert change.effective_at == hours(max(hour, min(near)))


@given(several(plain=False))
def test_law_4_the_same_words_act_once_for_each_day_that_a_text_evidences(found: list[Stance]) -> None:
    history = fold(linked(found), POLICY)
    by_article = {one.article_id: one for one in found}
    for words in WORDS:
        said = [one for one in found if one.quote == words and one.declared]
        acted = sorted(
            (one for one in said if not history.reasons[one.article_id].holds_back
             and history.reasons[one.article_id] is not Reason.CORROBORATES),
            key=lambda one: (one.published_at, one.article_id),
        )  # fmt: skip
        days = [one.said_at.date() for one in acted]
        assert days == sorted(set(days))
        assert all(by_article[one.article_id].said_at_evidenced for one in acted[1:])
        for one in said:
            later = [
                other for other in acted if (other.published_at, other.article_id) < (one.published_at, one.article_id)
            ]
            new_day = one.said_at_evidenced and all(other.said_at.date() < one.said_at.date() for other in later)
            if later and not new_day:
                assert history.reasons[one.article_id] is Reason.CORROBORATES
            elif later:
                assert history.reasons[one.article_id] is not Reason.CORROBORATES


@st.composite
def archives(draw: st.DrawFn) -> list[Report]:
    """Articles on few words, with revisions, in the order of their arrival."""
    found = []
    for number in range(draw(st.integers(2, 6))):
        for revision in range(1, draw(st.integers(1, 3)) + 1):
            publisher, tier = draw(st.sampled_from(PUBLISHERS[:3]))
            said = draw(st.lists(st.tuples(st.sampled_from(POSITIONS), st.sampled_from(WORDS)), max_size=1))
            hour = draw(HOURS)
            report = a_report(f"a{number}", *said, hour=hour, publisher=publisher, tier=tier)
            found.append(replace(report, revision=revision, fetched_at=hours(hour + draw(st.sampled_from([0, 40])))))
    random = draw(st.randoms(use_true_random=False))
    random.shuffle(found)
    return found


@given(archives())
def test_law_4_no_cause_is_told_twice_of_an_actor_whatever_is_revised(archive: list[Report]) -> None:
    arrivals, told = Arrivals(), set()
    for report in archive:
        for move in arrivals.take(report, NOON + timedelta(days=2)):
            if move.alert is AlertType.POSITION_CORRECTED:  # words that were taken back may be said anew
                told -= {(quote, actor) for quote, actor in told if actor == move.actor_id}
            elif move.carrier is not None:
                assert (move.carrier.quote, move.actor_id) not in told
                told.add((move.carrier.quote, move.actor_id))


@given(archives())
def test_law_4_a_cause_that_was_told_of_others_is_followed(archive: list[Report]) -> None:
    arrivals, told = Arrivals(), set()
    for report in (one for one in archive if one.revision == 1):
        for move in arrivals.take(report, NOON + timedelta(days=2)):
            if move.carrier is not None:
                known = {(quote, actor) for quote, actor in told if quote == move.carrier.quote}
                assert (move.follows is not None) is bool(known)
        for move in arrivals.decisions[-1].moves:
            if move.alert is not None and move.carrier is not None:
                told.add((move.carrier.quote, move.actor_id))


@given(archives())
def test_law_7_what_is_stored_is_what_the_latest_revisions_say(archive: list[Report]) -> None:
    arrivals = Arrivals()
    for report in archive:
        before = len(arrivals.decisions)
        arrivals.take(report, NOW)
        for decision in arrivals.decisions[before:]:
            for actor_id, history in decision.histories.items():
                assert history == arrivals.history(actor_id)


@given(archives())
def test_law_7_a_position_lost_with_its_words_is_told_as_corrected(archive: list[Report]) -> None:
    arrivals = Arrivals()
    for report in archive:
        before, count = arrivals.outcome(), len(arrivals.decisions)
        arrivals.take(report, NOON + timedelta(days=2))
        moves = [move for decision in arrivals.decisions[count:] for move in decision.moves]
        for move in moves:
            held = before[move.actor_id].position
            elsewhere = move.carrier is None or move.carrier.article_id != report.article_id
            if held is not None and held.article_id == report.article_id and elsewhere:
                assert move.alert is AlertType.POSITION_CORRECTED


@given(archives())
def test_law_3_nothing_is_told_where_nothing_changed_and_nothing_is_left_out(archive: list[Report]) -> None:
    arrivals = Arrivals()
    for report in archive:
        before, count = arrivals.outcome(), len(arrivals.decisions)
        arrivals.take(report, NOON + timedelta(days=2))
        moved = {move.actor_id for decision in arrivals.decisions[count:] for move in decision.moves}
        for actor_id in (VANE, NORTHLAND):
            was, held = before[actor_id].position, arrivals.history(actor_id).position
            assert (actor_id in moved) is ((was and was.position) is not (held and held.position))


@given(
    said=st.integers(-100, 0),
    now=st.integers(0, 100),
    starts=st.tuples(*(st.one_of(st.none(), st.integers(-110, 20)) for _ in range(2))),
    born=st.integers(-110, 20),
    by_day=st.booleans(),
)
def test_law_6_what_was_said_before_anybody_watched_or_too_long_ago_is_not_told(
    said: int, now: int, starts: tuple[int | None, int | None], born: int, *, by_day: bool
) -> None:
    feed, actor = (None if start is None else hours(start) for start in starts)
    precision = Precision.DAY if by_day else Precision.TIME
    new = a_stance("reject", article="new", hour=said, said_at_precision=precision)
    holdings = Holdings({VANE: (a_stance("support", article="a0", hour=-200),)}, {}, {VANE: actor} if actor else {})
    (move,) = decide("new", [new], holdings, Circumstances(hours(now), hours(born), feed, hours(now)), POLICY).moves
    known_by = new.said_at + timedelta(days=by_day)
    since = max(start for start in (hours(born), feed, actor) if start is not None)
    is_news = known_by >= since and hours(now) - known_by <= POLICY.alert_max_age
    assert (move.alert, move.reason == "backlog") == (
        AlertType.POSITION_CHANGED if is_news else None,
        not is_news,
    )


@given(st.sampled_from(POSITIONS), st.sampled_from(POSITIONS), st.booleans())
def test_law_6_a_seed_for_reading_is_established_anew_and_told_to_nobody(seed: str, said: str, live: bool) -> None:
    seeded = a_stance(seed, article="seed", hour=-5, seeded=True, live=live)
    new = a_stance(said, article="new", hour=1)
    circumstances = Circumstances(hours(1), hours(-9), None, hours(1))
    moves = decide("new", [new], Holdings({VANE: (seeded,)}, {}, {}), circumstances, POLICY).moves
    if not live:
        assert [move.alert for move in moves] == [AlertType.POSITION_ESTABLISHED]
    else:
        assert AlertType.POSITION_ESTABLISHED not in {move.alert for move in moves}
        assert bool(moves) is (seed != said and (seed, said) != ("reject", "doubt"))
