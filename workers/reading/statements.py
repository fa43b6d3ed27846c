"""From passages to statements: which bear on a ceasefire, where their speakers stand, on which conflict, and when."""

# ruff: noqa: RUF001 - typographic marks are the subject here
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b

from workers.domain.catalogue import Conflict
from workers.domain.statement import Flag, PositionScale, Statement
from workers.reading.candidates import Candidate, Focus, Role, TextView, candidates_of, goes_on
from workers.reading.conditions import conditions_of, end_of_terms
from workers.reading.conflicts import ConflictFinder
from workers.reading.dates import DateReader, SaidAt
from workers.reading.evidence import Evidence, Viewpoint, evidence_of
from workers.reading.lexicon import Lexicon
from workers.reading.loglinear import LogLinear
from workers.reading.parsed import ParsedText
from workers.reading.passages import Passage, merged
from workers.reading.positions import Reading, read_position
from workers.reading.posts import Posts
from workers.reading.relevance import bears_on_truce
from workers.reading.speakers import Speaker
from workers.reading.text import Paragraph, ParagraphKind

LONGEST_JOINT_CHARS = 16
_JOINED_ON = re.compile(r",\s+(?:while|whereas|although|though|but|and|as)\s*\Z")
BOUND = frozenset({PositionScale.CONDITIONAL, PositionScale.REJECT, PositionScale.DOUBT})  # may name terms


@dataclass(frozen=True, slots=True)
class Judged:
    """A passage with its position."""

    passage: Passage
    reading: Reading
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class ArticleFacts:
    """What is known of the article before its text is read. `day`: actors and conflicts are taken as of it."""

    article_id: str
    published_at: datetime | None
    fetched_at: datetime
    day: date
    reader_version: str


@dataclass(frozen=True, slots=True)
class Views:
    """What the whole article shows: conflicts, focus, where actors are named, how often conflicts are, its posts."""

    conflicts: tuple[Conflict, ...]
    focus: Focus
    named: tuple[tuple[int, int, str], ...]
    title_counts: Counter[str]
    article_counts: Counter[str]
    heard_chars: int
    posts: Posts


@dataclass(frozen=True, slots=True)
class Parts:
    """The instruments that every article is read with."""

    lexicon: Lexicon
    conflicts: ConflictFinder
    dates: DateReader
    positions: LogLinear
    relevance: LogLinear


def statement_id(article_id: str, actor: str, conflict_id: str, start: int, quote: str) -> str:
    """`st_` and a short hash, the same for the same words of the same actor at the same place of the same article.

    A revision that says other words there, "reject" for "accept", makes another statement: what was told of the first
    is not told of it, and copies of the first are none of it.
    """
    facts = "\x1f".join((article_id, actor, conflict_id, str(start), quote))
    return "st_" + blake2b(facts.encode(), digest_size=8).hexdigest()


class StatementMaker:
    """Makes the statements of one article out of its passages."""

    def __init__(self, article: ArticleFacts, parsed: ParsedText, views: Views, parts: Parts) -> None:
        self._article = article
        self._parsed = parsed
        self._views = views
        self._parts = parts

    def make(self, passages: Sequence[Passage]) -> list[Statement]:
        """The statements, sorted by place."""
        if self._views.focus.is_off_topic:
            return []
        judged: list[Judged] = []
        for candidate in self.candidates(passages):
            if bears_on_truce(self._parts.relevance, candidate, self._views.focus, self._parsed.text):
                judged.append(self._judged(candidate, judged[-1] if judged else None))
        made = [s for one in _neighbours_merged(judged, self._parsed.text) for s in self._statements(one)]
        return sorted(made, key=lambda s: (s.start, s.end, s.actor_name))

    def candidates(self, passages: Sequence[Passage]) -> list[Candidate]:
        """The passages with their evidence and surroundings, in the order of the text."""
        paragraphs = tuple((p.paragraph.start, p.paragraph.end) for p in self._parsed.paragraphs)
        view = TextView(self._parsed.text, paragraphs, self._parts.lexicon, self._views.heard_chars)
        evidence = [
            tuple(evidence_of(self._parsed, p.start, p.end, self._viewpoint(p), self._parts.lexicon)) for p in passages
        ]
        return candidates_of(passages, evidence, [self._role(p) for p in passages], view)

    def _judged(self, candidate: Candidate, last: Judged | None) -> Judged:
        passage = candidate.passage
        reading = read_position(
            self._parts.positions,
            candidate.evidence,
            self._parsed.text[passage.start : passage.end],
            is_party=candidate.role is Role.FIGHTS,
            is_act=passage.is_act,
            before=last.reading if last is not None and goes_on(last.passage, passage) else None,
        )
        return Judged(passage, reading, candidate.evidence)

    def _viewpoint(self, passage: Passage) -> Viewpoint:
        return Viewpoint(frozenset(s.principal_id for s in passage.speakers), self._views.named)

    def _role(self, passage: Passage) -> Role:
        parties = {speaker.principal_id for speaker in passage.speakers}
        if any(parties & set(conflict.parties) for conflict in self._views.conflicts):
            return Role.FIGHTS
        listed = any(parties & set(conflict.others) for conflict in self._views.conflicts)
        return Role.LISTED if listed else Role.OUTSIDE

    def _statements(self, judged: Judged) -> list[Statement]:
        return [made for speaker in judged.passage.speakers if (made := self._statement(judged, speaker))]

    def _statement(self, judged: Judged, speaker: Speaker) -> Statement | None:
        passage, reading = judged.passage, judged.reading
        conflict = self._conflict(passage, speaker)
        if conflict is None:
            return None
        article, text = self._article, self._parsed.text
        start, end = _trimmed(text, self._behind_dateline(passage.start), passage.end)
        end = end_of_terms(text, end, judged.evidence) if reading.position is PositionScale.CONDITIONAL else end
        said = self._said_at(start, end)
        paragraph = self._paragraph(start)
        flags = {
            Flag.HEADLINE: paragraph is not None and paragraph.kind is ParagraphKind.HEADING,
            Flag.RETREAT: reading.retreat,
            Flag.SECONDHAND: passage.is_secondhand,
        }
        keeps = reading.position in BOUND
        return Statement(
            statement_id=statement_id(article.article_id, speaker.name, conflict.conflict_id, start, text[start:end]),
            article_id=article.article_id,
            conflict_id=conflict.conflict_id,
            actor_id=speaker.actor_id,
            actor_name=speaker.name,
            principal_id=speaker.principal_id,
            authority=speaker.authority,
            speaker_text=passage.speaker_text,
            kind=passage.kind,
            quote=text[start:end],
            start=start,
            end=end,
            position=reading.position,
            conditions=conditions_of(self._parsed, start, end, judged.evidence, self._parts.lexicon) if keeps else (),
            confidence=reading.confidence,
            said_at=said.at,
            said_at_precision=said.precision,
            said_at_evidenced=said.evidenced,
            flags=frozenset(flag for flag, holds in flags.items() if holds),
            why=f"{reading.why}; {passage.rule} {passage.cue!r} by {speaker.path}",
            reader_version=article.reader_version,
        )

    def _said_at(self, start: int, end: int) -> SaidAt:
        """The date that the words give, else when the post was written that they stand in, else the article's own."""
        article, written = self._article, self._views.posts.written_at(start)
        ground = written.at if written is not None else article.published_at
        said = self._parts.dates.said_at(self._own_words(start, end), ground, article.fetched_at)
        return said if written is None or said.evidenced or said.at.date() < written.at.date() else written

    def _own_words(self, start: int, end: int) -> str:
        """The passage without its quotations: a date inside a quotation is not when it was said."""
        text = self._parsed.text
        kept, place = [], start
        for quote in self._parsed.quotes:
            if quote.is_scare or quote.end <= place or quote.start >= end:
                continue
            kept.append(text[place : max(place, quote.start)])
            place = quote.end
        return " ".join([*kept, text[place:end]])

    def _behind_dateline(self, start: int) -> int:
        """Skip what was blanked for the parser: "KYIV, March 3 (Reuters) -" is nobody's words."""
        for paragraph in self._parsed.paragraphs:
            if paragraph.start <= start < paragraph.paragraph.end:
                rest = paragraph.doc.text[start - paragraph.start :]
                return start + len(rest) - len(rest.lstrip())
        return start

    def _paragraph(self, place: int) -> Paragraph | None:
        paragraphs = (p.paragraph for p in self._parsed.paragraphs)
        return next((p for p in paragraphs if p.start <= place < p.end), None)

    def _conflict(self, passage: Passage, speaker: Speaker) -> Conflict | None:
        finder, day, text = self._parts.conflicts, self._article.day, self._parsed.text
        paragraph = self._paragraph(passage.start)
        near = text[paragraph.start : paragraph.end] if paragraph else ""
        places = {
            "passage": finder.named(text[passage.start : passage.end], day),
            "paragraph": finder.named(near, day),
            "title": self._views.title_counts,
            "article": self._views.article_counts,
        }
        return finder.pick(self._views.conflicts, [speaker.principal_id], places)


def _neighbours_merged(judged: Sequence[Judged], text: str) -> list[Judged]:
    """Make one of neighbouring passages of the same speakers with the same position."""
    kept: list[Judged] = []
    for one in judged:
        last = kept[-1] if kept else None
        if (
            last
            and last.passage.names == one.passage.names
            and last.reading.position is one.reading.position
            and not text[last.passage.end : one.passage.start].strip(" \t\"'”’")
        ):
            both = merged(last.passage, one.passage)
            stronger = max(last.reading, one.reading, key=lambda r: r.confidence)
            kept[-1] = Judged(both, stronger, (*last.evidence, *one.evidence))
        else:
            kept.append(one)
    return kept


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out the white space at both ends, and the "…, while" by which another's clause is joined on."""
    while start < end and text[start].isspace():
        start += 1
    joined_on = _JOINED_ON.search(text, max(start, end - LONGEST_JOINT_CHARS), end)
    end = joined_on.start() if joined_on else end
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
