"""How long after a kill the work of the dead goes on elsewhere, as the store shows it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import redis

from tests.chaos.press import Journal
from workers.relief import mark_of
from workers.storage import keys

LOOK_S = 0.02
LONGEST_S = 300.0


@dataclass(frozen=True, slots=True)
class Held:
    """What a worker had in hand: an article, or a lane with the token of its lease."""

    what: str
    mark: str
    is_lane: bool


class Recoveries:
    """Follows what killed workers had in hand until somebody else has it, or it is done. One thread for each."""

    def __init__(self, url: str, journal: Journal) -> None:
        self._client = redis.Redis.from_url(url, decode_responses=True, socket_timeout=2)
        self._journal = journal
        self._troubles: list[float] = []

    def before(self, kind: str, pid: int, parent: int) -> Held | None:
        """Look at what is in the hand of the worker that is to be killed; None for others, or an idle one."""
        with suppress(redis.RedisError):
            if kind == "reader":
                return self._article_of(mark_of(parent, pid))
            if kind == "sender":
                return self._lane_of(mark_of(parent, pid))
        return None

    def after(self, kind: str, held: Held | None) -> None:
        """Follow what it had; a kill of anything but one worker disturbs what is followed."""
        if held is not None:
            threading.Thread(target=self._follow, args=(kind, held, time.monotonic()), daemon=True).start()
        elif kind not in {"reader", "sender", "parser"}:
            self.disturb(kind)

    def disturb(self, _what: str) -> None:
        """Note that something else befell the service: what is being followed waits for that as well."""
        self._troubles.append(time.monotonic())

    def _article_of(self, mark: str) -> Held | None:
        in_hand = self._client.hgetall(keys.in_hand())
        return next((Held(article, mark, is_lane=False) for who, article in in_hand.items() if mark in who), None)

    def _lane_of(self, mark: str) -> Held | None:
        lanes = self._client.zrange(keys.lanes_due(), 0, -1)
        tokens = self._client.mget([keys.lane_lease(lane) for lane in lanes]) if lanes else []
        return next(
            (
                Held(lane, mark, is_lane=True)
                for lane, token in zip(lanes, tokens, strict=True)
                if mark in (token or "")
            ),
            None,
        )

    def _follow(self, kind: str, held: Held, since: float) -> None:
        while time.monotonic() - since < LONGEST_S:
            with suppress(redis.RedisError):
                if self._goes_on(held):
                    took = time.monotonic() - since
                    disturbed = any(since - 2 < at < since + took for at in self._troubles)
                    self._journal.write(
                        {
                            "at": time.time(),
                            "kind": kind,
                            "what": held.what,
                            "took_s": round(took, 3),
                            "disturbed": disturbed,
                        }
                    )
                    return
            time.sleep(LOOK_S)
        self._journal.write({"kind": kind, "took_s": LONGEST_S, "disturbed": False})

    def _goes_on(self, held: Held) -> bool:
        if held.is_lane:
            token = self._client.get(keys.lane_lease(held.what))
            score = self._client.zscore(keys.lanes_due(), held.what)
            if token:
                return held.mark not in token
            return score is None or score > time.time()
        in_hand = self._client.hgetall(keys.in_hand())
        if any(article == held.what and held.mark not in who for who, article in in_hand.items()):
            return True
        return not self._client.exists(keys.article_token(held.what))
