"""What the commands show of one feed, and of an address that was tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

from rich.console import Console

from service.facts import FeedView
from service.feed_trial import Trial
from service.feed_words import span_words
from service.listings import Listing, say, show, text, when
from service.wording import shown_url

ENTRIES_SHOWN = 10
_PAGES = {
    "page": "read in full",
    "paywall": "behind a paywall (excerpts)",
    "consent": "that ask for consent",
    "robots": "that robots.txt forbids",
    "article": "with too little text",
    "missed": "that gave no text",
}


def show_feed(console: Console, view: FeedView, pages: Mapping[str, int], paused_until: datetime | None) -> None:
    """Everything that is known of a feed, a line each."""
    feed, state = view.feed, view.state
    asked = [f"{span_words(seconds)} by {what}" for seconds, what in _hints(view) if seconds]
    skipped = [f"{hour:02}h" for hour in state.skip_hours] + [_DAYS[day] for day in state.skip_days]
    facts = (
        ("Address", shown_url(feed.url)),
        ("Moved to", shown_url(state.saved_url) if state.saved_url else ""),
        ("Id", feed.feed_id),
        ("Publisher", f"{feed.publisher} ({feed.tier.value})"),
        ("Listed by", f"{feed.origin}, added {when(feed.added_at)}"),
        ("State", view.words),
        ("Last poll", when(state.polled_at)),
        ("Last success", when(state.succeeded_at)),
        ("Next poll", when(state.next_at)),
        ("Polled every", view.pause),
        ("Its own pace", span_words(state.pace_s) if state.pace_s else ""),
        ("Asks for", ", ".join(asked)),
        ("Skips (UTC)", " ".join(skipped)),
        ("Host paused", f"until {when(paused_until)}" if paused_until else ""),
        ("Entries", f"{state.entries_seen}, {view.news_a_day or '?'} new a day"),
        ("Told apart by", state.identity.value),
        ("Possible gaps", f"{state.gaps}, the last {when(state.gap_at)}" if state.gaps else ""),
        ("Dated ahead", str(state.future_dates or "")),
        ("Pages", ", ".join(f"{count} {_PAGES.get(kind, kind)}" for kind, count in sorted(pages.items()))),
    )
    rows = [(text(name), text(value)) for name, value in facts if value]
    show(console, Listing("", ("", ""), rows, airy=False))


def show_trials(console: Console, trials: Sequence[Trial]) -> None:
    """What came of trying an address: the feeds found, the first with its latest entries."""
    first = trials[0]
    if first.problem:
        say(console, f"{first.asked}: {first.problem}", "red")
        return
    for trial in trials:
        feed = trial.feed
        undated = sum(entry.published_at is None and entry.updated_at is None for entry in feed.entries)
        facts = [
            f"{len(feed.entries)} entries",
            f"{undated} undated" if undated else "",
            f"{feed.left_out} left out" if feed.left_out else "",
            f"told apart by {trial.identity.value}",
            "conditional requests" if trial.has_validators else "no conditional requests",
            f"fresh for {span_words(trial.fresh_s)}" if trial.fresh_s else "",
            f"ttl {span_words(feed.ttl_s)}" if feed.ttl_s else "",
            f"language {feed.language}" if feed.language else "",
        ]
        say(console, f"{trial.asked}: {feed.title or 'without a title'}", "bold")
        say(console, f"  {', '.join(fact for fact in facts if fact)}")
        if trial.permanent_url:
            say(console, f"  moved for good to {trial.permanent_url}")
    rows = [
        (
            text(entry.title or entry.text[:80]),
            text(when(entry.published_at or entry.updated_at)),
            text(entry.url or ""),
        )
        for entry in islice(first.feed.entries, ENTRIES_SHOWN)
    ]
    show(console, Listing("", ("Entry", "Published (UTC)", "Address"), rows, airy=False))


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _hints(view: FeedView) -> tuple[tuple[float | None, str], ...]:
    return (view.state.fresh_s, "its server's max-age or Expires"), (view.state.ttl_s, "its ttl or updatePeriod")
