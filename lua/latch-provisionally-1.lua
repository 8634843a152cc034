#!lua flags=allow-oom
-- The kill switch before it is on record in Postgres: keeps the strictest setting of a scope.
-- KEYS  1 latches (hash: provisional scope -> record as JSON, with its level)
-- ARGV  1 provisional scope   2 level   3 record
-- RETURNS 1 stored | 0 one as strict was there
-- ATOMIC  a setting never replaces a stricter one, whatever order they arrive in.
-- COST  O(1)
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and cjson.decode(known).level >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
