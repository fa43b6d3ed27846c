"""Say who said what, of every subject: reports of verbs, nouns and phrases, joined with the quotations they belong to.

The flow: `parse_text` -> reports and quotations of each paragraph -> drafts -> attributions in the order of the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workers.domain.statement import Attribution, Kind
from workers.reading.complements import Report, verb_reports
from workers.reading.labels import Label, label_of
from workers.reading.nominals import nominal_reports
from workers.reading.parsed import ParsedParagraph, ParsedText, parse_text
from workers.reading.spans import hull
from workers.reading.text import ParagraphKind, is_opinion
from workers.reading.utterances import Room, Voice, announcement, utterances

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spacy.language import Language

    from workers.reading.quotes import Quote
    from workers.reading.speech import SpeechLexicon

DIRECT_SHARE = 0.8  # of the words in quotation marks; the measure of the annotated news articles used for scoring

Span = tuple[int, int]
_SAID = frozenset({"clause", "parenthesis", "quotation", "naming", "continued", "label", "colon"})


@dataclass(slots=True)
class Draft:
    """An attribution in the making, in offsets of the text."""

    cue: str
    cue_start: int | None
    cue_end: int | None
    holder: Span | None
    spans: list[Span]
    rule: str
    spoken: bool
    negated: bool = False
    holders: list[str] = field(default_factory=list)


class Attributor:
    """Finds the attributions of texts. Holds the language model and the lexicon; nothing changes with use."""

    def __init__(self, nlp: Language, speech: SpeechLexicon) -> None:
        self._nlp = nlp
        self._speech = speech

    @property
    def speech(self) -> SpeechLexicon:
        """The words by which it tells who says what."""
        return self._speech

    def is_opinion(self, title: str) -> bool:
        """Tell a column, an editorial or a review of the press."""
        return is_opinion(title, self._speech.page)

    def is_crossed(self, words: str) -> bool:
        """Tell a passage into which the page has put another story's headline ("READ MORE: …")."""
        return any(mark.upper() in words for mark in self._speech.page.inline_furniture)

    def parse(self, text: str) -> ParsedText:
        """Parse a text once, for everything that reads it. Never raises for any text."""
        return parse_text(text, self._nlp, self._speech)

    def attribute(self, text: str) -> list[Attribution]:
        """Give the attributions of a text, sorted by start. Those inside another's content have `holders`."""
        return self.attribute_parsed(self.parse(text))

    def attribute_parsed(self, parsed: ParsedText) -> list[Attribution]:
        """Give the attributions of a parsed text, sorted by start."""
        found: list[Draft] = []
        thread = Thread()
        for index, paragraph in enumerate(parsed.paragraphs):
            if paragraph.paragraph.kind is ParagraphKind.POST:
                thread = Thread()
            if len(paragraph.doc):
                label = label_of(paragraph, parsed.text, self._speech, is_first=index == 0)
                found.extend(_of_paragraph(paragraph, self._speech, thread, label))
        finished = (_finished(parsed, draft) for draft in found if draft.spans)
        return sorted(finished, key=lambda one: (one.start, one.end, one.rule))


def top_level(attributions: Iterable[Attribution]) -> list[Attribution]:
    """Leave out what is reported inside another's content."""
    return [one for one in attributions if not one.holders]


@dataclass(slots=True)
class Thread:
    """What one paragraph leaves to the next.

    `last` uttered its last quotation. `waiting` are quotations left open with no voice: the next paragraph may name it.
    """

    last: Draft | None = None
    waiting: list[Span] = field(default_factory=list)

    def give_waiting(self, draft: Draft | None) -> None:
        """Hand what waits to its voice; without one it is nobody's."""
        if draft is not None:
            draft.spans = sorted({*self.waiting, *draft.spans})
        self.waiting = []


def _of_paragraph(
    paragraph: ParsedParagraph, speech: SpeechLexicon, thread: Thread, label: Label | None
) -> list[Draft]:
    """Draft the attributions of one paragraph, going on from the one before."""
    room = Room(paragraph, speech)
    reports = [
        report
        for report in (*verb_reports(paragraph.doc, speech), *nominal_reports(paragraph.doc, speech))
        if label is not None or not (room.quoted(report.cue) or room.quotes_holder(report))
    ]
    drafts = {report.cue: _of_report(paragraph, report) for report in reversed(reports)}
    if label is not None:
        thread.last = drafts[-1] = _of_label(label)
    else:
        _voice_quotes(room, reports, drafts, thread)
    voice = announcement(room)
    if voice is not None:
        key = voice.cue if voice.cue is not None else len(paragraph.doc)
        thread.last = drafts.setdefault(key, _of_voice(paragraph, voice, ()))
    ordered = sorted(drafts.values(), key=lambda draft: draft.cue_start or 0)
    _stack(paragraph, ordered)
    return ordered


def _voice_quotes(room: Room, reports: Sequence[Report], drafts: dict[int, Draft], thread: Thread) -> None:
    """Give every quotation of the paragraph to the draft of its voice."""
    before, thread.last = thread.last, None
    voiced = utterances(room, reports)
    if not voiced or not voiced[0][0].continues:
        thread.give_waiting(before)
    for quote, voice in voiced:
        last = thread.last or before
        if voice is None and not quote.closed and not quote.continues and thread.last is None:
            thread.waiting.append((quote.start, quote.end))
            thread.last = before
            continue
        draft = _place_quote(room, drafts, quote, voice, last)
        if draft is not None:
            thread.give_waiting(draft)
            thread.last = draft


def _place_quote(
    room: Room, drafts: dict[int, Draft], quote: Quote, voice: Voice | None, before: Draft | None
) -> Draft | None:
    """Add a quotation to the draft that it belongs to, making one when there is none."""
    span = (quote.start, quote.end)
    if voice is None:
        return _go_on(room, drafts, quote, before)
    key = voice.cue if voice.cue is not None else -quote.start - 2
    if key in drafts:
        drafts[key].spans = _with(_told_apart(room, drafts[key], quote), span)
    else:
        drafts[key] = _of_voice(room.paragraph, voice, (span,))
    around = _offsets(room.paragraph, voice.around)
    if around is not None:
        drafts[key].spans = _with(drafts[key].spans, around)
    return drafts[key]


def _go_on(room: Room, drafts: dict[int, Draft], quote: Quote, before: Draft | None) -> Draft | None:
    """Give a quotation without a cue of its own to what it goes on from, when it begins a sentence."""
    if not room.begins_sentence(quote):
        return None
    span = (quote.start, quote.end)
    here = None if quote.continues else _reported_before(drafts.values(), quote.start)
    draft = before if here is None or (before is not None and before.holder == here.holder) else here
    if draft is None:
        return None
    if draft is here and draft.rule not in _SAID:
        draft = drafts[-quote.start - 2] = replace(draft, spans=[], rule="continued")
    draft.spans = _with(draft.spans, span)
    return draft


def _reported_before(drafts: Iterable[Draft], place: int) -> Draft | None:
    """Give what was said last in front of a place, in the same paragraph and by somebody named."""
    spoken = [
        draft
        for draft in drafts
        if draft.spoken and draft.cue_end is not None and draft.cue_end <= place and draft.holder is not None
    ]
    outer = [draft for draft in spoken if not any(_within(draft, other) for other in spoken)]
    return max(outer, key=lambda draft: draft.cue_end or 0, default=None)


def _within(draft: Draft, other: Draft) -> bool:
    """Tell whether the cue of one draft stands in the content of another."""
    cue = draft.cue_start
    return other is not draft and cue is not None and any(start <= cue < end for start, end in other.spans)


def _told_apart(room: Room, draft: Draft, quote: Quote) -> list[Span]:
    """Take from a draft what the parser wrongly joined to a quotation that stands on its own.

    What is in front of one that begins a sentence or follows a colon; what is in front of the cue when a whole
    sentence is quoted behind it.
    """
    spans = draft.spans
    if room.begins_sentence(quote) or room.follows_colon(quote):
        spans = [(max(a, quote.start), b) if a < quote.start < b else (a, b) for a, b in spans]
    cue = draft.cue_start
    if draft.rule == "clause" and cue is not None and cue < quote.start and room.starts_high(quote):
        spans = [(a, b) for a, b in spans if a > cue]
    return spans


def _with(spans: list[Span], span: Span) -> list[Span]:
    """Join a quotation to spans: those that it overlaps become one with it."""
    apart = [one for one in spans if one[1] <= span[0] or span[1] <= one[0]]
    over = [one for one in spans if not (one[1] <= span[0] or span[1] <= one[0])]
    return sorted([*apart, hull([span, *over])])


def _of_report(paragraph: ParsedParagraph, report: Report) -> Draft:
    doc = paragraph.doc
    cue = doc[report.cue]
    return Draft(
        cue=report.lemma,
        cue_start=paragraph.start + cue.idx,
        cue_end=paragraph.start + cue.idx + len(cue.text),
        holder=_offsets(paragraph, report.holder),
        spans=[
            _to_quote_end(paragraph.span_of(doc[first], doc[last]), paragraph.quotes) for first, last in report.content
        ],
        rule=report.rule,
        spoken=report.spoken,
        negated=any(child.dep_ == "neg" for child in cue.children),
    )


def _to_quote_end(span: Span, quotes: Iterable[Quote]) -> Span:
    """Let what breaks off inside a quotation run to its end: nobody stops reporting in the middle of one."""
    start, end = span
    cut = (quote.end for quote in quotes if not quote.is_scare and start <= quote.start < end < quote.end)
    return start, max(cut, default=end)


def _of_label(label: Label) -> Draft:
    return Draft(":", label.mark, label.mark + 1, label.speaker, [label.words], "label", spoken=True)


def _of_voice(paragraph: ParsedParagraph, voice: Voice, spans: Iterable[Span]) -> Draft:
    cue = paragraph.doc[voice.cue] if voice.cue is not None else None
    return Draft(
        cue=voice.lemma,
        cue_start=paragraph.start + cue.idx if cue is not None else None,
        cue_end=paragraph.start + cue.idx + len(cue.text) if cue is not None else None,
        holder=_offsets(paragraph, voice.holder),
        spans=list(spans),
        rule=voice.rule,
        spoken=True,
        negated=any(child.dep_ == "neg" for child in cue.children) if cue is not None else False,
    )


def _offsets(paragraph: ParsedParagraph, words: Span | None) -> Span | None:
    return paragraph.span_of(paragraph.doc[words[0]], paragraph.doc[words[1]]) if words else None


def _stack(paragraph: ParsedParagraph, drafts: Sequence[Draft]) -> None:
    """Give every draft whose cue stands in another's content the holders of that one, outermost first."""
    text, start = paragraph.doc.text, paragraph.start
    for draft in drafts:
        # One's own words inside one's own ("suggested talks, stating that ...") are no hearsay.
        over = [other for other in drafts if _within(draft, other) and other.holder != draft.holder]
        over.sort(key=lambda other: other.spans[0][0] - other.spans[-1][1])
        draft.holders = [
            text[other.holder[0] - start : other.holder[1] - start] if other.holder else "" for other in over
        ]


def _finished(parsed: ParsedText, draft: Draft) -> Attribution:
    parts = [*draft.spans, *([draft.holder] if draft.holder else [])]
    if draft.cue_start is not None and draft.cue_end is not None:
        parts.append((draft.cue_start, draft.cue_end))
    start, end = hull(parts)
    holder = draft.holder
    return Attribution(
        start=start,
        end=end,
        spans=tuple(draft.spans),
        kind=_kind(parsed, draft.spans),
        speaker_text=parsed.text[holder[0] : holder[1]] if holder else None,
        speaker_start=holder[0] if holder else None,
        speaker_end=holder[1] if holder else None,
        cue=draft.cue,
        cue_start=draft.cue_start,
        rule=draft.rule,
        holders=tuple(draft.holders),
        spoken=draft.spoken,
        negated=draft.negated,
    )


def _kind(parsed: ParsedText, spans: Sequence[Span]) -> Kind:
    """Tell direct (nearly all words in quotation marks), indirect (none) and mixed."""
    total = sum(len(parsed.text[start:end].split()) for start, end in spans)
    quoted = sum(
        len(parsed.text[max(start, quote.start) : min(end, quote.end)].split())
        for quote in parsed.quotes
        for start, end in spans
        if quote.start < end and start < quote.end
    )
    if not quoted:
        return Kind.INDIRECT
    return Kind.DIRECT if quoted >= DIRECT_SHARE * total else Kind.MIXED
