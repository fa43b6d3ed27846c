"""How read models reach a terminal or a program: tables where they fit, blocks where they do not, or JSON.

All text goes through `wording.clean` and into `rich.Text`, which reads no markup: words from outside neither steer the
terminal nor style it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.wording import clean, escape_steering
from workers.domain.telling import utc_text

WIDE = 110  # columns that a table of five needs to hold a quote in readable lines


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows under columns; the first cell names its row. `airy` parts rows of several lines by blank ones."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Text]]
    airy: bool = True


def as_json(value: Any) -> str:
    """Read models as JSON text: times RFC 3339 in UTC, no character that steers a terminal."""
    return escape_steering(json.dumps(_jsonable(value), ensure_ascii=False, indent=2))


def show(console: Console, listing: Listing, nothing: str = "") -> None:
    """A table where it fits, else one block for each row; the words `nothing` when there is no row."""
    if not listing.rows:
        say(console, nothing)
    elif console.width >= WIDE:
        console.print(_table(listing))
    else:
        say(console, listing.title, "bold underline")
        for row in listing.rows:
            console.print(row[0])
            console.print(_block(listing.columns[1:], row[1:]))


def say(console: Console, words: str, style: str = "") -> None:
    """One line; nothing for no words."""
    if words:
        console.print(text(words, style))


def text(words: str, style: str = "") -> Text:
    """Words from anywhere, made harmless."""
    return Text(clean(words), style)


def lines(*parts: Text) -> Text:
    """Parts on lines of their own; empty ones take none."""
    return Text("\n").join(part for part in parts if part.plain)


def when(moment: datetime | None) -> str:
    """A moment in UTC, to the minute, as it sorts; nothing for None."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else ""


def _jsonable(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _jsonable(one) for key, one in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_jsonable(one) for one in value]
    if isinstance(value, datetime):
        return utc_text(value)
    return value.value if isinstance(value, Enum) else value


def _table(listing: Listing) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", leading=int(listing.airy))
    if listing.title:
        table.title, table.title_style = text(listing.title), "bold"
    for column in listing.columns:
        table.add_column(Text(column), header_style="dim", overflow="fold", vertical="top")
    for row in listing.rows:
        table.add_row(*row)
    return table


def _block(columns: Sequence[str], row: Sequence[Text]) -> Table:
    """What is known of a row, under the columns' names."""
    block = Table.grid(padding=(0, 1))
    block.add_column(no_wrap=True, width=2 + max(len(column) for column in columns))
    block.add_column(overflow="fold", ratio=1)
    for column, cell in zip(columns, row, strict=True):
        if cell.plain:
            block.add_row(Text(f"  {column}", "dim"), cell)
    block.add_row(Text(""), Text(""))
    return block
