"""The report of a replay for people: a timeline of each actor, with quotes and links, in Markdown or HTML.

The words of an archive are written by strangers: they are made harmless for both.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from service.batch_difference import Difference, ToldMove
from service.batch_outcome import ConflictOutcome, Heard, ReplayOutcome, Timeline
from service.listings import as_json
from service.wording import clean, fold_words, http_link, position_words, quoted, time_words
from workers.domain.policy import Reason
from workers.domain.statement import PositionScale

LONGEST_QUOTE = 400
_MARKS = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")  # what Markdown, or HTML inside it, takes for its own
_STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1d2430; }
h1, h2, h3 { line-height: 1.2; } h2 { border-top: 1px solid #ccd; padding-top: 1rem; }
li { margin: .5rem 0; } blockquote { margin: .2rem 0 .2rem 1rem; color: #444; } .held { color: #8a4b00; }
@media (prefers-color-scheme: dark) { body { background: #14181f; color: #dde; } blockquote { color: #aab; }
.held { color: #e0a860; } a { color: #8ab4f8; } }
"""


def render_report(outcome: ReplayOutcome, path: Path) -> str:
    """The report as the file's name asks for it: `.md`, `.html` or, for every other name, JSON."""
    if path.suffix.lower() == ".md":
        return as_markdown(outcome)
    if path.suffix.lower() in {".html", ".htm"}:
        return as_html(outcome)
    return as_json(outcome)


def as_markdown(outcome: ReplayOutcome) -> str:
    """The report in Markdown."""
    lines = ["# Replay", "", *(f"- {_plain(line)}" for line in _summary(outcome))]
    if outcome.difference is not None:
        lines += ["", "## What the policy changes", "", f"{_plain(outcome.difference.words)}.", ""]
        lines += [f"- {_plain(line)}" for line in _difference(outcome.difference)]
    for conflict in outcome.conflicts:
        lines += ["", f"## {_plain(conflict.name)}", "", f"{_plain(_conflict(conflict))}"]
        for timeline in conflict.timelines:
            lines += ["", f"### {_plain(_title(timeline))}", ""]
            for heard in timeline.heard:
                lines += _markdown_entry(heard)
    return "\n".join(lines)


def as_html(outcome: ReplayOutcome) -> str:
    """The report as one page without scripts, and nothing that is loaded from elsewhere."""
    parts = ["<h1>Replay</h1>", *_list(_summary(outcome))]
    if outcome.difference is not None:
        parts += ["<h2>What the policy changes</h2>", f"<p>{_safe(outcome.difference.words)}.</p>"]
        parts += _list(_difference(outcome.difference))
    for conflict in outcome.conflicts:
        parts += [f"<h2>{_safe(conflict.name)}</h2>", f"<p>{_safe(_conflict(conflict))}</p>"]
        for timeline in conflict.timelines:
            entries = "".join(map(_html_entry, timeline.heard))
            parts.append(f"<h3>{_safe(_title(timeline))}</h3><ol>{entries}</ol>")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    return (
        f'<!doctype html><html lang="en"><head><title>Replay</title>{head}</head>\n<body>{_joined(parts)}</body></html>'
    )


def _summary(outcome: ReplayOutcome) -> Iterator[str]:
    ends = ", ".join(f"{count} {_end(name)}" for name, count in sorted(outcome.ends.items()))
    yield f"Articles: {ends or 'none'}"
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(outcome.alerts.items()))
    yield f"Alerts: {told or 'none'}"
    yield "Policy: " + ", ".join(f"{name} {value}" for name, value in outcome.policy.items())
    if outcome.corrections_that_met_nothing:
        yield f"Corrections that met no statement: {', '.join(outcome.corrections_that_met_nothing)}"


def _end(name: str) -> str:
    outcome, _, reason = name.partition(":")
    return outcome if reason in {"", outcome} else f"{outcome} ({reason.replace('_', ' ')})"


def _difference(difference: Difference) -> Iterator[str]:
    yield from (f"told now: {_move(move)}" for move in difference.more)
    yield from (f"no longer told: {_move(move)}" for move in difference.less)


def _move(move: ToldMove) -> str:
    before = position_words(PositionScale(move.before)) if move.before else "nothing"
    after = position_words(PositionScale(move.after))
    return f"{move.actor} on {move.conflict}: {before} → {after} ({move.alert_type}, article {move.article_id})"


def _conflict(conflict: ConflictOutcome) -> str:
    return (
        f"{conflict.statements} statements, {len(conflict.changes)} positions taken, "
        f"{len(conflict.held_back)} stances held back."
    )


def _title(timeline: Timeline) -> str:
    held = position_words(PositionScale(timeline.position)) if timeline.position else "nothing declared"
    return f"{timeline.actor}: {held}"


def _deed(heard: Heard) -> str:
    told = f", told by {heard.told_by}" if heard.told_by else ""
    return f"{fold_words(Reason(heard.reason))}{told}"


def _markdown_entry(heard: Heard) -> Iterator[str]:
    link = http_link(heard.url)
    name = _plain(heard.title or heard.article_id)
    yield (
        f"- **{_plain(position_words(PositionScale(heard.position)))}**, {_plain(time_words(heard.said_at))}: "
        f"{_plain(_deed(heard))}"
    )
    yield f"  > {_plain(quoted(heard.quote, LONGEST_QUOTE))}"
    yield ""
    yield f"  {_plain(heard.publisher)}, {f'[{name}](<{_address(link)}>)' if link else name}"
    if heard.missing:
        yield f"  Missing: {_plain(heard.missing)}"


def _html_entry(heard: Heard) -> str:
    link, name = http_link(heard.url), _safe(heard.title or heard.article_id)
    source = f'<a href="{html.escape(link)}" rel="noreferrer nofollow">{name}</a>' if link else name
    missing = f'<div class="held">Missing: {_safe(heard.missing)}</div>' if heard.missing else ""
    return (
        f"<li><strong>{_safe(position_words(PositionScale(heard.position)))}</strong>, "
        f"{_safe(time_words(heard.said_at))}: {_safe(_deed(heard))}"
        f"<blockquote>{_safe(quoted(heard.quote, LONGEST_QUOTE))}</blockquote>"
        f"{_safe(heard.publisher)}, {source}{missing}</li>"
    )


def _list(lines: Iterable[str]) -> Iterator[str]:
    yield f"<ul>{''.join(f'<li>{_safe(line)}</li>' for line in lines)}</ul>"


def _joined(parts: Iterable[str]) -> str:
    return "\n".join(parts)


def _plain(text: str) -> str:
    """Words that Markdown shows as they are."""
    return _MARKS.sub(r"\\\1", clean(text))


def _safe(text: str) -> str:
    """Words that HTML shows as they are."""
    return html.escape(clean(text))


def _address(link: str) -> str:
    """An address between angle brackets."""
    return link.replace("<", "%3C").replace(">", "%3E").replace("\\", "%5C")
