"""Hand one delivery to apprise, in a process of its own that may only do that, and say what came of it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence

from workers.addresses import Network
from workers.domain.alert import Delivery
from workers.domain.retry import Verdict

_START_S = 5.0  # the process and the library take 0.5 s to be loaded, on a busy machine more
_WORDS = {
    1: "apprise could not send it",
    3: "apprise does not know this address",
    4: "the address leads to where no request may go; no setting opens its network",
}


async def hand_over(
    url: str, delivery: Delivery, networks: Sequence[Network], total_s: float
) -> tuple[Verdict, str | None]:
    """Send by apprise within `total_s` seconds; answers the verdict, and why it is no success.

    Why it failed apprise tells in its log only, in which addresses may stand: nothing of it is passed on.
    """
    try:
        words = json.loads(delivery.body)
        order = {"title": words["title"], "body": words["body"], "url": url}
    except (ValueError, KeyError, TypeError):
        return Verdict.DEAD, "it was written down for another format"
    order["networks"] = [str(network) for network in networks]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workers.delivery.apprise_child",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},  # none of our secrets, no proxy
    )  # fmt: skip
    try:
        async with asyncio.timeout(total_s + _START_S):
            await child.communicate(json.dumps(order).encode())
    except TimeoutError:
        return Verdict.RETRY, f"not sent within {total_s:g} s"
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == 0:
        return Verdict.DELIVERED, None
    return Verdict.RETRY, _WORDS.get(child.returncode or 0, "apprise broke down")
