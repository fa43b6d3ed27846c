"""Hold resources against strict schemas: those of Kubernetes, and of custom resources by their definitions.

Run by the tools' own interpreter: `python kubernetes_schemas.py RESOURCES.yaml FOLDER_OF_DEFINITIONS`. A kind that
neither knows is a failure, and so is a field that the schema does not have.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

VERSION = "1.30"


def main() -> int:
    """Say what is wrong; the exit code is 1 when anything is."""
    resources = [one for one in yaml.safe_load_all(Path(sys.argv[1]).read_text(encoding="utf-8")) if one]
    known = definitions(Path(sys.argv[2]))
    problems = [problem for one in resources for problem in problems_of(one, known)]
    print("\n".join(problems) or f"{len(resources)} resources, {len({one['kind'] for one in resources})} kinds")
    return 1 if problems else 0


def definitions(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The schemas of custom resources by (apiVersion, kind)."""
    found = {}
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        for one in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            for version in one["spec"]["versions"]:
                name = f"{one['spec']['group']}/{version['name']}"
                found[name, one["spec"]["names"]["kind"]] = version["schema"]["openAPIV3Schema"]
    return found


def problems_of(resource: dict[str, Any], known: dict[tuple[str, str], dict[str, Any]]) -> list[str]:
    """What is wrong with one resource."""
    name = f"{resource['kind']}/{resource['metadata']['name']}"
    schema = known.get((resource["apiVersion"], resource["kind"]))
    if schema is not None:
        errors = jsonschema.Draft202012Validator(strict(schema)).iter_errors(resource)
        return [f"{name}: {'.'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]
    try:
        kubernetes_validate.validate(resource, VERSION, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        return [f"{name}: the kind {resource['apiVersion']} {resource['kind']} is not known"]
    except kubernetes_validate.ValidationError as error:
        return [f"{name}: {'.'.join(map(str, error.path))}: {error.message[:300]}"]
    return []


def strict(schema: Any) -> Any:
    """The schema with nothing allowed besides what it lists; `metadata` is the cluster's own."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    free = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict) and not free:
        made["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    return made


if __name__ == "__main__":
    sys.exit(main())
