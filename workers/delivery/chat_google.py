"""A message for Google Chat's incoming webhooks: a card, with a text for notifications.

Limits: https://developers.google.com/workspace/chat/create-messages (read 2026-11): 32,000 bytes for a message, one a
second per space. Text in cards is HTML of a few tags, and escaped as such; the notification's own text has no escapes,
so that what could be a mention or a link there is replaced by look-alikes.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from workers.delivery.messages import Item, Message
from workers.delivery.wording import fitted, utf16_units

MAX_BYTES = 32_000
LONGEST_TEXT = 4_000
_LONGEST_TITLE = 200
_LOOK_ALIKES = str.maketrans(
    {"<": "\u2039", ">": "\u203a", "*": "\u2217", "_": "\uff3f", "~": "\u223c", "`": "\u02cb", "@": "\uff20"}
)


def google_chat(message: Message) -> Mapping[str, Any]:
    """The body of a request to Google Chat."""
    widgets = [_paragraph(escape(line)) for line in message.lines if line not in message.title]
    if message.quote:
        widgets.append(_paragraph(f"<i>“{escape(message.quote)}”</i>"))
    if message.speaker:
        widgets.append(_paragraph(f"— {escape(message.speaker)}"))
    widgets += [_paragraph(f"• {escape(condition)}") for condition in message.conditions]
    widgets += [_paragraph(f"• {_linked(item)}") for item in message.items]
    if message.source:
        widgets.append(_paragraph(_linked(Item(message.source, message.url))))
    widgets += [_paragraph(f"<i>{escape(note)}</i>") for note in message.notes]
    if message.link:
        widgets.append(_paragraph(_linked(Item("History and reasons", message.link))))
    header = {"title": fitted(message.title, _LONGEST_TITLE, str, utf16_units)}
    card: dict[str, Any] = {"header": header, "sections": [{"widgets": widgets or [_paragraph(escape(message.title))]}]}
    return {
        "text": fitted(message.title, LONGEST_TEXT, _unmarked, utf16_units),
        "cardsV2": [{"cardId": "alert", "card": card}],
    }


def _paragraph(html: str) -> dict[str, Any]:
    return {"textParagraph": {"text": html}}


def _linked(item: Item) -> str:
    return f'<a href="{escape(item.url)}">{escape(item.text)}</a>' if item.url else escape(item.text)


def _unmarked(text: str) -> str:
    return text.translate(_LOOK_ALIKES)
