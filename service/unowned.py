"""History that the catalogue no longer owns: of conflicts and actors that left it, or have another id now."""

from __future__ import annotations

from collections.abc import Iterator

from workers.domain.catalogue import Catalogue
from workers.domain.policy import Policy
from workers.storage.ledger import Ledger
from workers.storage.renames import Renames


def adopt_renamed(renames: Renames, catalogue: Catalogue, policy: Policy) -> list[str]:
    """Give the history of former ids to the actors that name them; returns one sentence for each that had some."""
    found = []
    for actor in catalogue.actors:
        for former_id in actor.formerly:
            conflict_ids = renames.adopt(former_id, actor.actor_id, policy)
            if conflict_ids:
                found.append(
                    f"the history of actor {former_id!r} on {', '.join(conflict_ids)} is {actor.actor_id!r}'s now"
                )
    return found


def unowned_history(ledger: Ledger, catalogue: Catalogue) -> Iterator[str]:
    """Name what has history and is not in the catalogue, and say what can be done about it."""
    of_strangers: dict[str, list[str]] = {}
    for conflict_id in ledger.conflict_ids():
        if not catalogue.has_conflict(conflict_id):
            yield (
                f"conflict {conflict_id!r} has history and is not watched: the history is kept and shown as inactive, "
                "nothing more is told of it"
            )
        for actor_id in ledger.changes(conflict_id):
            if not catalogue.has_actor(actor_id) and catalogue.has_conflict(conflict_id):
                of_strangers.setdefault(actor_id, []).append(conflict_id)
    for actor_id, conflict_ids in sorted(of_strangers.items()):
        yield (
            f"actor {actor_id!r} has history on {', '.join(conflict_ids)} and is not in the catalogue: nothing more is "
            f'told of it. Where it was renamed, write formerly = ["{actor_id}"] in the [[actor]] that it is now'
        )
