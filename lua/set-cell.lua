#!lua flags=allow-oom
-- Halts a cell, begins one, or lets a recovered one run.
-- KEYS  1 cell (hash)   2.. leases (hash), voided by a halt      one slot
-- ARGV  1 state   2 reason   3 incarnation, '' leaves it   4 'now': everything until now is suspect, as after a restart
--       'never': nothing is, the cell is new   '': as it was
-- RETURNS 1
-- ATOMIC  no lease of before the halt outlives it.
-- COST  O(leases)
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'reason', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'incarnation', ARGV[3]) end
if ARGV[4] == 'never' then redis.call('HSET', KEYS[1], 'suspect_ms', '0') end
if ARGV[4] == 'now' then
  local t = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'suspect_ms', string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000)))
  redis.call('HSET', KEYS[1], 'run_id', string.match(redis.call('INFO', 'server'), 'run_id:(%x+)'))
end
for i = 2, #KEYS do
  if redis.call('HEXISTS', KEYS[i], 'epoch') == 1 then
    redis.call('HINCRBY', KEYS[i], 'epoch', 1)
    redis.call('HSET', KEYS[i], 'exp', '0')
  end
end
return 1
