"""How a feed fares, in words. Pure."""

from __future__ import annotations

from service.schedule import news_a_day
from workers.domain.feed import FeedState, PauseReason

_WHY = {
    PauseReason.FIRST: "its pace is not known yet",
    PauseReason.BUSY: "much is new each time",
    PauseReason.STEADY: "some is new each time",
    PauseReason.QUIET: "little is new",
    PauseReason.GAP: "nothing was known the last time",
    PauseReason.FAILED: "it fails",
    PauseReason.RETRY_AFTER: "its server asked for the pause",
    PauseReason.FRESH: "its server says that it stays fresh so long",
    PauseReason.TTL: "the feed says that it stays fresh so long",
    PauseReason.SKIPPED: "the feed names this hour or day as one to skip",
}
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def span_words(seconds: float) -> str:
    """A span in its two largest units: "1 h 30 min"; "0 s" for none."""
    parts, rest = [], round(seconds)
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def pause_words(state: FeedState) -> str:
    """How long the pause before the next poll is, and why; empty before the first poll and when the feed is gone."""
    if state.polled_at is None or state.gone:
        return ""
    return f"{span_words(state.interval_s)}: {_WHY[state.reason]}"


def news_words(state: FeedState) -> str:
    """How many new entries a day the feed brings, as of its last poll; empty while that is not known."""
    rate = news_a_day(state, state.polled_at) if state.polled_at else None
    if rate is None:
        return ""
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"  # noqa: PLR2004 - a decimal says something below ten only


def state_words(state: FeedState) -> str:
    """Whether the feed fares well, and what is wrong where it does not."""
    if state.gone:
        return f"gone: {state.problem or 'its publisher took it away'}"
    if state.problem:
        return f"{state.problem} ({state.failures} times)" if state.failures > 1 else state.problem
    if state.polled_at is None:
        return "not polled yet"
    gaps = f"; {state.gaps} possible gap{'s' if state.gaps > 1 else ''}" if state.gaps else ""
    moved = f"; moved to {state.saved_url}" if state.saved_url else ""
    return f"well{gaps}{moved}"
