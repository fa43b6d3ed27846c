"""Whether a passage bears on a ceasefire at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from workers.reading.lexicon import Lexicon, shape

LEAD_CHARS = 700
STRONG_LEAST = 2  # a truce named twice anywhere, or once in the lead
LEAD_MEDIUM_LEAST, MEDIUM_LEAST = 2, 5  # talks and deals: in the lead and all through the article
STRONG = ("truce", "end_war")
MEDIUM = ("peace", "talks", "deal")


@dataclass(frozen=True, slots=True)
class Focus:
    """How much an article is about a ceasefire."""

    strong: int
    medium: int
    lead_strong: int
    lead_medium: int
    off_topic: int

    @property
    def is_about_truce(self) -> bool:
        """The truce or the talks are what the article is about, so that "the deal" means theirs."""
        if self.off_topic > self.strong:
            return False
        return (
            self.lead_strong >= 1
            or self.strong >= STRONG_LEAST
            or (self.lead_medium >= LEAD_MEDIUM_LEAST and self.medium >= MEDIUM_LEAST)
        )


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


def topics_of(text: str, lexicon: Lexicon) -> Topics:
    """Count the topics of a stretch of text."""
    return Topics(Counter(match.family for match in lexicon.find_topics(shape(text))))


def focus_of(title: str, text: str, lexicon: Lexicon) -> Focus:
    """Measure an article."""
    whole = topics_of(f"{title}\n{text}", lexicon)
    lead = topics_of(f"{title}\n{text[:LEAD_CHARS]}", lexicon)
    return Focus(whole.strong, whole.medium, lead.strong, lead.medium, whole.counts["off_topic"])
