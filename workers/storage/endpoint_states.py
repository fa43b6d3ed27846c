"""How endpoints fare: which are disabled, which are left alone for a while, who asks whether they are back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from workers.domain.breaker import Breaker
from workers.storage import keys, outbox_scripts
from workers.storage.client import Client
from workers.storage.outbox_records import Disabled, breaker_of, disabled_of, endpoint_of, milliseconds
from workers.storage.records import records_of
from workers.storage.tallies import Tallies


class EndpointStates:
    """The states of endpoints by name."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._give_back = client.register_script(outbox_scripts.RELEASE)
        self._rest = client.register_script(outbox_scripts.REST)

    def breaker(self, endpoint: str) -> Breaker:
        """How an endpoint fares."""
        fields = ("failures", "opened_at", "until", "probes")
        return breaker_of(self._client.hmget(keys.endpoint_trouble(endpoint), fields))

    def open_breaker(self, endpoint: str, breaker: Breaker) -> None:
        """Leave an endpoint alone until the breaker says."""
        if breaker.opened_at is None or breaker.until is None:
            raise ValueError("the breaker is not open")
        fields = {
            "opened_at": breaker.opened_at.timestamp(),
            "until": breaker.until.timestamp(),
            "probes": breaker.probes,
        }
        self._client.hset(keys.endpoint_trouble(endpoint), mapping=fields)

    def close_breaker(self, endpoint: str) -> bool:
        """Forget an endpoint's failures, and for how long it asked to be left alone; False when it had no failures."""
        self._client.delete(keys.endpoint_rest(endpoint))
        return bool(self._client.delete(keys.endpoint_trouble(endpoint)))

    def rest(self, endpoint: str, until: datetime, now: datetime) -> None:
        """Send an endpoint nothing until then; a longer rest that it has already is kept."""
        left_ms = milliseconds((until - now).total_seconds())
        if left_ms > 0:
            self._rest(keys=[keys.endpoint_rest(endpoint)], args=[until.timestamp(), left_ms])

    def rests_for_s(self, endpoint: str) -> float:
        """For how many seconds more nothing is sent to an endpoint because it, or its service, asks for that."""
        return max(0, int(self._client.pttl(keys.endpoint_rest(endpoint)))) / 1000

    def take_probe(self, endpoint: str, token: str, lease_s: float) -> bool:
        """Become the one job that asks an endpoint that is away; False when another one does."""
        return bool(self._client.set(keys.endpoint_probe(endpoint), token, nx=True, px=milliseconds(lease_s)))

    def leave_probe(self, endpoint: str, token: str) -> None:
        """Let another job ask."""
        self._give_back(keys=[keys.endpoint_probe(endpoint)], args=[token])

    def note_answers(self, endpoint: str, answers: Mapping[str, int]) -> None:
        """Count sends to an endpoint by what they were answered, for /metrics."""
        Tallies(self._client).count_answers(endpoint, answers)

    def disable(self, endpoint: str, why: str, at: datetime) -> bool:
        """Send an endpoint nothing more; False when it was disabled already."""
        text = records_of(Disabled).dump(Disabled(why, at))
        return bool(self._client.hsetnx(keys.endpoints_disabled(), endpoint, text))

    def enable(self, endpoint: str) -> bool:
        """Send to an endpoint again; False when it was not disabled."""
        return bool(self._client.hdel(keys.endpoints_disabled(), endpoint))

    def disabled(self) -> dict[str, Disabled]:
        """The disabled endpoints by name."""
        found: dict[str, str] = self._client.hgetall(keys.endpoints_disabled())
        return {endpoint: disabled_of(text) for endpoint, text in found.items()}

    def hasten(self, endpoint: str, now: datetime) -> int:
        """Make every lane of an endpoint due now; returns how many there are."""
        lanes = self.lanes_of(endpoint)
        if lanes:
            self._client.zadd(keys.lanes_due(), dict.fromkeys(lanes, now.timestamp()), xx=True, lt=True)
        return len(lanes)

    def lanes_of(self, endpoint: str) -> list[str]:
        """The lanes in which something waits for an endpoint."""
        return [lane for lane in self._client.zrange(keys.lanes_due(), 0, -1) if endpoint_of(lane) == endpoint]
