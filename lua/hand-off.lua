#!lua flags=allow-oom
-- The heart of the pipeline: acknowledges entries, emits what they led to, stores what was decided, and fetches the next batch.
-- KEYS  1 lease (hash)   2 input stream   3 seq (hash)   4 acked (hash)   5 state (hash)   6 attempts (hash)   7.. output streams
--       all in one slot
-- ARGV  1 group   2 consumer   3 epoch   4 how many to fetch, 0 for none   5 input's name in acked   6 number of outputs
--       then each output's name in seq, then the number of entries n, then n times:
--       id, number of state pairs, {field, value or '' to delete}…, number of attempts done, {field}…,
--       number of emissions, {index of the output from 1, number of field strings, field strings}…
-- RETURNS {acknowledged, duplicates, {{id, fields}, …}}      error FENCED | error NOSTREAM <name> (nothing was written)
-- ATOMIC  an entry's outputs, state and journal change exactly when its XACK counts: a replay acknowledges nothing and emits nothing.
--         Each emission carries the next number of its stream, without gaps.
-- COST  O(entries + emissions); callers keep n and the fetch at 256 or less
local epoch = ARGV[3]
if redis.call('HGET', KEYS[1], 'epoch') ~= epoch then return redis.error_reply('FENCED') end
local outputs = tonumber(ARGV[6])
for i = 1, outputs do
  if redis.call('EXISTS', KEYS[6 + i]) == 0 then return redis.error_reply('NOSTREAM ' .. ARGV[6 + i]) end
end
local at = 7 + outputs
local n = tonumber(ARGV[at])
at = at + 1
local done, duplicates = 0, 0
local emitted = {}
for o = 1, outputs do emitted[o] = {} end
for _ = 1, n do
  local first = redis.call('XACK', KEYS[2], ARGV[1], ARGV[at]) == 1
  if first then done = done + 1 else duplicates = duplicates + 1 end
  at = at + 1
  local pairs_ = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, pairs_ do
    if first then
      if ARGV[at + 1] == '' then redis.call('HDEL', KEYS[5], ARGV[at]) else redis.call('HSET', KEYS[5], ARGV[at], ARGV[at + 1]) end
    end
    at = at + 2
  end
  local settled = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, settled do
    if first then redis.call('HDEL', KEYS[6], ARGV[at]) end
    at = at + 1
  end
  local emissions = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, emissions do
    local output, count = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    at = at + 2
    if first then table.insert(emitted[output], {at, at + count - 1}) end
    at = at + count
  end
end
for output, entries in ipairs(emitted) do
  if #entries > 0 then
    -- one step for all of a stream's numbers
    local number = redis.call('HINCRBY', KEYS[3], ARGV[6 + output], #entries) - #entries
    for i, fields in ipairs(entries) do
      redis.call('XADD', KEYS[6 + output], 'NOMKSTREAM', '*', 'seq', number + i, unpack(ARGV, fields[1], fields[2]))
    end
  end
end
if done > 0 then redis.call('HINCRBY', KEYS[4], ARGV[5], done) end
local fetched = {}
if tonumber(ARGV[4]) > 0 then
  local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[4], 'STREAMS', KEYS[2], '>')
  if reply and reply[1] then fetched = reply[1][2] end
end
return {done, duplicates, fetched}
