"""A message for Discord's webhooks: a line and an embed, in which nobody can be mentioned.

Limits: https://discord.com/developers/docs/resources/message#embed-object-embed-limits (read 2026-11): content 2,000
characters, title 256, description 4,096, 25 fields of 256 and 1,024, footer 2,048, all of an embed 6,000.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from workers.delivery.messages import Item, Message
from workers.delivery.wording import fitted, utf16_units

LONGEST_CONTENT = 2_000
LONGEST_TITLE = 256
LONGEST_DESCRIPTION = 2_600
LONGEST_FIELD = 1_000
LONGEST_FOOTER = 400
LONGEST_LINK = 900
LONGEST_EMBED = 6_000

_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:@&])")


def discord(message: Message) -> Mapping[str, Any]:
    """The body of a request to Discord."""
    embed: dict[str, Any] = {
        "title": _fitted(message.source or message.title, LONGEST_TITLE),
        "description": _description(message),
    }
    url = message.url or message.link
    if url:
        embed["url"] = url
    fields = _fields(message)
    if fields:
        embed["fields"] = fields
    if message.notes:
        embed["footer"] = {"text": fitted(" ".join(message.notes), LONGEST_FOOTER, str, utf16_units)}
    return {
        "content": _fitted(message.title, LONGEST_CONTENT),
        "embeds": [embed],
        "allowed_mentions": {"parse": []},
    }


def _description(message: Message) -> str:
    lines = [_fitted(line, LONGEST_TITLE) for line in message.lines if line not in message.title]
    if message.quote:
        lines.append(f"> {_fitted(message.quote, LONGEST_DESCRIPTION // 2 + 700)}")
    room = LONGEST_DESCRIPTION - sum(utf16_units(line) + 1 for line in lines)
    for item in message.items:
        line = f"• {_linked(item)}"
        room -= utf16_units(line) + 1
        if room < 0:
            break
        lines.append(line)
    return "\n".join(lines)


def _fields(message: Message) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    if message.speaker:
        found.append({"name": "Said by", "value": _fitted(message.speaker, LONGEST_FIELD), "inline": True})
    if message.conditions:
        each = LONGEST_FIELD // len(message.conditions) - 3
        listed = "\n".join(f"• {_fitted(condition, each)}" for condition in message.conditions)
        found.append({"name": "Conditions", "value": listed, "inline": False})
    if message.link and len(message.link) <= LONGEST_LINK:
        found.append({"name": "More", "value": f"[History and reasons]({message.link})", "inline": False})
    return found


def _linked(item: Item) -> str:
    text = _fitted(item.text, LONGEST_TITLE)
    return f"[{text}]({item.url})" if item.url and len(item.url) <= LONGEST_TITLE else text


def _fitted(text: str, most: int) -> str:
    return fitted(text, most, _escape, utf16_units)


def _escape(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)
