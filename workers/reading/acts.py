"""Acts and stances reported as fact, with no attribution: "Israel has agreed to send negotiators"."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Span

from workers.domain.statement import Kind
from workers.reading.actors import How, Mention
from workers.reading.coreference import Cast
from workers.reading.evidence import doer_of
from workers.reading.lexicon import Lexicon, shape
from workers.reading.parsed import ParsedText
from workers.reading.passages import Passage

ACT_FAMILIES = frozenset(
    {
        "accept",
        "agree_fact",
        "reject",
        "end",
        "propose",
        "mediate",
        "attend",
        "urge",
        "support",
        "demand",
        "retreat",
        "fight_on",
        "stop",
        "hope",
        "ready",
        "doubt",
    }
)
ABOUT = ("truce", "end_war", "peace", "talks", "deal")


def acts_of(
    parsed: ParsedText, cast: Cast, mentions: Sequence[Mention], taken: Sequence[Passage], lexicon: Lexicon
) -> list[Passage]:
    """The acts of actors in sentences where they are not quoted already."""
    found: list[Passage] = []
    for paragraph, sentence, start, end in parsed.sentences():
        here = [m for m in mentions if start <= m.start < end and not cast.is_quoted(m.start)]
        shaped = shape(sentence.text)
        if not here or not any(lexicon.topics[name].search(shaped) for name in ABOUT):
            continue
        found.extend(
            _of_sentence(
                sentence,
                paragraph.start,
                here,
                cast,
                [p for p in taken if p.start < end and start < p.end],
                lexicon,
                shaped,
            )
        )
    return found


def _of_sentence(
    sentence: Span,
    offset: int,
    mentions: Sequence[Mention],
    cast: Cast,
    taken: Sequence[Passage],
    lexicon: Lexicon,
    shaped: str,
) -> list[Passage]:
    found: dict[str, Passage] = {}
    start, end = offset + sentence.start_char, offset + sentence.end_char
    for match in lexicon.find_cues(shaped):
        if match.family not in ACT_FAMILIES:
            continue
        place = start + match.start
        if cast.is_quoted(place) or any(p.start <= place < p.end for p in taken):
            continue
        tokens = sentence.doc.char_span(
            sentence.start_char + match.start, sentence.start_char + match.end, alignment_mode="expand"
        )
        doer = doer_of(tokens.root) if tokens is not None else None
        if doer is None:
            continue
        at = offset + doer.idx
        phrase = sentence.doc[doer.left_edge.i : doer.i + 1]
        if not any(
            m.start < at + len(doer.text) and offset + phrase.start_char <= m.end
            for m in mentions
            if m.start >= offset + phrase.start_char or m.end > at
        ):
            continue
        speakers = cast.resolve(phrase.text, offset + phrase.start_char, at + len(doer.text))
        if not speakers:
            continue
        key = speakers[0].name
        if key not in found:
            found[key] = Passage(
                start, end, ((start, end),), Kind.ACTION, speakers, phrase.text, match.text, "act", is_act=True
            )
    return list(found.values())
