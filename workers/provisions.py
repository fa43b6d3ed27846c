"""Load what the settings name: the catalogue, the endpoints. Every fault is told at once, by `ProvisionError`."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from workers.assets import AssetError, bundled_text, operators_text, toml_of
from workers.delivery.chat_services import EndpointFormat, parse_services
from workers.delivery.endpoints import Endpoint, EndpointsError, parse_endpoints
from workers.domain.catalogue import Catalogue, CatalogueError
from workers.domain.catalogue_file import parse_catalogue
from workers.domain.offices import parse_offices


class ProvisionError(Exception):
    """What the settings name cannot be used. `problems` has one sentence for each fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load_catalogue(path: Path | None, conflict_ids: Sequence[str]) -> Catalogue:
    """The catalogue at `path`, or the bundled one for None, with the picked conflicts only (all for none picked)."""
    source = str(path) if path else "config/catalogue.toml"
    try:
        catalogue = _parsed(operators_text(path) if path else bundled_text("config", "catalogue.toml"), source)
    except AssetError as error:
        raise ProvisionError([f"TRUCEWATCH_CATALOGUE: {error}"]) from error
    except CatalogueError as error:
        raise ProvisionError(error.problems) from error
    try:
        return catalogue.restricted_to(conflict_ids) if conflict_ids else catalogue
    except CatalogueError as error:
        raise ProvisionError([f"TRUCEWATCH_CONFLICTS: {problem}" for problem in error.problems]) from error


@lru_cache(maxsize=1)
def _parsed(text: str, source: str) -> Catalogue:
    """The catalogue of a text. A process loads the same one several times while it starts, and reads it once."""
    offices = parse_offices(toml_of(bundled_text("config", "offices.toml"), "config/offices.toml"))
    return parse_catalogue(toml_of(text, source), source, offices=offices, text=text)


class _AnyId(Collection[str]):
    """Every id there may be: what stands for the catalogue's where there is none to ask."""

    def __contains__(self, _: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def load_endpoints(value: str | None, secrets: Sequence[str], catalogue: Catalogue | None) -> tuple[Endpoint, ...]:
    """The endpoints that TRUCEWATCH_WEBHOOKS names; none when it is unset. Without a catalogue no id is refused."""
    if value is None:
        return ()
    actor_ids: Collection[str] = _AnyId()
    conflict_ids: Collection[str] = _AnyId()
    if catalogue is not None:
        actor_ids = {actor.actor_id for actor in catalogue.actors}
        conflict_ids = {conflict.conflict_id for conflict in catalogue.conflicts}
    services = parse_services(toml_of(bundled_text("config", "chat.toml"), "config/chat.toml"))
    try:
        found = parse_endpoints(value, secrets, actor_ids, conflict_ids, services)
    except EndpointsError as error:
        raise ProvisionError([f"TRUCEWATCH_WEBHOOKS: {problem}" for problem in error.problems]) from error
    lacking = [one.name for one in found if one.format is EndpointFormat.APPRISE]
    if lacking and importlib.util.find_spec("apprise") is None:
        why = "needs the library apprise: pip install 'trucewatch[apprise]'"
        raise ProvisionError([f"TRUCEWATCH_WEBHOOKS: endpoint {name}: {why}" for name in lacking])
    return found
