"""Corrections of what was read, by people: which statements are wrong, and which stand as they are or otherwise.

JSON Lines: `{"article_id", "statement_id" or "quote", "actor", "verdict", "position"}`. `verdict` is `reject` (nothing
was said) or `accept` (it was, with full confidence; with a `position`, that one). Where the `statement_id` meets
nothing, or is not given, the words are found by the quote, or a part of it, and the `actor` by name, when it is given.
`trucewatch statements export` writes such lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from service.batch_archive import Flaw, FlawError, Tell, json_lines
from workers.domain.correction import Verdict, accepted
from workers.domain.statement import PositionScale, Statement


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction. `actor` and `position` are None where nothing is said of them."""

    place: str
    article_id: str
    statement_id: str | None
    quote: str | None
    actor: str | None
    verdict: Verdict
    position: PositionScale | None

    def meets(self, statement: Statement) -> bool:
        """Tell whether it is about this statement."""
        if statement.article_id != self.article_id:
            return False
        if statement.statement_id == self.statement_id or self.quote is None:
            return statement.statement_id == self.statement_id
        words = " ".join(self.quote.split())
        return words in " ".join(statement.quote.split()) and self.actor in {None, statement.actor_name}


def read_corrections(stream: BinaryIO, tell: Tell) -> list[Correction]:
    """Read the file; a line that cannot be used is told and left out."""
    found = []
    for place, row in json_lines(stream):
        try:
            if isinstance(row, FlawError):
                raise row
            found.append(_correction(place, row))
        except FlawError as flaw:
            tell(Flaw(f"corrections, {place}", str(flaw)))
    return found


@dataclass(slots=True)
class Corrections:
    """The corrections by article, and which of them met a statement."""

    by_article: Mapping[str, Sequence[Correction]]
    met: set[str]

    @classmethod
    def of(cls, corrections: Iterable[Correction]) -> Corrections:
        """Sort corrections by article."""
        by_article: dict[str, list[Correction]] = {}
        for correction in corrections:
            by_article.setdefault(correction.article_id, []).append(correction)
        return cls(by_article, set())

    def corrected(self, article_id: str, statements: Iterable[Statement]) -> tuple[Statement, ...]:
        """The statements of an article as people say they are; of several corrections the last one counts."""
        return tuple(self._corrected(self.by_article.get(article_id, ()), statements))

    def unmet(self) -> list[Correction]:
        """Those that met no statement: the reader does not find those words any more, or not in this archive."""
        every = [one for corrections in self.by_article.values() for one in corrections]
        return [one for one in every if one.place not in self.met]

    def _corrected(self, corrections: Sequence[Correction], statements: Iterable[Statement]) -> Iterator[Statement]:
        for statement in statements:
            meeting = [correction for correction in corrections if correction.meets(statement)]
            self.met.update(correction.place for correction in meeting)
            if not meeting:
                yield statement
            elif meeting[-1].verdict is Verdict.ACCEPT:
                yield accepted(statement, meeting[-1].position)


def _correction(place: str, row: Mapping[str, Any]) -> Correction:
    try:
        verdict = Verdict(str(row.get("verdict")))
    except ValueError:
        raise FlawError("has no verdict; allowed are reject and accept") from None
    article_id, statement_id, quote = (_words(row, name) for name in ("article_id", "statement_id", "quote"))
    if article_id is None or (statement_id is None and quote is None):
        raise FlawError("names no statement: it needs an article_id, and a statement_id or a quote")
    return Correction(place, article_id, statement_id, quote, _words(row, "actor"), verdict, _position(row))


def _position(row: Mapping[str, Any]) -> PositionScale | None:
    if row.get("position") is None:
        return None
    try:
        return PositionScale(row["position"])
    except ValueError:
        raise FlawError(f"has an unknown position; allowed are {', '.join(PositionScale)}") from None


def _words(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return value if isinstance(value, str) and value.strip() else None
