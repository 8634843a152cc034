#!lua
-- What a leader has resting at the exchange, as the owner of its partition read it.
-- KEYS  1 lease (hash)   2 orders (hash: influencer -> list)                                              one slot
-- ARGV  1 epoch   2 influencer   3 list
-- RETURNS 1      error FENCED (nothing was written)
-- ATOMIC  a list of an earlier owner never replaces that of a later one.
-- COST  O(1)
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return redis.error_reply('FENCED') end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
return 1
