from __future__ import annotations

from pathlib import Path

import pytest

from tests.archives import CATALOGUE
from workers.provisions import ProvisionError, load_catalogue


def test_a_catalogue_is_read_anew_when_its_file_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text(CATALOGUE, encoding="utf-8")
    first = load_catalogue(path, ())
    assert load_catalogue(path, ()) is first
    path.write_text(CATALOGUE.replace('name = "Southland"', 'name = "Southlands"', 1), encoding="utf-8")
    assert load_catalogue(path, ()).named("Southlands")
    path.write_text(CATALOGUE.replace('name = "Southland"\n', "", 1), encoding="utf-8")
    with pytest.raises(ProvisionError, match="name is missing"):
        load_catalogue(path, ())


def test_a_file_that_cannot_be_read_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match=r"TRUCEWATCH_CATALOGUE: .*absent.toml"):
        load_catalogue(tmp_path / "absent.toml", ())
