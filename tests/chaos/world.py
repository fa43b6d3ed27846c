"""The invented world of the chaos: six wars, their parties and leaders, and four publishers."""

from __future__ import annotations

from pathlib import Path

WARS = ("amber", "birch", "cedar", "dune", "ember", "fjord")
SIDES = ("north", "south")
PUBLISHERS = ("alder", "beech", "clover", "daisy")
CATALOGUE = "catalogue.toml"


def leader_of(war: str, side: str) -> str:
    """The id of the leader of one side."""
    return f"{war}-{side}-leader"


def leaders() -> list[tuple[str, str]]:
    """Every war with each of its leaders."""
    return [(war, leader_of(war, side)) for war in WARS for side in SIDES]


def write_catalogue(folder: Path) -> Path:
    """Write the world as a catalogue; returns its file."""
    parts = ["version = 1"]
    for war in WARS:
        name = war.title()
        parties = ", ".join(f'"{war}-{side}"' for side in SIDES)
        parts.append(
            f'[[conflict]]\nid = "{war}"\nname = "{name} war"\nparties = [{parties}]\nothers = []\n'
            f'terms = ["{name} Valley"]'
        )
        for side in SIDES:
            party = f"{name} {side.title()}"
            parts.append(f'[[actor]]\nid = "{war}-{side}"\nname = "{party}"\nkind = "state"\naliases = ["{party}land"]')
            parts.append(
                f'[[actor]]\nid = "{leader_of(war, side)}"\nname = "{party} Leader"\nkind = "person"\n'
                f'speaks_for = "{war}-{side}"\nauthority = "leader"'
            )
    path = folder / CATALOGUE
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path
