"""The cue lexicon, compiled: what an operator edits in `config/lexicon.toml`, as matchers.

Pure: the file is read by the caller, who hands over the parsed TOML (`parse_lexicon`).

A pattern is words parted by spaces, matched in lower case on whole words:
`word` itself; `word~` every form of the verb; `word+` singular and plural; `word?` may be missing;
`a-b` with hyphen, space or neither; `*` up to four words between; `(a|b c)` either; `<name>` a word list of `[words]`.
"""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LEXICON_VERSION = 1

CUE_FAMILIES = (
    "open", "retreat", "deny", "refuse", "no_deal", "oppose", "end", "hold", "fight_on", "goal", "ouster", "distrust",
    "misgiving", "blame", "breach", "only_if", "if_clause", "terms", "demand", "must", "accept", "declare", "support",
    "need", "urge", "propose", "mediate", "hope", "stop", "ready", "talk", "warn", "neutral", "attend", "progress",
    "claim", "contrast", "idle",
)  # fmt: skip
TOPIC_FAMILIES = ("truce", "end_war", "peace", "talks", "deal", "terms", "war", "off_topic", "past")
ROLE_FAMILIES = (
    "leader", "minister", "spokesperson", "official", "deputy", "force", "group", "government", "document", "office_of",
    "ministry", "medium", "bystander", "former", "female", "male",
)  # fmt: skip
SCOPE_FAMILIES = ("negation", "concessive", "condition_close", "earlier")

# A comma and a quotation mark may stand between any two words ("nobody, literally nobody, believes").
_SPACE = r",?\s+[\"'(\[]?"
_GAP = r"(?:[^\s;:!?]+\s+){0,4}?"
_PLURALS = (("y", "ies"), ("s", "ses"), ("x", "xes"), ("ch", "ches"), ("sh", "shes"))
_VOWELS = "aeiou"
_SHAPE = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "ʼ": "'",
        "“": '"',
        "”": '"',
        "\u00a0": " ",
        "\n": " ",
        "\t": " ",
        "‑": "-",
        "–": "-",
        "—": "-",
    }
)


class LexiconError(ValueError):
    """The lexicon is wrong. `key` is the dotted name of the entry at fault."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"lexicon: {key}: {why}")
        self.key = key


@dataclass(frozen=True, slots=True)
class Match:
    """Where a family matched, in characters of the text that was given."""

    family: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Compiled matchers by family name. `stems` are literals one of which any ceasefire text contains, lower case."""

    cues: Mapping[str, re.Pattern[str]]
    topics: Mapping[str, re.Pattern[str]]
    roles: Mapping[str, re.Pattern[str]]
    scopes: Mapping[str, re.Pattern[str]]
    stems: tuple[str, ...]
    titles: frozenset[str]
    months: Mapping[str, int]
    weekdays: Mapping[str, int]

    def find_cues(self, shaped: str) -> list[Match]:
        """All cue matches in a text already put through `shape`, the longest of overlapping ones only."""
        return outermost(found(self.cues, shaped))

    def find_topics(self, shaped: str) -> list[Match]:
        """All topic matches in a text already put through `shape`, the longest of overlapping ones only."""
        return outermost(found(self.topics, shaped))


def shape(text: str) -> str:
    """Lower case with plain quotes, hyphens and spaces; the same length as `text`, so that offsets hold."""
    lowered = text.translate(_SHAPE).lower()
    # A few letters grow when lowered (one is U+0130); offsets matter more than their case.
    return (
        lowered
        if len(lowered) == len(text)
        else "".join(c.lower() if len(c.lower()) == 1 else c for c in text.translate(_SHAPE))
    )


def found(families: Mapping[str, re.Pattern[str]], shaped: str) -> Iterator[Match]:
    """Every match of every family, in the order of the families."""
    for family, pattern in families.items():
        for hit in pattern.finditer(shaped):
            yield Match(family, hit.start(), hit.end(), hit.group())


def outermost(matches: Iterator[Match]) -> list[Match]:
    """Drop a match that overlaps a longer one; of equals the family named first in the lexicon stays."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda m: m.start - m.end):
        if all(match.end <= other.start or other.end <= match.start for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda m: m.start)


def parse_lexicon(data: Mapping[str, Any]) -> Lexicon:
    """Compile the lexicon from parsed TOML. Raises LexiconError naming the key that is missing, unknown or wrong."""
    if data.get("version") != LEXICON_VERSION:
        raise LexiconError("version", f"must be {LEXICON_VERSION}")
    grammar = _Grammar(_table(data, "forms"), _table(data, "words"))
    dates = _table(data, "dates")
    return Lexicon(
        cues=_compiled(data, "cues", CUE_FAMILIES, grammar),
        topics=_compiled(data, "topics", TOPIC_FAMILIES, grammar),
        roles=_compiled(data, "roles", ROLE_FAMILIES, grammar),
        scopes=_compiled(data, "scopes", SCOPE_FAMILIES, grammar),
        stems=tuple(_strings(_table(data, "concerns"), "concerns", "stems")),
        titles=frozenset(_strings(_table(data, "concerns"), "concerns", "titles")),
        months=_numbered(dates, "months"),
        weekdays=_numbered(dates, "weekdays"),
    )


class _Grammar:
    """Turns patterns into regular expressions, with the lexicon's irregular verb forms and word lists."""

    def __init__(self, forms: Mapping[str, Any], words: Mapping[str, Any]) -> None:
        self._forms = {verb: _strings(forms, "forms", verb) for verb in forms}
        self._words = {name: _strings(words, "words", name) for name in words}
        self._done: dict[str, str] = {}

    def family(self, key: str, patterns: Sequence[str]) -> re.Pattern[str]:
        """One matcher for all patterns of a family."""
        for pattern in patterns:
            if re.fullmatch(self._sequence(key, pattern), ""):
                raise LexiconError(key, f"{pattern!r} would match anywhere: not every word may be missing")
        return re.compile(rf"(?<![\w'-]){self._either(key, patterns)}(?![\w])")

    def _either(self, key: str, patterns: Sequence[str]) -> str:
        by_length = sorted(dict.fromkeys(patterns), key=lambda p: (-len(p), p))
        return f"(?:{'|'.join(self._sequence(key, p) if p else '' for p in by_length)})"

    def _sequence(self, key: str, pattern: str) -> str:
        parts = ""
        pending = ""  # the space owed before the next item
        for item in _items(key, pattern):
            if item == "*":
                parts += _SPACE + _GAP if pending else _GAP
                pending = ""
                continue
            optional = item.endswith("?")
            body = self._item(key, item.removesuffix("?"))
            if optional and pending:
                parts += rf"(?:{_SPACE}{body})?"
            elif optional:
                parts += rf"(?:{body}\s+)?"
            else:
                parts += (pending and _SPACE) + body
                pending = " "
        return parts

    def _item(self, key: str, item: str) -> str:
        if item.endswith("~"):
            verbs = {form for word in _spelled_out(key, item[:-1]) for form in self._verb(word)}
            return f"(?:{'|'.join(sorted(verbs, key=lambda w: (-len(w), w)))})"
        if item.endswith("+"):
            return (
                f"(?:{'|'.join(_escaped(w) for word in _spelled_out(key, item[:-1]) for w in (_plural(word), word))})"
            )
        if item.startswith("<"):
            return self._list(key, item[1:-1])
        return "".join(
            self._either(key, _alternatives(part[1:-1])) if part.startswith("(") else _escaped(part)
            for part in _parts(key, item)
        )

    def _list(self, key: str, name: str) -> str:
        if name not in self._words:
            raise LexiconError(key, f"uses <{name}>, which [words] does not define")
        if name not in self._done:
            self._done[name] = ""  # a list that uses itself would match nothing instead of recursing
            self._done[name] = self._either(f"words.{name}", self._words[name])
        return self._done[name]

    def _verb(self, verb: str) -> set[str]:
        first, space, rest = verb.partition(" ")  # "back down": the first word is inflected
        return {_escaped(form + space + rest) for form in {*_regular(first), *self._forms.get(first, ())}}


def _items(key: str, pattern: str) -> list[str]:
    """Split a pattern at the spaces outside of parentheses."""
    items = [""]
    depth = 0
    for char in pattern.strip():
        depth += (char == "(") - (char == ")")
        if char == " " and not depth:
            items.append("")
        else:
            items[-1] += char
    if depth or not all(items):
        raise LexiconError(key, f"cannot read the pattern {pattern!r}")
    return items


def _parts(key: str, item: str) -> list[str]:
    """Split `organi(s|z)ation` into literal text and groups."""
    parts = [""]
    depth = 0
    for char in item:
        if char == "(" and not depth:
            parts.append("")
        depth += (char == "(") - (char == ")")
        parts[-1] += char
        if char == ")" and not depth:
            parts.append("")
    if depth:
        raise LexiconError(key, f"cannot read {item!r}")
    return [part for part in parts if part]


def _spelled_out(key: str, item: str) -> list[str]:
    """All words that an item with groups stands for."""
    words = [""]
    for part in _parts(key, item):
        endings = _alternatives(part[1:-1]) if part.startswith("(") else [part]
        words = [word + ending for word in words for ending in endings]
    return words


def _alternatives(body: str) -> list[str]:
    """Split `a|b (c|d)` at the bars outside of parentheses."""
    parts = [""]
    depth = 0
    for char in body:
        depth += (char == "(") - (char == ")")
        if char == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _escaped(word: str) -> str:
    """A literal: a hyphen may be a space or missing, `#` is a digit."""
    return re.escape(word.lower()).replace(r"\-", r"[-\s]?").replace(r"\#", r"\d").replace(r"\ ", r"\s+")


def _plural(noun: str) -> str:
    for end, plural in _PLURALS:
        if noun.endswith(end) and not (end == "y" and noun[-2:-1] in _VOWELS):
            return noun[: -len(end)] + plural if end == "y" else noun + "es"
    return noun + "s"


def _regular(verb: str) -> set[str]:
    """The regular forms of a verb; a few that nobody uses do no harm."""
    if verb.endswith("e"):
        return {verb, verb + "s", verb + "d", verb[:-1] + "ing"}
    if verb.endswith("y") and verb[-2:-1] not in _VOWELS:
        return {verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"}
    forms = {verb, _plural(verb), verb + "ed", verb + "ing"}
    if re.fullmatch(r"[^aeiou]*[aeiou][bdglmnprt]", verb):  # stop, stopped, stopping
        forms |= {verb + verb[-1] + "ed", verb + verb[-1] + "ing"}
    return forms


def _compiled(
    data: Mapping[str, Any], name: str, families: Sequence[str], grammar: _Grammar
) -> dict[str, re.Pattern[str]]:
    table = _table(data, name)
    for family in table:
        if family not in families:
            raise LexiconError(f"{name}.{family}", f"unknown; known are {', '.join(families)}")
    return {f: grammar.family(f"{name}.{f}", _strings(table, name, f)) for f in families}


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = data.get(name)
    if not isinstance(table, Mapping):
        raise LexiconError(name, "must be a table")
    return table


def _strings(table: Mapping[str, Any], name: str, key: str) -> list[str]:
    values = table.get(key)
    if not isinstance(values, list) or not values or not all(isinstance(v, str) and v.strip() for v in values):
        raise LexiconError(f"{name}.{key}", "must be a list of patterns, at least one, none empty")
    return values


def _numbered(table: Mapping[str, Any], key: str) -> dict[str, int]:
    """Names to numbers by their place; several names of one place are parted by spaces ("sept sep september")."""
    return {name: place for place, names in enumerate(_strings(table, "dates", key)) for name in names.split()}
