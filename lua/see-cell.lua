#!lua flags=allow-oom
-- What Redis says of itself and of the cell. Whoever first sees that the server was started anew, or is another one, notes when, and voids
-- every lease: what processes remember of before is worth nothing until they have looked again.
-- KEYS  1 cell (hash: incarnation, state, reason, run_id, suspect_ms)   2 seq (hash)   3.. leases (hash)      one slot
-- RETURNS {run_id, 1 when it was seen first | 0, incarnation or '', state or '', reason or '', suspect_ms or '0', {stream, number, …}}
-- ATOMIC  no script runs under a lease of before once one process knows of the restart.
-- COST  O(leases + streams), and only what a restart costs is written
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local cell = redis.call('HMGET', KEYS[1], 'run_id', 'incarnation', 'state', 'reason', 'suspect_ms')
local first = 0
if cell[1] ~= run then
  local t = redis.call('TIME')
  cell[5] = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
  first = 1
  for i = 3, #KEYS do
    -- kept, so that epochs rise even when the clock was set back
    if redis.call('HEXISTS', KEYS[i], 'epoch') == 1 then
      redis.call('HINCRBY', KEYS[i], 'epoch', 1)
      redis.call('HSET', KEYS[i], 'exp', '0')
    end
  end
  redis.call('HSET', KEYS[1], 'run_id', run, 'suspect_ms', cell[5])
end
return {run, first, cell[2] or '', cell[3] or '', cell[4] or '', cell[5] or '0', redis.call('HGETALL', KEYS[2])}
