"""Which poller polls which feed now: leases with fencing tokens, and the share of each host, for any number of pollers.

A claimed feed is moved to the end of its lease in the schedule, so that one whose poller died falls due by itself. Each
claim draws a new number (its fence); a poll is committed only under the number that holds the feed's claim now, so that
a poller that was held up for longer than its lease writes nothing. Times are those of the callers' clocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.domain.article import Feed
from workers.domain.feed import FeedState
from workers.storage import keys
from workers.storage.client import Client
from workers.storage.records import records_of

HOST_KEPT_S = 2 * 86_400  # a pause of a host is a day at most
_LOOKED_AT = 4  # times as many due feeds are looked at as may be claimed: those of a busy host are put off

_CLAIM = """
local due, leases, hosts, counts = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, room, lease = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local at_once, gap = tonumber(ARGV[4]), tonumber(ARGV[5])
local claimed, put_off = {}, {}
local function until_(at, host)
  put_off[host] = (put_off[host] or -1) + 1
  return at + put_off[host] * gap
end
for _, feed_id in ipairs(redis.call('zrangebyscore', due, '-inf', ARGV[1], 'LIMIT', 0, room * tonumber(ARGV[6]))) do
  if #claimed >= 2 * room then break end
  local host = redis.call('hget', hosts, feed_id) or feed_id
  local function of_host(key) return (string.gsub(key, '{host}', function() return host end)) end
  local held, running = of_host(KEYS[5]), of_host(KEYS[6])
  local claim = string.gsub(KEYS[7], '{feed}', feed_id)
  local paused = tonumber(redis.call('hget', held, 'paused_until') or 0)
  local next_at = tonumber(redis.call('hget', held, 'next_at') or 0)
  redis.call('zremrangebyscore', running, '-inf', now)
  if redis.call('exists', claim) == 1 then
    redis.call('zadd', due, 'XX', now + 1, feed_id)
  elseif paused > now then
    redis.call('zadd', due, 'XX', until_(paused, host), feed_id)
  elseif next_at > now or redis.call('zcard', running) >= at_once then
    redis.call('zadd', due, 'XX', until_(math.max(next_at, now + gap), host), feed_id)
  else
    local fence = redis.call('hincrby', counts, 'claims', 1)
    if redis.call('zscore', leases, feed_id) then redis.call('hincrby', counts, 'leases_run_out', 1) end
    redis.call('set', claim, fence, 'PX', math.ceil(lease * 1000))
    redis.call('zadd', due, 'XX', now + lease, feed_id)
    redis.call('zadd', leases, now + lease, feed_id)
    redis.call('zadd', running, now + lease, feed_id)
    redis.call('pexpire', running, math.ceil(lease * 2000))
    redis.call('hset', held, 'next_at', now + gap)
    redis.call('expire', held, ARGV[7])
    claimed[#claimed + 1] = feed_id
    claimed[#claimed + 1] = fence
  end
end
return claimed
"""

# Leases of feeds that are still polled under the same fence are prolonged.
_RENEW = """
local renewed = 0
for place = 3, #ARGV, 2 do
  local feed_id, fence = ARGV[place], ARGV[place + 1]
  local claim = string.gsub(KEYS[4], '{feed}', feed_id)
  if redis.call('get', claim) == fence then
    local ends = tonumber(ARGV[1]) + tonumber(ARGV[2])
    local host = redis.call('hget', KEYS[3], feed_id) or feed_id
    redis.call('pexpire', claim, math.ceil(tonumber(ARGV[2]) * 1000))
    redis.call('zadd', KEYS[1], 'XX', ends, feed_id)
    redis.call('zadd', KEYS[2], 'XX', ends, feed_id)
    redis.call('zadd', string.gsub(KEYS[5], '{host}', function() return host end), 'XX', ends, feed_id)
    renewed = renewed + 1
  end
end
return renewed
"""

_PAUSE = """
local until_at = math.max(tonumber(ARGV[1]), tonumber(redis.call('hget', KEYS[1], 'paused_until') or 0))
redis.call('hset', KEYS[1], 'paused_until', until_at)
redis.call('expire', KEYS[1], ARGV[2])
return 1
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A feed that this caller polls now, with what is remembered of it. `fence` is higher than that of any before."""

    feed: Feed
    state: FeedState
    fence: int


@dataclass(frozen=True, slots=True)
class Manners:
    """How long a claim lasts, and what a host is spared: so many polls at once, so long between two that begin."""

    lease: timedelta
    host_at_once: int
    host_gap: timedelta


class FeedClaims:
    """The claims and the hosts."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._claim = client.register_script(_CLAIM)
        self._renew = client.register_script(_RENEW)
        self._pause = client.register_script(_PAUSE)
        self._feeds = records_of(Feed)
        self._states = records_of(FeedState)

    def claim_due(self, now: datetime, limit: int, manners: Manners) -> list[Claim]:
        """Claim up to `limit` feeds that are due and whose hosts have room; nobody else polls them meanwhile."""
        found = self._claim(
            keys=[
                *(keys.feeds_due(), keys.feeds_leased(), keys.feed_hosts(), keys.poll_counts()),
                *(keys.host("{host}"), keys.host_running("{host}"), keys.feed_claim("{feed}")),
            ],
            args=[
                *(now.timestamp(), limit, manners.lease.total_seconds(), manners.host_at_once),
                *(manners.host_gap.total_seconds(), _LOOKED_AT, HOST_KEPT_S),
            ],
        )
        fences = {str(feed_id): int(fence) for feed_id, fence in zip(found[::2], found[1::2], strict=True)}
        if not fences:
            return []
        with self._client.pipeline(transaction=False) as pipe:
            pipe.hmget(keys.feeds(), list(fences))
            pipe.mget([keys.feed_state(feed_id) for feed_id in fences])
            feeds, states = pipe.execute()
        return [
            Claim(self._feeds.load(feed), self._states.load(state) if state else FeedState(), fence)
            for fence, feed, state in zip(fences.values(), feeds, states, strict=True)
            if feed is not None
        ]

    def renew(self, claims: Sequence[Claim], now: datetime, lease: timedelta) -> int:
        """Prolong the leases of polls under way; returns how many are still the caller's."""
        if not claims:
            return 0
        named = [part for claim in claims for part in (claim.feed.feed_id, claim.fence)]
        return int(
            self._renew(
                keys=[
                    *(keys.feeds_due(), keys.feeds_leased(), keys.feed_hosts()),
                    *(keys.feed_claim("{feed}"), keys.host_running("{host}")),
                ],
                args=[now.timestamp(), lease.total_seconds(), *named],
            )
        )

    def pause_host(self, host: str, until: datetime) -> None:
        """Leave all feeds of a host alone until then; a longer pause that it has already is kept."""
        self._pause(keys=[keys.host(host)], args=[until.timestamp(), HOST_KEPT_S])

    def paused_until(self, host: str) -> float:
        """The end of the host's pause in Unix seconds, 0 when it has none."""
        return float(self._client.hget(keys.host(host), "paused_until") or 0)

    def note_refusal(self, host: str) -> int:
        """Count a 403 of the host; returns how many there were since a poll of any of its feeds went well."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.hincrby(keys.host(host), "refusals", 1)
            pipe.expire(keys.host(host), HOST_KEPT_S)
            return int(pipe.execute()[0])

    def counts(self) -> dict[str, int]:
        """How many `claims` were made, and how many `leases_run_out` before they were committed."""
        return {name: int(count) for name, count in self._client.hgetall(keys.poll_counts()).items()}
