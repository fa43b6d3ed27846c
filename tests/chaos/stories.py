"""Generated stories with known truth: who says what is drawn here, and written into the text as markup or in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from tests.chaos.world import PUBLISHERS, leaders

POSITIONS = ("reject", "doubt", "conditional", "support")
SKEW_S = 240  # a story is dated up to so long before it appears: feeds bring news late and out of order
COPIES, REVISIONS = 0.08, 0.12
RECENT = 60  # stories of a publisher that may still be revised; its feed shows them
SYLLABLES = ("ba", "do", "fi", "gu", "ka", "le", "mo", "nu", "pa", "ri", "so", "ty", "ve", "xu", "zi")
# For the real reader: how each position is put into words. Every story has words of its own besides.
VOICED = {"reject": "We reject the ceasefire of", "support": "We accept the ceasefire of"}
SPEAKERS = (
    ("putin", "Russian President Vladimir Putin", "Moscow"),
    ("zelensky", "Ukrainian President Volodymyr Zelensky", "Kyiv"),
)


@dataclass(frozen=True, slots=True)
class Story:
    """One story as its feed shows it now. `published_at` is its own date, `out_at` when it appeared (both UTC).

    `actor_id`, `position` and `quote` are the truth; `position` is "" when the revision says nothing any more.
    """

    number: int
    publisher: str
    revision: int
    title: str
    text: str
    published_at: datetime
    out_at: datetime
    actor_id: str
    position: str
    quote: str


class Author:
    """Draws stories from a seed. `real` ones are for the language model, the others carry markup."""

    def __init__(self, seed: int, born_at: datetime, *, real: bool) -> None:
        self._random = Random(seed)
        self._born_at = born_at + timedelta(seconds=2)  # what was said before the store's birth is history (law 6)
        self._real = real

    def next(self, stories: Sequence[Story], now: datetime) -> Story:
        """The next thing that a publisher brings: a new story, a copy of another's, or a revision of its own."""
        drawn = self._random.random()
        recent = list(stories[-RECENT:])
        if recent and drawn < REVISIONS:
            return self._revised(self._random.choice(recent), now)
        original = self._random.choice(recent) if recent and drawn < REVISIONS + COPIES else None
        number = max((story.number for story in stories), default=0) + 1
        published_at = self._dated(stories, now)
        if original is not None and original.position and original.published_at < published_at:
            others = [name for name in PUBLISHERS if name != original.publisher]
            found = replace(original, number=number, publisher=self._random.choice(others), revision=1)
            return replace(found, published_at=published_at, out_at=now, title=f"{original.title} again")
        actor_id = self._random.choice([name for name, *_ in SPEAKERS] if self._real else [who for _, who in leaders()])
        return self._written(number, self._random.choice(PUBLISHERS), 1, published_at, now, actor_id)

    def _revised(self, story: Story, now: datetime) -> Story:
        """Take the words back, or change them: the latest revision speaks."""
        revision = story.revision + 1
        if story.position and self._random.random() < 0.3:
            text = f"A truce is talked about. Corrected: {self._words(8)}."
            return replace(story, revision=revision, text=text, position="", quote="", out_at=now)
        return self._written(story.number, story.publisher, revision, story.published_at, now, story.actor_id)

    def _written(  # noqa: PLR0917
        self, number: int, publisher: str, revision: int, published_at: datetime, now: datetime, actor_id: str
    ) -> Story:
        position = self._random.choice(tuple(VOICED) if self._real else POSITIONS)
        title, text, quote = (self._voiced if self._real else self._marked)(number, actor_id, position)
        return Story(number, publisher, revision, title, text, published_at, now, actor_id, position, quote)

    def _marked(self, number: int, actor_id: str, position: str) -> tuple[str, str, str]:
        quote = self._words(12)
        return f"Story {number} on a truce", f"A truce. [{actor_id} {position}] {quote}", quote

    def _voiced(self, number: int, actor_id: str, position: str) -> tuple[str, str, str]:
        # Nothing but the quote says where the speaker stands: two stories that share a formula are one cause (law 4).
        _, office, town = next(speaker for speaker in SPEAKERS if speaker[0] == actor_id)
        quote = f"{VOICED[position]} {self._words(2)}, because the {self._words(4)} of our {self._words(6)}"
        return f"{self._words(2).title()}: story {number}", f'"{quote}," {office} said in {town} of Ukraine.', quote

    def _dated(self, stories: Sequence[Story], now: datetime) -> datetime:
        """A whole second before now that no story has yet, so that the order of what was said is plain."""
        taken = {story.published_at for story in stories}
        oldest = max(self._born_at, now - timedelta(seconds=SKEW_S))
        skew = 0 if self._random.random() < 0.5 else self._random.random()
        moment = (now - skew * (now - oldest)).replace(microsecond=0)
        while moment in taken and moment > oldest:
            moment -= timedelta(seconds=1)
        return moment

    def _words(self, count: int) -> str:
        return " ".join(
            "".join(self._random.choice(SYLLABLES) for _ in range(self._random.randint(2, 4))) for _ in range(count)
        )
