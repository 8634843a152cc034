#!lua flags=allow-oom
-- Gives a lease back, so that a successor need not wait for it to expire.
-- KEYS  1 lease (hash)
-- ARGV  1 epoch
-- RETURNS 1 released | 0 it was no longer the caller's
-- ATOMIC  only the holder can release.
-- COST  O(1)
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'exp', '0')
return 1
