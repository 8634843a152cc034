#!lua flags=allow-oom
-- What the owner of a partition found out about its accounts, beside the entries it was given: state, events, and jobs of its own making.
-- KEYS  1 lease (hash)   2 accounts (hash: account -> record)   3 state of the stage (hash)   4 seq (hash)   5 emitted (sorted set: id -> ms)
--       6.. output streams                                                                              one slot
-- ARGV  1 epoch   2 how long an id is remembered (ms)   3 number of outputs, then each output's name in seq
--       then number of account records, {account, record}…, number of state pairs, {field, value or '' to delete}…,
--       number of emissions, {id, index of the output from 1, number of field strings, field strings}…
-- RETURNS how many were emitted      error FENCED | error NOSTREAM <name> (nothing was written)
-- ATOMIC  state and events change together; an id is emitted once however often the call is repeated.
-- COST  O(fields + emissions)
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return redis.error_reply('FENCED') end
local outputs = tonumber(ARGV[3])
for i = 1, outputs do
  if redis.call('EXISTS', KEYS[5 + i]) == 0 then return redis.error_reply('NOSTREAM ' .. ARGV[3 + i]) end
end
local at = 4 + outputs
for hash = 2, 3 do
  local count = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, count do
    if ARGV[at + 1] == '' then redis.call('HDEL', KEYS[hash], ARGV[at]) else redis.call('HSET', KEYS[hash], ARGV[at], ARGV[at + 1]) end
    at = at + 2
  end
end
local emitted = 0
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local emissions = tonumber(ARGV[at])
at = at + 1
for _ = 1, emissions do
  local id, output, count = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  at = at + 3
  if redis.call('ZADD', KEYS[5], 'NX', now, id) == 1 then
    local number = redis.call('HINCRBY', KEYS[4], ARGV[3 + output], 1)
    redis.call('XADD', KEYS[5 + output], 'NOMKSTREAM', '*', 'seq', number, unpack(ARGV, at, at + count - 1))
    emitted = emitted + 1
  end
  at = at + count
end
if emitted > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now - ARGV[2])
  redis.call('PEXPIRE', KEYS[5], ARGV[2])
end
return emitted
