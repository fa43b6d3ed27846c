"""What the commands show of endpoints, silences, deliveries and what is dead."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from service.delivery_views import DeadView, EndpointView, SilenceView
from service.listings import Listing, lines, say, show, text, when
from workers.domain.alert import Delivery

_STYLES = {
    "well": "green",
    "resting": "yellow",
    "failing": "yellow",
    "away": "red",
    "disabled": "red",
    "removed": "dim",
}


def show_endpoints(console: Console, endpoints: Sequence[EndpointView]) -> None:
    """Endpoints with how they fare."""
    columns = ("Endpoint", "Format", "Host", "Keys", "State", "Waiting", "So far")
    rows = [
        (
            text(one.name),
            text(one.format),
            text(one.host),
            text(str(one.keys)),
            lines(
                text(one.state, _STYLES.get(one.state, "")),
                text(one.why or "", "dim"),
                text(f"since {when(one.since)}" if one.since else "", "dim"),
            ),
            text(str(one.waiting)),
            text(", ".join(f"{count} {what.replace('_', ' ')}" for what, count in sorted(one.counts.items()))),
        )
        for one in endpoints
    ]
    show(console, Listing("Endpoints", columns, rows, airy=False), "No endpoints are set; see TRUCEWATCH_WEBHOOKS.")


def show_silences(console: Console, silences: Sequence[SilenceView]) -> None:
    """Silences, the one that ends first first."""
    columns = ("Silence", "Actor", "Conflict", "From (UTC)", "Until (UTC)", "State", "Held", "Why")
    rows = [
        (
            text(one.silence_id),
            text(one.actor),
            text(one.conflict_id or "all"),
            text(when(one.since)),
            text(when(one.until)),
            text(one.state, "yellow" if one.state == "active" else ""),
            text(str(one.held)),
            text(one.why),
        )
        for one in silences
    ]
    show(console, Listing("Silences", columns, rows, airy=False), "No silences.")


def show_dead(console: Console, dead: Sequence[DeadView]) -> None:
    """What is dead and may be tried again."""
    columns = ("Dead", "Kind", "Died (UTC)", "Of what", "About")
    rows = [
        (text(one.dead_id), text(one.kind), text(when(one.died_at)), text(one.why, "red"), text(one.about))
        for one in dead
    ]
    show(console, Listing("Dead", columns, rows, airy=False), "Nothing is dead.")


def show_delivery(console: Console, delivery: Delivery) -> None:
    """A delivery with the bytes that were, or will be, sent."""
    facts = {
        "Alert": delivery.alert_id,
        "Endpoint": delivery.endpoint,
        "Lane": delivery.lane,
        "State": delivery.state.value.replace("_", " "),
        "Made": when(delivery.created_at),
        "Ended": when(delivery.ended_at),
        "Sends": f"{delivery.attempts}, {delivery.failures} of them failed",
        "Last error": delivery.last_error or "",
        "Content type": delivery.content_type,
        "Headers": "; ".join(f"{name}: {value}" for name, value in delivery.headers),
    }
    say(console, delivery.delivery_id, "bold")
    block = Table.grid(padding=(0, 1))
    for name, value in facts.items():
        if value:
            block.add_row(text(f"  {name}", "dim"), text(value))
    console.print(block)
    for line in _readable(delivery).split("\n"):
        say(console, f"  {line}" if line.strip() else " ")


def _readable(delivery: Delivery) -> str:
    if "json" not in delivery.content_type:
        return delivery.body
    try:
        return json.dumps(json.loads(delivery.body), ensure_ascii=False, indent=1)
    except ValueError:
        return delivery.body
