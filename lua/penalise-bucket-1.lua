#!lua flags=allow-oom
-- The exchange itself said "too many requests": closes a bucket for a while.
-- KEYS  1 bucket (string: theoretical arrival time, us)
-- ARGV  1 depth (us)   2 how long to close (us)
-- RETURNS us until the bucket opens
-- ATOMIC  a penalty only ever lengthens.
-- COST  O(1)
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now + ARGV[1] + ARGV[2])
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.max(1, math.ceil((arrival - now) / 1000)))
return arrival - ARGV[1] - now
