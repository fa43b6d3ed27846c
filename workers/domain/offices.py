"""How much weight an office gives to the words of whoever holds it.

Pure: the word lists are data (`config/offices.toml`), read by the caller and handed to `parse_offices`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workers.domain.catalogue import Authority


@dataclass(frozen=True, slots=True)
class OfficeRanks:
    """The words by which the authority of an office is told, as patterns of lower case.

    `spokesperson` is tried first, then `lesser`, which makes any office an official's ("deputy foreign minister",
    "former president"). Of `minister` and `leader` the longer match wins: a "prime minister" is no "minister", a "vice
    president" no "president". An office that matches nothing is an official's.
    """

    spokesperson: re.Pattern[str]
    lesser: re.Pattern[str]
    minister: re.Pattern[str]
    leader: re.Pattern[str]

    def authority_of(self, office: str) -> Authority:
        """Tell the authority of one office, such as "Russian foreign minister"."""
        low = office.lower()
        if self.spokesperson.search(low):
            return Authority.SPOKESPERSON
        if self.lesser.search(low):
            return Authority.OFFICIAL
        as_minister, as_leader = _longest(self.minister, low), _longest(self.leader, low)
        if not as_minister and not as_leader:
            return Authority.OFFICIAL
        return Authority.LEADER if as_leader > as_minister else Authority.MINISTER

    def highest_of(self, offices: Iterable[str]) -> Authority:
        """Tell the highest authority among the offices of one person; `OFFICIAL` when there are none."""
        return max(map(self.authority_of, offices), default=Authority.OFFICIAL)


def parse_offices(data: Mapping[str, Any]) -> OfficeRanks:
    """Read the word lists from the parsed TOML: a table `[authority]` with one list of phrases for each field.

    A phrase matches whole words, in any case, but not a possessive ("the president's envoy" is no president); a `*`
    at its end stands for any ending. Raises ValueError naming the list that is missing or is no list of words.
    """
    table = data.get("authority")
    if not isinstance(table, Mapping):
        raise ValueError("offices: the table [authority] is missing")  # noqa: TRY004 one error for bad data
    wanted = OfficeRanks.__dataclass_fields__
    unknown = sorted(set(table) - set(wanted))
    if unknown:
        raise ValueError(f"offices: [authority] has unknown lists {unknown}; allowed are {sorted(wanted)}")
    return OfficeRanks(**{name: _any_of(name, table.get(name)) for name in wanted})


def _any_of(name: str, phrases: object) -> re.Pattern[str]:
    if not isinstance(phrases, list) or not phrases or not all(isinstance(p, str) and p.strip() for p in phrases):
        raise ValueError(f"offices: [authority] {name} must be a list of words, at least one")
    longest_first = sorted((phrase.strip() for phrase in phrases), key=len, reverse=True)
    # What all share stands once, and lower case is compared: six times as fast, which ten thousand offices notice.
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(_phrase, longest_first))})")


def _phrase(phrase: str) -> str:
    """Spell one phrase as a pattern: a blank also matches a hyphen, as in "vice-president"."""
    words = [re.escape(word) for word in phrase.lower().rstrip("*").split()]
    end = "" if phrase.endswith("*") else r"(?![\w'\u2019])"
    return r"[\s-]+".join(words) + end


def _longest(pattern: re.Pattern[str], office: str) -> int:
    """Measure the longest match in characters; 0 when there is none."""
    return max((len(match.group()) for match in pattern.finditer(office)), default=0)
