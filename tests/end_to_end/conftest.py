"""The town in which the service is run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.town import Town


@pytest.fixture
def town() -> Iterator[Town]:
    with TemporaryDirectory(prefix="tw-") as folder:
        town = Town(Path(folder))
        yield town
        town.store.stop()
