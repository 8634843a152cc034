#!lua flags=allow-oom
-- Prolongs leases that the caller still holds.
-- KEYS  leases (hash), one slot
-- ARGV  1 time to live (ms)   2.. the epoch of each lease, in the order of KEYS
-- RETURNS {1 | 0, …}: 0 where another epoch holds the lease now
-- ATOMIC  a lease is prolonged only under its own epoch.
-- COST  O(leases)
local t = redis.call('TIME')
local exp = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[1])
local reply = {}
for i = 1, #KEYS do
  if redis.call('HGET', KEYS[i], 'epoch') == ARGV[i + 1] then
    redis.call('HSET', KEYS[i], 'exp', exp)
    reply[i] = 1
  else
    reply[i] = 0
  end
end
return reply
