"""What a person should look at in a catalogue that parses: names and offices that two actors claim at once, and gaps.

Pure. These are warnings: the service starts with them, `trucewatch check` prints them. What cannot be read at all is an
error of `catalogue_file.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from workers.domain.catalogue import Actor, ActorKind, Authority, Catalogue

# An office changes hands on one day, which both entries may name.
HANDOVER = timedelta(days=1)


def check_catalogue(catalogue: Catalogue) -> list[str]:
    """List what is doubtful, one sentence each with its place: first names, then offices, people, parties, conflicts.

    Names, aliases and demonyms must be one actor's within a conflict at any time, offices one person's within a party,
    the day of a change apart. A person should speak for a party, a party should have a leader, a conflict two parties,
    an actor a conflict.
    """
    return [
        *_clashes(catalogue, "name", _names, _conflict_ids),
        *_clashes(catalogue, "demonym", lambda actor: actor.demonyms, _conflict_ids),
        *_clashes(catalogue, "office", lambda actor: actor.offices, _party_ids),
        *_lonely_people(catalogue),
        *_actors_of_no_conflict(catalogue),
        *_leaderless_parties(catalogue),
        *_one_sided_conflicts(catalogue),
    ]


class _Claim(NamedTuple):
    """One actor's claim on a word, from a first to a last day."""

    first: date
    last: date
    actor: Actor


def _clashes(
    catalogue: Catalogue,
    what: str,
    words_of: Callable[[Actor], Iterable[str]],
    scopes_of: Callable[[Catalogue, Actor], Iterable[str]],
) -> Iterator[str]:
    """Find words that two actors claim at once in the same scope; one sentence for each pair of actors."""
    claims: Mapping[str, list[Actor]] = _grouped(
        (word.casefold(), actor) for actor in catalogue.actors for word in dict.fromkeys(words_of(actor))
    )
    told: set[tuple[str, str, str]] = set()
    for word, actors in claims.items():
        by_scope = _grouped((scope, actor) for actor in _once(actors) for scope in scopes_of(catalogue, actor))
        for scope, rivals in by_scope.items():
            for one, other in _overlapping(rivals):
                if (word, one.actor_id, other.actor_id) not in told:
                    told.add((word, one.actor_id, other.actor_id))
                    rival = catalogue.place_of(other)
                    yield f"{catalogue.place_of(one)}: {rival} has the same {what} {word!r} at that time, in {scope!r}"


def _overlapping(actors: list[Actor]) -> Iterator[tuple[Actor, Actor]]:
    """Pair each actor with an earlier one whose time overlaps its own by more than the day of a change."""
    if len(actors) < 2:  # noqa: PLR2004 a pair
        return
    claims = sorted(
        (_Claim(a.active_from or date.min, a.active_to or date.max, a) for a in actors),
        key=lambda claim: (claim.first, claim.last, claim.actor.actor_id),
    )
    longest = claims[0]
    for claim in claims[1:]:
        if longest.last - claim.first >= HANDOVER:
            yield longest.actor, claim.actor
        longest = max(longest, claim, key=lambda claim: claim.last)


def _names(actor: Actor) -> Iterable[str]:
    return (actor.name, *actor.aliases)


def _conflict_ids(catalogue: Catalogue, actor: Actor) -> Iterable[str]:
    return (conflict.conflict_id for conflict in catalogue.conflicts_of(actor.actor_id))


def _party_ids(catalogue: Catalogue, actor: Actor) -> Iterable[str]:  # noqa: ARG001 one shape with _conflict_ids
    return () if actor.speaks_for is None else (actor.speaks_for,)


def _once(actors: list[Actor]) -> list[Actor]:
    """Drop an actor's second claim on a word, made by another spelling of it ("US" and "us")."""
    return list({actor.actor_id: actor for actor in actors}.values())


def _lonely_people(catalogue: Catalogue) -> Iterator[str]:
    for actor in catalogue.actors:
        if actor.kind is ActorKind.PERSON and actor.speaks_for is None:
            yield f"{catalogue.place_of(actor)}: speaks for no party (speaks_for is missing)"


def _actors_of_no_conflict(catalogue: Catalogue) -> Iterator[str]:
    for actor in catalogue.actors:
        if not catalogue.conflicts_of(actor.actor_id):
            yield f"{catalogue.place_of(actor)}: bears on no conflict, neither itself nor through whom it speaks for"


def _leaderless_parties(catalogue: Catalogue) -> Iterator[str]:
    for conflict in catalogue.conflicts:
        for party_id in conflict.parties:
            if not any(actor.authority is Authority.LEADER for actor in _voices(catalogue, party_id)):
                yield f"{catalogue.place_of(conflict)}: the party {party_id!r} has no leader"


def _voices(catalogue: Catalogue, party_id: str) -> Iterable[Actor]:
    return (catalogue.actor(party_id), *catalogue.spokesmen_of(party_id))


def _one_sided_conflicts(catalogue: Catalogue) -> Iterator[str]:
    for conflict in catalogue.conflicts:
        if len(conflict.parties) < 2:  # noqa: PLR2004 it takes two
            yield f"{catalogue.place_of(conflict)}: has only one party"


def _grouped(pairs: Iterable[tuple[str, Actor]]) -> dict[str, list[Actor]]:
    groups: defaultdict[str, list[Actor]] = defaultdict(list)
    for key, actor in pairs:
        groups[key].append(actor)
    return groups
