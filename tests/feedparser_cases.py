"""feedparser's own cases, held against our parse step: of what a case expects, the fields that we use are compared.

A case is a document with the expectation in a comment: `not bozo and entries[0]['title'] == 'Item 1 title'`. Markup
is compared as the text that we make of it. What a case expects of other fields is not looked at, but the document must
be read as the feed that it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from service.parse import ParsedFeed, parse_feed, parsed_of
from service.plain import plain_line, plain_text
from workers.domain.article import Entry

URL = "http://127.0.0.1:8097/feed.xml"
_EXCLUDED = Path(__file__).with_name("feedparser_excluded.txt")
_EXPECT = re.compile(r"Expect:\s*(.+?)\s*(?:-->|\n\s*\n|\r|\n|$)")
_HEADER = re.compile(r"^\s*Header:\s*([\w-]+):\s*(.*?)\s*$", re.MULTILINE)
_WIDE = (
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xfe\xff", "utf-16"),
    (b"\xff\xfe", "utf-16"),
)
_BARE = (
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00<", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
)
_EBCDIC = b"\x4c\x6f\xa7\x94"
_NAMES = {
    b"</entry>": b"<id>made up</id>",
    b"</item>": b"<guid isPermaLink='false'>made up</guid>",
    b"</ITEM>": b"<TITLE>made up</TITLE>",
}
_NAMELESS_END = re.compile(b"|".join(_NAMES))
_OURS = frozenset(
    {
        *("title", "title_detail", "id", "guid", "link", "content", "summary_detail", "published", "published_parsed"),
        *("updated_parsed", "description", "summary", "abstract"),
    }
)
_TEXTS = frozenset({"description", "summary", "abstract"})


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `expected` is Python of feedparser's, which is only ever read."""

    name: str
    body: bytes
    headers: Mapping[str, str]
    expected: str


def excluded() -> dict[str, str]:
    """The cases that test what we leave to nobody (sanitising, resolving addresses in markup, made-up dates)."""
    rows = (
        line.split("\t") for line in _EXCLUDED.read_text(encoding="utf-8").splitlines() if line[:1] not in {"", "#"}
    )
    return dict(rows)


def cases(folder: Path) -> Iterator[Case]:
    """Every case of feedparser's folders `wellformed`, `encoding` and `json`, in the order of their paths."""
    for room in ("wellformed", "encoding", "json"):
        for path in sorted((folder / room).rglob("*.*")):
            body = path.read_bytes()
            text = _decoded(body)
            found = _EXPECT.search(text)
            headers = {name.lower(): value for name, value in _HEADER.findall(text)}
            expected = found.group(1).strip('"').rstrip() if found else "1"
            yield Case(path.relative_to(folder).as_posix(), body, headers, expected)


def judged(case: Case) -> str:
    """What our parse step got wrong of a case; empty when nothing."""
    feed = parsed_of(parse_feed(URL, case.body, case.headers))
    if not feed.entries and not feed.problem:  # an entry with nothing but a date is none of ours: give it a GUID
        named = _NAMELESS_END.sub(lambda end: _NAMES[end.group()] + end.group(), case.body)
        feed = parsed_of(parse_feed(URL, named, case.headers))
    wrong = [why for path, value in _expectations(case.expected) if (why := _compared(feed, path, value))]
    return "; ".join(wrong)


def _expectations(expected: str) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The comparisons with a constant in an expectation: the path to the field, and the constant."""
    try:
        tree = ast.parse(expected, mode="eval").body
    except SyntaxError:
        return
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    for part in parts:
        if isinstance(part, ast.Compare) and all(isinstance(one, ast.Eq) for one in part.ops):
            try:
                value = ast.literal_eval(part.comparators[-1])
            except ValueError:
                continue
            for side in (part.left, *part.comparators[:-1]):
                if path := _path(side):
                    yield path, value


def _path(node: ast.expr) -> tuple[Any, ...]:
    """`entries[0]['title']` as ("entries", 0, "title"), `len(entries)` as ("len", "entries"); empty for all else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1:
        inner = _path(node.args[0])
        return ("len", *inner) if inner else ()
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        inner = _path(node.value)
        return (*inner, node.attr) if inner else ()
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        inner = _path(node.value)
        return (*inner, node.slice.value) if inner else ()
    return ()


def _compared(feed: ParsedFeed, path: tuple[Any, ...], value: Any) -> str:
    match path:
        case ("len", "entries"):
            return _same("entries", len(feed.entries), value)
        case ("feed", "title") | ("feed", "title_detail", "value"):
            return _same("title", feed.title, plain_line(value))
        case ("feed", "language"):
            return _same("language", feed.language, value.lower() or None)
        case ("feed", "ttl"):
            return _same("ttl", feed.ttl_s, int(value) * 60)
        case ("entries", int(place), *rest):
            entry = feed.entries[place] if place < len(feed.entries) else None
            return _entry_compared(entry, tuple(rest), value)
    return ""


def _entry_compared(entry: Entry | None, path: tuple[Any, ...], value: Any) -> str:
    if not path or path[0] not in _OURS:
        return ""
    if entry is None:
        return "there is no such entry" if value else ""
    for name, ours, expected in _fields(entry, path, value):
        return _same(name, ours, expected)
    return ""


def _fields(entry: Entry, path: tuple[Any, ...], value: Any) -> Iterator[tuple[str, Any, Any]]:
    match path:
        case ("title",) | ("title_detail", "value"):
            yield "title", entry.title, plain_line(value)
        case ("id" | "guid",):
            yield "guid", entry.guid, plain_line(value) or None
        case ("link",):
            yield "link", entry.url, value or None
        case (name,) | (name, "value") | (name, 0, "value") if name in {*_TEXTS, "content", "summary_detail"}:
            text = plain_text(value) if isinstance(value, str) else entry.text
            is_shorter = 0 < len(text) < len(entry.text)  # of several texts the longest is taken
            yield "text", entry.text, entry.text if is_shorter else text
        case ("published_parsed",):
            yield "published", _tuple(entry.published_at), value
        case ("updated_parsed",):
            yield "updated", _tuple(entry.updated_at or entry.published_at), value
        case ("published",):
            yield "published", entry.published_raw, plain_line(value)


def _same(what: str, ours: Any, expected: Any) -> str:
    return "" if ours == expected else f"{what} is {ours!r}, expected {expected!r}"


def _tuple(moment: datetime | None) -> tuple[int, ...] | None:
    return tuple(moment.utctimetuple()) if moment else None


def _decoded(body: bytes) -> str:
    for start, encoding in (*_WIDE, *_BARE):
        if body.startswith(start):
            return body.decode(encoding, "replace")
    return body.decode("cp037" if body.startswith(_EBCDIC) else "utf-8", "replace")
