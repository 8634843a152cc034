#!lua flags=allow-oom
-- Says that a process is alive and reads who else is.
-- KEYS  1 members (zset: process -> last beat, ms of Redis time)
-- ARGV  1 process   2 silence after which a process counts as gone (ms)
-- RETURNS {now ms, process, process, …} sorted by name is up to the caller
-- ATOMIC  the answer contains the caller.
-- COST  O(log n + members)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now - ARGV[2]))
-- a clock that was set back: who lives says so again within a beat
redis.call('ZREMRANGEBYSCORE', KEYS[1], string.format('(%.0f', now + ARGV[2]), '+inf')
local reply = {now}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do reply[#reply + 1] = member end
return reply
