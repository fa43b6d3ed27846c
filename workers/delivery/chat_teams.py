"""A message for workflows of Microsoft Teams ("when a Teams webhook request is received"): an Adaptive Card.

Limits: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook (read
2026-11): 28 kB for a message, four messages a second. Words from outside stand in text runs, which know no markup and
mention nobody, since a card mentions only whom its own `msteams` part lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.delivery.messages import Message

MAX_BYTES = 28_000
CARD = "application/vnd.microsoft.card.adaptive"


def teams(message: Message) -> Mapping[str, Any]:
    """The body of a request to a workflow."""
    body = [_runs(message.title, size="Medium", weight="Bolder")]
    body += [_runs(line) for line in message.lines if line not in message.title]
    if message.quote:
        body.append(_runs(f"“{message.quote}”", italic=True))
    if message.speaker:
        body.append(_runs(f"— {message.speaker}"))
    body += [_runs(f"• {condition}") for condition in message.conditions]
    body += [_item(item.text, item.url) for item in message.items]
    if message.source:
        body.append(_runs(message.source, isSubtle=True))
    body += [_runs(note, isSubtle=True) for note in message.notes]
    card: dict[str, Any] = {"type": "AdaptiveCard", "version": "1.4", "body": body, "msteams": {"width": "Full"}}
    actions = [("Read the article", message.url), ("History and reasons", message.link)]
    card["actions"] = [{"type": "Action.OpenUrl", "title": title, "url": url} for title, url in actions if url]
    return {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": card}]}


def _runs(text: str, **style: object) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def _item(text: str, url: str | None) -> dict[str, Any]:
    opened = {"selectAction": {"type": "Action.OpenUrl", "url": url}} if url else {}
    return _runs(f"• {text}", **opened)
