#!lua flags=allow-oom
-- Takes a partition's lease when it is free or expired; a new epoch fences every earlier owner, the caller's own past included.
-- KEYS  1 lease (hash: owner, epoch, exp, handed: '1' when the owner before gave it back in good order)
-- ARGV  1 owner   2 time to live (ms)
-- RETURNS {1, epoch} taken | {0, ms left, owner} held by another
-- ATOMIC  one owner at a time; the epoch rises even when Redis lost the old one, because it is at least the clock.
-- COST  O(1)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local ttl = tonumber(ARGV[2])
local lease = redis.call('HMGET', KEYS[1], 'owner', 'epoch', 'exp')
local left = tonumber(lease[3] or '0') - now
if lease[1] and lease[1] ~= ARGV[1] and left > 0 then
  -- a clock that was set back must not make a lease immortal
  if left <= 2 * ttl then return {0, left, lease[1]} end
end
local epoch = math.max(tonumber(lease[2] or '0') + 1, now)
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'epoch', string.format('%.0f', epoch), 'exp', string.format('%.0f', now + ttl),
  'handed', lease[3] == '0' and '1' or '0')
return {1, string.format('%.0f', epoch)}
