"""Load the data files that ship with the project, or those that an operator names instead."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any


class AssetError(Exception):
    """A data file cannot be read; `path` names it."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


def bundled_text(package: str, name: str) -> str:
    """The text of a file that ships with the project ("config", "catalogue.toml")."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def operators_text(path: Path, most_bytes: int = 20_000_000) -> str:
    """The text of a file that an operator names; raises AssetError when it cannot be read or is no text."""
    try:
        if path.stat().st_size > most_bytes:
            raise AssetError(str(path), f"is larger than {most_bytes} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise AssetError(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AssetError(str(path), f"is not UTF-8 text: {error.reason} at byte {error.start}") from error


def toml_of(text: str, source: str) -> Mapping[str, Any]:
    """Parse TOML; raises AssetError naming the file and the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AssetError(source, f"is not TOML: {error}") from error
