#!lua flags=allow-oom
-- Brings a part of a stream back as the audit trail has it. Called page by page, in the stream's order; the last call sets what it counts.
-- KEYS  1 stream   2 seq (hash)   3 acked (hash)      one slot
-- ARGV  1 stream's name in seq   2 last id on record   3 last number on record   4 group that has everything (audit)
--       5 '1' on the last page   6 number of other groups g, then g times: group, entries it has done
--       then number of entries n, then n times: id, number of field strings, field strings
-- RETURNS entries in the stream
-- ATOMIC  a group never passes an entry that is to be delivered to it again.
-- COST  O(n); callers keep n at 256 or less
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[4], '0', 'MKSTREAM') end
local at = 7
local groups = tonumber(ARGV[6])
for _ = 1, groups do
  redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[at], '0')
  at = at + 2
end
local n = tonumber(ARGV[at])
at = at + 1
for _ = 1, n do
  local id, count = ARGV[at], tonumber(ARGV[at + 1])
  at = at + 2
  redis.call('XADD', KEYS[1], id, unpack(ARGV, at, at + count - 1))
  at = at + count
end
if ARGV[5] == '1' then
  if ARGV[2] ~= '0-0' then
    redis.call('XSETID', KEYS[1], ARGV[2])
    redis.call('XGROUP', 'SETID', KEYS[1], ARGV[4], ARGV[2])
    redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
    redis.call('HSET', KEYS[3], ARGV[1] .. '|' .. ARGV[4], ARGV[3])
    -- a group with nothing to be delivered again has everything, too
    if redis.call('XLEN', KEYS[1]) == 0 then
      for g = 0, groups - 1 do redis.call('XGROUP', 'SETID', KEYS[1], ARGV[7 + 2 * g], ARGV[2]) end
    end
    for g = 0, groups - 1 do redis.call('HSET', KEYS[3], ARGV[1] .. '|' .. ARGV[7 + 2 * g], ARGV[8 + 2 * g]) end
  end
end
return redis.call('XLEN', KEYS[1])
