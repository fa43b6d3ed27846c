"""Passages: what one speaker says, or does, in one sentence or quotation, with the speaker resolved."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from workers.domain.statement import Attribution, Kind
from workers.reading.clauses import is_supposed, side_clause, token_at
from workers.reading.coreference import Cast
from workers.reading.parsed import ParsedText
from workers.reading.speakers import Speaker
from workers.reading.speech import SpeechLexicon

LOOK_LEFT_CHARS = 90  # a speaker's name is no further from its verb


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters `start`..`end` of the text, by `speakers` together. `spans` is the content, without "X said".

    `cue` and `rule` tell how the speaker was found. `is_act`: reported as fact, with no attribution.
    """

    start: int
    end: int
    spans: tuple[tuple[int, int], ...]
    kind: Kind
    speakers: tuple[Speaker, ...]
    speaker_text: str | None
    cue: str
    rule: str
    is_act: bool = False
    is_spoken: bool = True  # False for what is only thought, wanted or known
    is_secondhand: bool = False  # told by the press, not to it
    limit: tuple[int, int] | None = None  # a clause of its own inside another's sentence

    @property
    def names(self) -> tuple[str, ...]:
        """The speakers' names, to tell whether two passages have the same speakers."""
        return tuple(speaker.name for speaker in self.speakers)


class Sentences:
    """The sentences of a text by place."""

    def __init__(self, parsed: ParsedText) -> None:
        self.spans = [(start, end) for _, _, start, end in parsed.sentences()]
        self._starts = [start for start, _ in self.spans]

    def index(self, place: int) -> int:
        """The number of the sentence at a place, -1 before the first."""
        return bisect_right(self._starts, place) - 1

    def around(self, start: int, end: int) -> tuple[int, int]:
        """The sentences that start..end touches, as one span."""
        first, last = self.index(start), self.index(max(start, end - 1))
        if first < 0:
            return start, end
        return min(start, self.spans[first][0]), max(end, self.spans[last][1])


def passages_of(
    parsed: ParsedText, attributions: Sequence[Attribution], cast: Cast, sentences: Sentences, speech: SpeechLexicon
) -> list[Passage]:
    """Resolve the speakers of attributions in the order of the text; those of nobody tracked are left out."""
    found = []
    for one in sorted(attributions, key=lambda a: a.speaker_start if a.speaker_start is not None else a.start):
        cue = token_at(parsed, one.cue_start) if one.cue_start is not None else None
        if cue is not None and one.kind is Kind.INDIRECT and is_supposed(cue[0]):
            continue
        if not all(cast.is_medium(holder) for holder in one.holders if holder):
            continue
        speakers = _speakers(parsed.text, one, cast, goes_on=one.cue in speech.onward)
        if speakers:
            limit = side_clause(*cue) if cue is not None and one.kind is Kind.INDIRECT else None
            kind = Kind.ACTION if one.kind is Kind.INDIRECT and one.cue in speech.deeds else one.kind
            found.append(
                Passage(
                    one.start,
                    one.end,
                    one.spans,
                    kind,
                    speakers,
                    one.speaker_text,
                    one.cue,
                    one.rule,
                    limit=limit,
                    is_spoken=one.spoken,
                    is_secondhand=any(one.holders),
                )
            )
    return _whole_sentences(_joined(sorted(found, key=lambda p: (p.start, p.end)), sentences), sentences)


def _speakers(text: str, one: Attribution, cast: Cast, *, goes_on: bool) -> tuple[Speaker, ...]:
    if one.speaker_text is None or one.speaker_start is None:
        return ()
    found = cast.resolve(one.speaker_text, one.speaker_start, one.speaker_end, goes_on=goes_on)
    if (
        found
        or one.cue_start is None
        or one.speaker_end is None
        or not 0 <= one.cue_start - one.speaker_end <= LOOK_LEFT_CHARS
    ):
        return found
    between = text[one.speaker_start : one.cue_start].strip(" ,")
    # The parser took the first word of a longer name for the whole of it ("date 2025-03-14 US President X said").
    if between.count(" ") <= 1 or any(mark in between for mark in '"“”,;'):
        return found
    return cast.resolve(between, one.speaker_start)


def _joined(passages: Iterable[Passage], sentences: Sentences) -> list[Passage]:
    """Make one of what the same speakers say in one sentence, unless somebody else speaks in between."""
    joined: list[Passage] = []
    for passage in passages:
        last = joined[-1] if joined else None
        if last and last.names == passage.names and sentences.index(last.end - 1) >= sentences.index(passage.start):
            joined[-1] = merged(last, passage)
        else:
            joined.append(passage)
    return joined


def merged(one: Passage, other: Passage) -> Passage:
    """Two passages of the same speakers as one."""
    return replace(
        one,
        start=min(one.start, other.start),
        end=max(one.end, other.end),
        spans=tuple(sorted({*one.spans, *other.spans})),
        kind=_both(one.kind, other.kind),
        is_act=one.is_act and other.is_act,
        is_spoken=one.is_spoken or other.is_spoken,
        is_secondhand=one.is_secondhand and other.is_secondhand,
        limit=None,
    )


def _both(one: Kind, other: Kind) -> Kind:
    """The kind of two passages as one: an act with a paraphrase is a paraphrase, and quotes no words."""
    if one is other:
        return one
    return Kind.INDIRECT if {one, other} == {Kind.ACTION, Kind.INDIRECT} else Kind.MIXED


def _whole_sentences(passages: Sequence[Passage], sentences: Sentences) -> list[Passage]:
    """Widen each passage to its sentences as far as nobody else's passage is there."""
    widened = []
    for place, passage in enumerate(passages):
        start, end = passage.limit or sentences.around(passage.start, passage.end)
        for other in (*passages[:place], *passages[place + 1 :]):
            if other.names == passage.names:
                continue
            if other.end <= passage.start:
                start = max(start, min(other.end, passage.start))
            elif other.start >= passage.end:
                end = min(end, max(other.start, passage.end))
            elif other.start < passage.end and passage.start < other.end:
                start, end = max(start, passage.start), min(end, passage.end)
        widened.append(replace(passage, start=start, end=end))
    return widened
