#!lua flags=allow-oom
-- Emits one chunk of a signal's requests and moves the signal's cursor; the last chunk acknowledges the signal.
-- KEYS  1 lease (hash)   2 signals stream   3 seq (hash)   4 acked (hash)   5 fanout (hash: entry id -> cursor|config version)
--       6.. request streams                                        one slot
-- ARGV  1 group   2 epoch   3 input's name in acked   4 entry id   5 expected cursor   6 cursor after this chunk   7 '1' when last
--       8 config version   9 number of outputs, then each output's name in seq, then the number of requests n, then n times:
--       index of the output from 1, number of field strings, field strings
-- RETURNS {'OK', emitted} | {'MOVED', cursor, config version}: the chunk was emitted before, or its turn has not come; go on from there
--         {'GONE'}: acknowledged before
--         error FENCED | error NOSTREAM <name> (nothing was written)
-- ATOMIC  a chunk is emitted exactly when the cursor stands where the chunk begins, so a successor continues where its predecessor stopped,
--         and no chunk of a signal before those of an older one that is pending.
-- COST  O(n); callers keep n at 256 or less
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[2] then return redis.error_reply('FENCED') end
local oldest = (redis.call('XPENDING', KEYS[2], ARGV[1], '-', '+', 1)[1] or {})[1]
local stored = redis.call('HGET', KEYS[5], ARGV[4])
local cursor, version = '0', ARGV[8]
if stored then
  local bar = string.find(stored, '|', 1, true)
  cursor, version = string.sub(stored, 1, bar - 1), string.sub(stored, bar + 1)
elseif oldest ~= ARGV[4] and #redis.call('XPENDING', KEYS[2], ARGV[1], ARGV[4], ARGV[4], 1) == 0 then
  return {'GONE'}
end
-- signals are fanned out in their order: one behind another that is not done begins after it
if cursor ~= ARGV[5] or version ~= ARGV[8] or (oldest and oldest ~= ARGV[4]) then return {'MOVED', cursor, version} end
local outputs = tonumber(ARGV[9])
for i = 1, outputs do
  if redis.call('EXISTS', KEYS[5 + i]) == 0 then return redis.error_reply('NOSTREAM ' .. ARGV[9 + i]) end
end
local at = 10 + outputs
local n = tonumber(ARGV[at])
at = at + 1
if ARGV[7] == '1' then
  redis.call('XACK', KEYS[2], ARGV[1], ARGV[4])
  redis.call('HDEL', KEYS[5], ARGV[4])
  redis.call('HINCRBY', KEYS[4], ARGV[3], 1)
else
  redis.call('HSET', KEYS[5], ARGV[4], ARGV[6] .. '|' .. ARGV[8])
end
for _ = 1, n do
  local output, count = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  at = at + 2
  local number = redis.call('HINCRBY', KEYS[3], ARGV[9 + output], 1)
  redis.call('XADD', KEYS[5 + output], 'NOMKSTREAM', '*', 'seq', number, unpack(ARGV, at, at + count - 1))
  at = at + count
end
return {'OK', n}
