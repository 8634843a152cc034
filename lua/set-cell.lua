#!lua flags=allow-oom
-- Halts a cell, begins one, or lets a recovered one run.
-- KEYS  1 cell (hash, as in see-cell)   2.. leases (hash), voided by a halt      one slot
-- ARGV  1 state   2 reason   3 incarnation, '' leaves it   4 'now': everything until now is suspect, as after a restart
--       'never': nothing is, the cell is new   '': as it was   5 so far ahead of the clock the next epochs begin
-- RETURNS 1
-- ATOMIC  no lease of before the halt outlives it.
-- COST  O(leases)
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'reason', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'incarnation', ARGV[3]) end
if ARGV[4] == 'never' then redis.call('HSET', KEYS[1], 'suspect_ms', '0') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if ARGV[4] == 'now' then
  redis.call('HSET', KEYS[1], 'suspect_ms', string.format('%.0f', now))
  redis.call('HSET', KEYS[1], 'run_id', string.match(redis.call('INFO', 'server'), 'run_id:(%x+)'))
end
if #KEYS > 1 then
  local fence = now + ARGV[5]
  for i = 2, #KEYS do fence = math.max(fence, 1 + (redis.call('HGET', KEYS[i], 'epoch') or 0)) end
  local epoch = string.format('%.0f', fence)
  for i = 2, #KEYS do redis.call('HSET', KEYS[i], 'epoch', epoch, 'exp', '0') end
  redis.call('HSET', KEYS[1], 'fence', epoch)
end
return 1
