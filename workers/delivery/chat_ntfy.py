"""A message for a topic of ntfy: plain text, with title and link in headers.

Limits: https://docs.ntfy.sh/publish/#limitations (read 2026-11): 4,096 bytes of message, more becomes an attachment.
Nothing in the text is marked up, since no header asks for Markdown. Headers that are not ASCII are written by RFC 2047,
which ntfy reads.
"""

from __future__ import annotations

import base64
from urllib.parse import quote

from workers.delivery.messages import Message
from workers.delivery.wording import fitted, utf8_bytes

LONGEST_TEXT_BYTES = 4_096
LONGEST_TITLE_BYTES = 240
LONGEST_CLICK = 2_000  # spelled in ASCII a letter may take twelve; servers refuse heads of 8 kB


def ntfy(message: Message) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The body of a request to a topic, and its headers."""
    headers = [("title", _header(fitted(message.title, LONGEST_TITLE_BYTES, str, utf8_bytes)))]
    click = message.url or message.link
    spelled = quote(click or "", safe=":/?#[]@!$&'()*+,;=%-._~")
    if 0 < len(spelled) <= LONGEST_CLICK:
        headers.append(("click", spelled))
    return fitted_lines(text_lines(message), LONGEST_TEXT_BYTES), tuple(headers)


def fitted_lines(lines: list[str], most_bytes: int) -> str:
    """As many whole lines as fit, the first cut if need be."""
    text = fitted(lines[0], most_bytes, str, utf8_bytes)
    for line in lines[1:]:
        if utf8_bytes(text) + utf8_bytes(line) + 1 > most_bytes:
            break
        text += f"\n{line}"
    return text


def text_lines(message: Message) -> list[str]:
    """What a message says besides its title, line by line; the title when there is nothing else."""
    lines = [line for line in message.lines if line not in message.title]
    if message.quote:
        lines.append(f"“{message.quote}”")
    if message.speaker:
        lines.append(f"— {message.speaker}")
    lines += [f"• {condition}" for condition in message.conditions]
    lines += [f"• {item.text}{f' {item.url}' if item.url else ''}" for item in message.items]
    lines += [part for part in (message.source, message.url) if part]
    lines += list(message.notes)
    if message.link:
        lines.append(message.link)
    return lines or [message.title]


def _header(text: str) -> str:
    """A header's value: as it stands when it is ASCII, else one encoded word of RFC 2047."""
    return text if text.isascii() else f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="
