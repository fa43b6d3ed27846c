"""What the commands show of positions, statements, alerts, histories, feeds and deliveries.

`listings.as_json` gives the same read models to programs.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from service.alert_views import AlertView
from service.board import ActorView, ConflictView, StatementView
from service.facts import FeedView
from service.histories import ActorHistory, WeighedStance
from service.listings import Listing, lines, say, show, text, when
from service.wording import (
    clean,
    correction_words,
    fold_words,
    http_link,
    listed,
    moved_words,
    position_words,
    quoted,
    reason_words,
    shown_url,
)
from workers.domain.alert import Delivery, DeliveryState
from workers.domain.policy import Reason
from workers.domain.stance import Stance
from workers.domain.statement import Kind, PositionScale, Precision
from workers.storage.outbox_records import LaneDepth

_LONGEST_QUOTE = 400  # eight lines of a table's column; `statements show` and the pages have all of it

_STYLES = {
    PositionScale.REJECT: "red",
    PositionScale.DOUBT: "yellow",
    PositionScale.UNDECLARED: "dim",
    PositionScale.CONDITIONAL: "cyan",
    PositionScale.SUPPORT: "green",
}
_STEPS = "○●"  # the place on the scale shows without colour


def show_positions(console: Console, conflicts: Sequence[ConflictView]) -> None:
    """Where the actors of each conflict stand; parties of whom nothing was heard are named too."""
    columns = ("Actor", "Position", "Since", "In their words", "Source")
    for conflict in conflicts:
        rows = [row for actor in (*conflict.parties, *conflict.others) for row in _actor_rows(actor)]
        show(console, Listing(conflict.name, columns, rows))
    if not conflicts:
        say(console, "Nothing was heard yet.")


def show_statements(console: Console, statements: Sequence[StatementView]) -> None:
    """Statements in the order given."""
    columns = ("Statement", "Said (UTC)", "Actor", "Position", "In their words", "Source")
    rows = [
        (
            text(one.statement_id),
            text(_said(one)),
            text(one.actor if one.actor == one.principal else f"{one.actor} ({one.principal})"),
            _position(one.position),
            _words(one),
            _source(one.publisher, one.url),
        )
        for one in statements
    ]
    show(console, Listing("Statements", columns, rows), "No statements.")


def show_alerts(console: Console, alerts: Sequence[AlertView]) -> None:
    """Alerts in the order given, with what each told."""
    columns = ("Alert", "Told (UTC)", "Conflict", "What moved", "In their words", "Source")
    rows = [
        (
            text(one.alert_id),
            text(when(one.told_at)),
            text(one.conflict),
            _moves(one),
            Text(clean(one.quote or "", _LONGEST_QUOTE)),
            _source(one.publisher or "", one.url),
        )
        for one in alerts
    ]
    show(console, Listing("Alerts", columns, rows), "No alerts.")


def show_history(console: Console, history: ActorHistory) -> None:
    """Every report of an actor on a conflict with its reason, and what it lacks when it is held back."""
    say(console, f"{history.actor} on {history.conflict}", "bold")
    if history.position is None:
        say(console, "No position is held.")
    else:
        console.print(
            Text(" ").join([_position(history.position.position), text(f"since {when(history.position.since)}")])
        )
    if history.held_back:
        say(console, f"{len(history.held_back)} of {len(history.stances)} held back")
    if history.stances:
        say(console, "; ".join(f"{count}: {fold_words(reason)}" for reason, count in history.tally.items()))
    columns = ("Article", "Said (UTC)", "Position", "What it did", "In their words", "Source")
    show(console, Listing("", columns, [_history_row(one) for one in history.stances]))
    _show_folded(console, history)
    if history.corrections:
        rows = [
            (text(one.statement_id), text(correction_words(one)), Text(clean(one.quote, _LONGEST_QUOTE)))
            for one in history.corrections
        ]
        show(console, Listing("What people said of it", ("Statement", "Verdict", "In their words"), rows))


def show_feeds(console: Console, feeds: Sequence[FeedView]) -> None:
    """Feeds with how they fare."""
    columns = ("Publisher", "State", "Last success (UTC)", "Polled every", "New a day", "Tier", "From", "Address")
    rows = [
        (
            text(one.feed.publisher),
            text(one.words, "" if one.ok else "red"),
            text(when(one.state.succeeded_at) or "never"),
            text(one.pause),
            text(one.news_a_day),
            text(one.feed.tier.value),
            text(one.feed.origin),
            text(shown_url(one.feed.url)),
        )
        for one in feeds
    ]
    show(console, Listing("Feeds", columns, rows, airy=False), "No feeds are polled.")


def show_deliveries(console: Console, deliveries: Sequence[Delivery], lanes: Sequence[LaneDepth] = ()) -> None:
    """Deliveries in the order given, and how much waits in each lane."""
    columns = ("Delivery", "Endpoint", "State", "Made (UTC)", "Ended (UTC)", "Sends", "Last error")
    rows = [
        (
            text(one.delivery_id),
            text(one.endpoint),
            text(one.state.value.replace("_", " "), "red" if one.state is DeliveryState.DEAD else ""),
            text(when(one.created_at)),
            text(when(one.ended_at)),
            text(str(one.attempts)),
            text(one.last_error or ""),
        )
        for one in deliveries
    ]
    show(console, Listing("Deliveries", columns, rows, airy=False), "No deliveries.")
    waiting = [
        (text(one.lane), text(str(one.waiting)), text(when(one.oldest_at)), text(when(one.due_at))) for one in lanes
    ]
    show(console, Listing("Waiting", ("Lane", "Deliveries", "Oldest (UTC)", "Due (UTC)"), waiting, airy=False))


def _show_folded(console: Console, history: ActorHistory) -> None:
    """The changes whose words are older than what is kept, newest first; nothing where there are none."""
    rows = [
        (
            text(when(one.effective_at)[:10]),
            text(position_words(one.before) if one.before else "nothing"),
            _position(one.after),
            text(reason_words(one.reason)),
            text(one.article_id, "dim"),
        )
        for one in reversed(history.folded)
    ]
    columns = ("Since (UTC)", "Was", "Position", "Moved by", "Article")
    show(console, Listing("Earlier, whose words are kept no longer", columns, rows, airy=False))


def _actor_rows(actor: ActorView) -> list[Sequence[Text]]:
    return [_actor_row(actor, None), *(_actor_row(person, actor) for person in actor.people)]


def _actor_row(actor: ActorView, principal: ActorView | None) -> Sequence[Text]:
    """One row; a person's own words are not repeated when they carry the principal's position as well."""
    name = text(actor.name, "bold") if principal is None else Text.assemble("  ", text(actor.name))
    if actor.position is None or actor.since is None:
        return (name, text("nothing heard yet", "dim"), Text(), Text(), Text())
    if principal is not None and actor.shares_words_of(principal):
        return (name, _position(actor.position), Text(), text("the same words", "dim"), Text())
    since = lines(text(f"{when(actor.since)[:10]}"), text("starting position" if actor.seeded else "", "dim"))
    if actor.statement is None:
        return (name, _last_turn(actor), since, text("taken back", "dim"), Text())
    source = _source(actor.statement.publisher, actor.statement.url)
    return (name, _last_turn(actor), since, _words(actor.statement), source)


def _last_turn(actor: ActorView) -> Text:
    position, change = actor.position, actor.last_change
    if position is None:
        return Text()
    if change is None or change.before is None or change.before is change.after:
        return _position(position)
    was = f"was {position_words(change.before)}; {moved_words(change.reason)}"
    return lines(_position(position), text(was, "dim"))


def _history_row(one: WeighedStance) -> Sequence[Text]:
    stance = one.stance
    turn = told = ""
    if one.change and one.change.before and one.change.before is not one.change.after:
        turn = f"was {position_words(one.change.before)}; {reason_words(one.change.reason)}"
        told = f"told by {one.told_by}" if one.told_by else f"no alert: {reason_words('backlog')}"
        told = f"waits for approval: {one.told_by}" if one.awaits else told
    elif one.told_by is not None and one.reason is Reason.NEW_TERMS:
        told = f"waits for approval: {one.told_by}" if one.awaits else f"told by {one.told_by}"
    return (
        text(stance.article_id),
        text(_said(stance)),
        _position(stance.position),
        lines(
            text(fold_words(one.reason)),
            text(turn, "dim"),
            text(told, "dim"),
            text(f"needs {one.missing}" if one.missing else "", "yellow"),
        ),
        _words(stance),
        lines(
            _source(stance.publisher, stance.url),
            text(f"{stance.tier.value}, confidence {stance.confidence:.2f}", "dim"),
        ),
    )


def _said(one: StatementView | Stance) -> str:
    return when(one.said_at)[: 10 if one.said_at_precision is Precision.DAY else None]


def _position(position: PositionScale) -> Text:
    steps = "".join(_STEPS[one is position] for one in PositionScale)
    return Text(f"{steps} {position_words(position)}", _STYLES[position])


def _words(one: StatementView | Stance) -> Text:
    quote = quoted(one.quote, _LONGEST_QUOTE) if one.kind is Kind.DIRECT else clean(one.quote, _LONGEST_QUOTE)
    return lines(Text(quote), *(text(f"· {condition}", "cyan") for condition in one.conditions))


def _source(source: str, url: str | None) -> Text:
    """Where it was read, with the address on a line of its own: a link where the terminal has links."""
    target = http_link(url)
    return text(source) if target is None else lines(text(source), Text(target, f"link {target}"))


def _moves(alert: AlertView) -> Text:
    if not alert.moves:
        return text(alert.alert_type.value)
    told = []
    for move in alert.moves:
        before = f"{position_words(move.before)} → " if move.before else ""
        told.append(f"{listed(move.actors)}: {before}{position_words(move.after)} ({reason_words(move.reason)})")
    marks = [mark for mark, holds in (("late", alert.late), ("test", alert.test)) if holds]
    return lines(*map(text, told), *(text(mark, "yellow") for mark in marks))
