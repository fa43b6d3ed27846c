"""List what is installed beside this interpreter as a CycloneDX 1.5 bill of materials, on standard output.

`python deploy/sbom.py requirements.lock`: the lock gives the hashes by which each package was admitted. The same
packages always give the same text. https://cyclonedx.org/docs/1.5/json/
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

PROJECT = "trucewatch"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def main() -> None:
    """Write the bill for the lock that the command line names."""
    hashes = hashes_of(Path(sys.argv[1]).read_text(encoding="utf-8"))
    json.dump(bill_of(list(distributions()), hashes), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")


def bill_of(installed: list[Distribution], hashes: Mapping[tuple[str, str], tuple[str, ...]]) -> dict[str, Any]:
    """The bill of these packages; the project itself is what the bill is about."""
    found = {plain(one.metadata["Name"]): one for one in installed}
    ours = found.pop(PROJECT, None)
    about = {"type": "application", "name": PROJECT, "version": ours.version if ours else "0"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**about, "licenses": [{"license": {"id": "Apache-2.0"}}]}},
        "components": [component(name, found[name], hashes) for name in sorted(found)],
    }


def component(name: str, one: Distribution, hashes: Mapping[tuple[str, str], tuple[str, ...]]) -> dict[str, Any]:
    """One package. The lock's hashes are those of all its files, of which one was installed."""
    described: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": one.version,
        "purl": f"pkg:pypi/{name}@{one.version}",
        "bom-ref": f"{name}@{one.version}",
        "properties": [
            {"name": "trucewatch:admitted-sha256", "value": value} for value in hashes.get((name, one.version), ())
        ],
    }
    licence = one.metadata.get("License-Expression") or one.metadata.get("License")
    if licence and len(licence) <= 100:  # noqa: PLR2004 - some packages put the whole text there
        described["licenses"] = [{"license": {"name": licence}}]
    return described


def hashes_of(lock: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """The hashes in a lock, by name and version."""
    return {key: tuple(sorted(found)) for key, found in _pins(lock)}


def _pins(lock: str) -> Iterator[tuple[tuple[str, str], list[str]]]:
    current: tuple[tuple[str, str], list[str]] | None = None
    for line in lock.splitlines():
        if pin := _PIN.match(line):
            if current:
                yield current
            current = (plain(pin["name"]), pin["version"]), []
        if current:
            current[1].extend(_HASH.findall(line))
    if current:
        yield current


def plain(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
