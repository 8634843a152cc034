#!lua flags=allow-oom
-- A provisional setting of the kill switch is on record now: it leaves Redis.
-- KEYS  1 latches (hash: provisional scope -> record as JSON)
-- ARGV  1 provisional scope   2 record
-- RETURNS 1 removed | 0 another is there, or none
-- ATOMIC  one that was set since is kept.
-- COST  O(1)
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
