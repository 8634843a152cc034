#!lua flags=allow-oom
-- The kill switch as every process reads it: keeps the newest setting of a scope.
-- KEYS  1 latches (hash: scope -> record as JSON, with its id)
-- ARGV  1 scope   2 id   3 record
-- RETURNS 1 stored | 0 a newer one, or the same, was there
-- ATOMIC  an older setting never replaces a newer one, whatever order they arrive in.
-- COST  O(1)
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and cjson.decode(known).id >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
