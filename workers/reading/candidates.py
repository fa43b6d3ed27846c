"""Passages in their surroundings: what they, their paragraph, the words before and the whole article are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from workers.reading.evidence import Evidence
from workers.reading.lexicon import Lexicon, shape
from workers.reading.passages import Passage

LEAD_CHARS = 700
AHEAD_CHARS = 400  # two sentences of a news story
AROUND_CHARS = 1_000  # of a paragraph on either side: more than news stories have
GOES_ON_CHARS = 4  # a space, a line break and a quotation mark
STRONG = ("truce", "end_war")
MEDIUM = ("peace", "talks", "deal")


class Role(StrEnum):
    """What the speaker's party is to the conflicts of the article."""

    FIGHTS = "fights"
    LISTED = "listed"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Topics:
    """How often each topic is named in a stretch of text."""

    counts: Counter[str]

    @property
    def strong(self) -> int:
        """A truce or the end of the war, in so many words."""
        return sum(self.counts[name] for name in STRONG)

    @property
    def medium(self) -> int:
        """Peace, talks or a deal: the truce's only in an article about one."""
        return sum(self.counts[name] for name in MEDIUM)


@dataclass(frozen=True, slots=True)
class Focus:
    """What the whole article, and its title with the lead, are about. `words` is the article's length."""

    whole: Topics
    lead: Topics
    words: int

    @property
    def is_off_topic(self) -> bool:
        """The truce is one between traders, gangs or fans."""
        return self.whole.counts["off_topic"] > self.whole.strong


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage with what its relevance is judged by. `around` is the rest of its paragraph, `ahead` the words before.

    `share` is how far down the text it stands, 0 to 1. `goes_on` is what the same speaker said right before.
    """

    passage: Passage
    evidence: tuple[Evidence, ...]
    here: Topics
    around: Topics
    ahead: Topics
    role: Role
    share: float
    goes_on: Candidate | None = None


def topics_of(text: str, lexicon: Lexicon) -> Topics:
    """Count the topics of a stretch of text."""
    return Topics(Counter(match.family for match in lexicon.find_topics(shape(text))))


def focus_of(title: str, text: str, lexicon: Lexicon) -> Focus:
    """Measure an article."""
    whole = topics_of(f"{title}\n{text}", lexicon)
    return Focus(whole, topics_of(f"{title}\n{text[:LEAD_CHARS]}", lexicon), len(text.split()))


def candidates_of(
    passages: Sequence[Passage], evidence: Sequence[tuple[Evidence, ...]], roles: Sequence[Role], view: TextView
) -> list[Candidate]:
    """Set every passage into its surroundings, in the order of the text."""
    made: list[Candidate] = []
    for passage, cues, role in zip(passages, evidence, roles, strict=True):
        last = made[-1] if made and goes_on(made[-1].passage, passage) else None
        made.append(view.candidate(passage, cues, role, last))
    return made


@dataclass(frozen=True, slots=True)
class TextView:
    """A text with its paragraphs (start, end), to look around in. `heard_chars`: its length while people speak."""

    text: str
    paragraphs: tuple[tuple[int, int], ...]
    lexicon: Lexicon
    heard_chars: int

    def candidate(
        self, passage: Passage, evidence: tuple[Evidence, ...], role: Role, last: Candidate | None
    ) -> Candidate:
        """Set one passage into its surroundings."""
        first, end = self._paragraph(passage)
        first, end = max(first, passage.start - AROUND_CHARS), min(end, passage.end + AROUND_CHARS)
        rest = f"{self.text[first : passage.start]}\n{self.text[passage.end : end]}"
        ahead = self.text[max(0, passage.start - AHEAD_CHARS) : passage.start]
        return Candidate(
            passage,
            evidence,
            here=topics_of(self.text[passage.start : passage.end], self.lexicon),
            around=topics_of(rest, self.lexicon),
            ahead=topics_of(ahead, self.lexicon),
            role=role,
            share=min(1.0, passage.start / max(self.heard_chars, 1)),
            goes_on=last,
        )

    def _paragraph(self, passage: Passage) -> tuple[int, int]:
        inside = (p for p in self.paragraphs if p[0] <= passage.start < p[1])
        return next(inside, (passage.start, passage.end))


def goes_on(last: Passage, passage: Passage) -> bool:
    """Tell whether the same speakers go on speaking."""
    return last.names == passage.names and 0 <= passage.start - last.end <= GOES_ON_CHARS
