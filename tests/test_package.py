"""What an installed wheel has: every module and every data file of the four packages."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("config", "seeds", "service", "workers")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*")) if path.is_file()]


@pytest.fixture(scope="module")
def packed() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"])


def test_every_folder_with_modules_is_a_package_of_the_wheel(packed: dict[str, Any]) -> None:
    folders = {path.parent.relative_to(ROOT) for path in FILES if path.suffix == ".py"}
    assert {".".join(folder.parts) for folder in folders} == set(packed["packages"])


def test_every_data_file_is_in_the_wheel(packed: dict[str, Any]) -> None:
    left_out = [
        str(path.relative_to(ROOT))
        for path in FILES
        if path.suffix not in {".py", ".pyc"}
        and not any(
            fnmatch(path.name, pattern)
            for pattern in packed["package-data"].get(".".join(path.parent.relative_to(ROOT).parts), ())
        )
    ]
    assert left_out == []
