"""A receiver on loopback, and a client that may go there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from tests.receivers import Receiver, a_receiver
from workers.outbound import Outbound, open_outbound


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with a_receiver() as running:
        yield running


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    async with open_outbound([ip_network("127.0.0.0/8")], "trucewatch-test") as opened:
        yield opened
