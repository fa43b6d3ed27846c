"""The outbox's steps that must happen as one, in Lua. Each fenced step answers 0 when the caller's lease is lost."""

from __future__ import annotations

# KEYS 1: lease. ARGV 1: token, 2: lease in milliseconds.
RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"

# KEYS 1: lease. ARGV 1: token.
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"

# The lease of whoever has this mark in its token; the next job need not wait until it runs out.
# KEYS 1: lease, 2: lanes leased. ARGV 1: mark, 2: lane id.
FREE = """
local token = redis.call('get', KEYS[1])
if not token then redis.call('srem', KEYS[2], ARGV[2]) return 0 end
if not string.find(token, ARGV[1], 1, true) then return 0 end
redis.call('srem', KEYS[2], ARGV[2])
return redis.call('del', KEYS[1])
"""

# Taking a lease that is ours already is no failure: the answer to the first try may have been lost.
# KEYS 1: lease, 2: lanes leased. ARGV 1: token, 2: lease in milliseconds, 3: lane id.
CLAIM = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end
if not redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
redis.call('sadd', KEYS[2], ARGV[3])
return 1
"""

# KEYS 1: lease, 2: lanes leased. ARGV 1: token, 2: lane id.
LEAVE = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('srem', KEYS[2], ARGV[2])
return redis.call('del', KEYS[1])
"""

# In all fenced steps KEYS 1: lease, 2: lane; ARGV 1: token, 2: delivery_id.
_FENCE = """
if redis.call('get', KEYS[1]) ~= ARGV[1] or redis.call('lindex', KEYS[2], 0) ~= ARGV[2] then return 0 end
"""

# KEYS 1: lane, 2: lanes due, 3: endpoints disabled, 4: the endpoint's trouble, 5: its rest. ARGV 1: lane id,
# 2: endpoint, 3: what the keys of deliveries begin with. Answers what a job must know before the next send, in one
# round trip.
LOOK = """
local id = redis.call('lindex', KEYS[1], 0)
if not id then return {} end
return {
  id, redis.call('hgetall', ARGV[3] .. id), redis.call('zscore', KEYS[2], ARGV[1]) or '',
  redis.call('hget', KEYS[3], ARGV[2]) or '',
  redis.call('hmget', KEYS[4], 'failures', 'opened_at', 'until', 'probes'), redis.call('get', KEYS[5]) or ''
}
"""

# KEYS 1: the endpoint's rest. ARGV 1: until when (Unix), 2: milliseconds until then. A longer rest is kept.
REST = """
if tonumber(redis.call('get', KEYS[1]) or '0') >= tonumber(ARGV[1]) then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1
"""

# KEYS 3: delivery. ARGV 3: lease in milliseconds, 4: `attempts` or `probes`. Answers the number of this one.
BEGIN = f"""{_FENCE}
redis.call('pexpire', KEYS[1], ARGV[3])
return redis.call('hincrby', KEYS[3], ARGV[4], 1)
"""

# KEYS 3: lanes due, 4: delivery, 5: deliveries ended in this state, 6: counts, 7: the endpoint's trouble.
# ARGV 3: lane id, 4: endpoint, 5: state, 6: why, 7: ended at (ISO), 8: ended at (Unix), 9: seconds to keep it,
# 10: "1" when the endpoint has answered.
END = f"""{_FENCE}
if ARGV[10] == '1' then redis.call('del', KEYS[7]) end
redis.call('lpop', KEYS[2])
redis.call('hset', KEYS[4], 'state', ARGV[5], 'last_error', ARGV[6], 'ended_at', ARGV[7])
redis.call('expire', KEYS[4], ARGV[9])
redis.call('zadd', KEYS[5], ARGV[8], ARGV[2])
redis.call('zremrangebyscore', KEYS[5], '-inf', '(' .. string.format('%.3f', ARGV[8] - ARGV[9]))
redis.call('hincrby', KEYS[6], ARGV[4] .. '~' .. ARGV[5], 1)
if redis.call('llen', KEYS[2]) == 0 then
  redis.call('zrem', KEYS[3], ARGV[3])
else
  redis.call('zadd', KEYS[3], ARGV[8], ARGV[3])
end
return 1
"""

# KEYS 3: lanes due, 4: delivery, 5: counts, 6: the endpoint's trouble. ARGV 3: lane id, 4: endpoint, 5: why, 6: due at
# (Unix), 7: "1" when it counts as a failure of this delivery, 8: seconds to remember the trouble.
# Answers how often the endpoint has failed in a row.
POSTPONE = f"""{_FENCE}
redis.call('hset', KEYS[4], 'last_error', ARGV[5])
if ARGV[7] == '1' then redis.call('hincrby', KEYS[4], 'failures', 1) end
redis.call('zadd', KEYS[3], ARGV[6], ARGV[3])
redis.call('hincrby', KEYS[5], ARGV[4] .. '~retried', 1)
local failures = redis.call('hincrby', KEYS[6], 'failures', 1)
redis.call('expire', KEYS[6], ARGV[8])
return failures
"""

# Needs no lease: it only takes away what leads a lane and has ended, or cannot be read.
# KEYS 1: lane, 2: lanes due, 3: counts, 4: delivery. ARGV 1: delivery_id, 2: lane id, 3: endpoint, 4: seconds to keep
# what is left of it.
DROP = """
if redis.call('lindex', KEYS[1], 0) ~= ARGV[1] then return 0 end
redis.call('lpop', KEYS[1])
if redis.call('llen', KEYS[1]) == 0 then redis.call('zrem', KEYS[2], ARGV[2]) end
redis.call('hincrby', KEYS[3], ARGV[3] .. '~lost', 1)
redis.call('expire', KEYS[4], ARGV[4])
return 1
"""

# KEYS 1: delivery, 2: lane, 3: lanes due, 4: counts, from 5: deliveries ended, one for each state.
# ARGV 1: delivery_id, 2: lane id, 3: now (Unix), 4: endpoint, 5: now (ISO).
REPLAY = """
local state = redis.call('hget', KEYS[1], 'state')
if not state or state == 'waiting' then return 0 end
redis.call('persist', KEYS[1])
redis.call('hset', KEYS[1], 'state', 'waiting', 'since', ARGV[5])
redis.call('hdel', KEYS[1], 'attempts', 'probes', 'failures', 'last_error', 'ended_at')
for i = 5, #KEYS do redis.call('zrem', KEYS[i], ARGV[1]) end
redis.call('rpush', KEYS[2], ARGV[1])
redis.call('zadd', KEYS[3], 'NX', ARGV[3], ARGV[2])
redis.call('hincrby', KEYS[4], ARGV[4] .. '~replayed', 1)
return 1
"""

# KEYS 1: lease, 2: lanes due. ARGV 1: token, 2: lane id, 3: due at (Unix).
DEFER = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('zadd', KEYS[2], 'XX', ARGV[3], ARGV[2])
return 1
"""
