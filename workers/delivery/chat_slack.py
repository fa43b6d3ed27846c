"""A message for Slack's incoming webhooks: blocks, with a text for notifications.

Limits: https://docs.slack.dev/reference/block-kit/blocks (read 2026-11): 50 blocks, header 150 characters, section
3,000, ten elements in a context; one message a second. Words from outside stand in `plain_text`, which knows neither
links nor mentions; where they are link labels or the notification, `&<>` are escaped, which is all Slack asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.delivery.messages import Item, Message
from workers.delivery.wording import fitted, utf16_units

LONGEST_HEADER = 150
LONGEST_SECTION = 3_000
LONGEST_TEXT = 3_000  # of the notification: Slack advises 4,000 at most
MOST_BLOCKS = 50


def slack(message: Message) -> Mapping[str, Any]:
    """The body of a request to Slack."""
    blocks: list[Mapping[str, Any]] = [
        {"type": "header", "text": _plain(message.title, LONGEST_HEADER)},
        *(_section(line) for line in message.lines[1:] or _unsaid(message)),
    ]
    if message.quote:
        blocks.append(_section(f"“{message.quote}”"))
    blocks += [_section(f"• {condition}") for condition in message.conditions]
    blocks += [{"type": "section", "text": _marked(_linked(item))} for item in message.items]
    blocks += [_context(line) for line in _footers(message)]
    return {
        "text": fitted(_notification(message), LONGEST_TEXT, _escape, utf16_units),
        "blocks": blocks[:MOST_BLOCKS],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _unsaid(message: Message) -> tuple[str, ...]:
    """The only line, unless the header says it already."""
    return tuple(line for line in message.lines if line not in message.title)


def _notification(message: Message) -> str:
    return f"{message.title} — “{message.quote}”" if message.quote else message.title


def _footers(message: Message) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    if message.speaker:
        found.append(_plain(f"— {message.speaker}", LONGEST_SECTION))
    if message.source:
        found.append(_marked(_linked(Item(message.source, message.url))))
    found += [_plain(note, LONGEST_SECTION) for note in message.notes]
    if message.link:
        found.append(_marked(_linked(Item("History and reasons", message.link))))
    return found


def _linked(item: Item) -> str:
    if item.url is None:
        return fitted(item.text, LONGEST_SECTION, _escape, utf16_units)
    url = _escape(item.url)
    return f"<{url}|{fitted(item.text, LONGEST_SECTION - len(url) - 3, _label, utf16_units)}>"


def _section(text: str) -> Mapping[str, Any]:
    return {"type": "section", "text": _plain(text, LONGEST_SECTION)}


def _context(element: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "context", "elements": [element]}


def _plain(text: str, most: int) -> Mapping[str, Any]:
    return {"type": "plain_text", "text": fitted(text, most, str, utf16_units), "emoji": False}


def _marked(text: str) -> Mapping[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _label(text: str) -> str:
    return _escape(text).replace("|", "¦")
