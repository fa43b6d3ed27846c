"""Which conflict a text, or one passage of it, is about; only those that are on at the day are considered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from workers.domain.catalogue import Catalogue, Conflict
from workers.reading.actors import folded

# How near a term must be to bind a passage to its conflict; the sums are compared, the units are one mention each.
WEIGHTS = {"passage": 6.0, "paragraph": 3.0, "title": 2.0, "article": 0.25}
ARTICLE_MOST = 12  # mentions in the article beyond this many prove nothing more
PARTY_BONUS = 3.0  # the speaker's party fights in it
MOST_CONFLICTS_OF_A_TERM = 4  # "the United States" bears on all conflicts of the catalogue and tells none of them
OTHER_BONUS = 2.0  # the speaker's party is listed with it


class ConflictFinder:
    """One matcher over the terms of every conflict."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._by_term: dict[str, list[Conflict]] = {}
        for conflict in catalogue.conflicts:
            for term in _terms(conflict, catalogue):
                self._by_term.setdefault(term, []).append(conflict)
        ordered = sorted(self._by_term, key=lambda t: (-len(t), t))
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?!\w)" if ordered else r"(?!)")

    def named(self, text: str, day: date) -> Counter[str]:
        """How often the terms of each conflict that is on at `day` occur, by conflict id."""
        counts: Counter[str] = Counter()
        for hit in self._pattern.finditer(folded(text)):
            for conflict in self._by_term[hit.group()]:
                if conflict.active_on(day):
                    counts[conflict.conflict_id] += 1
        return counts

    def names_any(self, text: str, day: date) -> bool:
        """Tell as cheaply as can be whether any conflict that is on at `day` is named."""
        for hit in self._pattern.finditer(folded(text)):
            if any(conflict.active_on(day) for conflict in self._by_term[hit.group()]):
                return True
        return False

    def pick(
        self, candidates: Sequence[Conflict], parties: Iterable[str], places: Mapping[str, Counter[str]]
    ) -> Conflict | None:
        """The conflict that a passage is about. `parties` are the speaker's; `places` counts terms by nearness."""
        best: tuple[float, Conflict | None] = (0.0, None)
        speakers = set(parties)
        for conflict in candidates:
            near = sum(
                WEIGHTS[place] * min(counts[conflict.conflict_id], ARTICLE_MOST) for place, counts in places.items()
            )
            if speakers & set(conflict.parties):
                near += PARTY_BONUS
            elif speakers & set(conflict.others):
                near += OTHER_BONUS
            if near > best[0]:
                best = (near, conflict)
        return best[1]


def _terms(conflict: Conflict, catalogue: Catalogue) -> set[str]:
    """Its own terms, and the names of its parties, but for powers that have a say in many conflicts."""
    terms = {folded(term) for term in conflict.terms}
    for party_id in conflict.parties:
        party = catalogue.actor(party_id)
        if len(catalogue.conflicts_of(party_id)) > MOST_CONFLICTS_OF_A_TERM:
            continue
        terms.update(folded(name) for name in (party.name, *party.demonyms) if name[:1].isupper())
    return terms
