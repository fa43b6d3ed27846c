"""A message for Mattermost's incoming webhooks: Markdown in which words from outside are nothing but words.

Limit: https://docs.mattermost.com/developer/webhooks-incoming.html (read 2026-11): 16,383 characters of text. All
marks are escaped, Slack's `<!channel>` among them, which Mattermost translates; an `@` is followed by an invisible
blank, which no name has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from workers.delivery.messages import Item, Message
from workers.delivery.wording import fitted, utf16_units

LONGEST_TEXT = 16_383
_LONGEST_PART = 2_600
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:&])")


def mattermost(message: Message) -> Mapping[str, Any]:
    """The body of a request to Mattermost."""
    lines = [f"**{_fitted(message.title)}**"]
    lines += [_fitted(line) for line in message.lines if line not in message.title]
    if message.quote:
        lines.append(f"> {_fitted(message.quote)}")
    if message.speaker:
        lines.append(f"— {_fitted(message.speaker)}")
    lines += [f"* {_fitted(condition)}" for condition in message.conditions]
    lines += [f"* {_linked(item)}" for item in message.items]
    if message.source:
        lines.append(_linked(Item(message.source, message.url)))
    lines += [f"_{_fitted(note)}_" for note in message.notes]
    if message.link:
        lines.append(_linked(Item("History and reasons", message.link)))
    return {"text": _joined(lines)}


def _joined(lines: list[str]) -> str:
    """As many lines as fit: marks are closed on each."""
    text = lines[0]
    for line in lines[1:]:
        if utf16_units(text) + utf16_units(line) + 2 > LONGEST_TEXT:
            break
        text += f"\n\n{line}"
    return text


def _linked(item: Item) -> str:
    return f"[{_fitted(item.text)}]({item.url})" if item.url else _fitted(item.text)


def _fitted(text: str) -> str:
    return fitted(text, _LONGEST_PART, _escape, utf16_units)


def _escape(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text).replace("@", "@\u200b")
