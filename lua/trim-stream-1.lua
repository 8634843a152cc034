#!lua flags=allow-oom
-- Drops what every registered group has acknowledged, and nothing else.
-- KEYS  1 stream
-- ARGV  1 how long acknowledged entries stay for operators to look at (ms)   2.. every group that must exist
-- RETURNS {entries dropped, the group that holds the rest back}      error NOGROUP <name>: the register is incomplete, nothing is dropped
-- ATOMIC  no entry can become pending between the look and the cut.
-- COST  O(groups + dropped)
local t = redis.call('TIME')
local function parts(id)
  local dash = string.find(id, '-', 1, true)
  return tonumber(string.sub(id, 1, dash - 1)), tonumber(string.sub(id, dash + 1))
end
local low_ms, low_seq, holder = t[1] * 1000 + math.floor(t[2] / 1000) - ARGV[1], 0, 'keep'
local groups = {}
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do groups[group[2]] = group[8] end
for i = 2, #ARGV do
  if not groups[ARGV[i]] then return redis.error_reply('NOGROUP ' .. ARGV[i]) end
end
for name, delivered in pairs(groups) do
  local pending = redis.call('XPENDING', KEYS[1], name)
  local ms, seq = parts(pending[1] > 0 and pending[2] or delivered)
  if ms < low_ms or (ms == low_ms and seq < low_seq) then low_ms, low_seq, holder = ms, seq, name end
end
return {redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f-%.0f', low_ms, low_seq)), holder}
