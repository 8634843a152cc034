#!lua flags=allow-oom
-- What Redis says of itself and of the cell. Whoever first sees that the server was started anew, or is another one, notes when, and voids
-- every lease: what processes remember of before is worth nothing until they have looked again.
-- KEYS  1 cell (hash: incarnation, state, reason, run_id, suspect_ms, fence)   2 seq (hash)   3.. leases (hash)      one slot
-- ARGV  1 so far ahead of the clock the epochs of now begin, to be above those that were lost with the end of the file
-- RETURNS {run_id, 1 when it was seen first | 0, incarnation or '', state or '', reason or '', suspect_ms or '0', {stream, number, …},
--         fence or '0': the epochs of before are below it, those of now above}
-- ATOMIC  no script runs under a lease of before once one process knows of the restart.
-- COST  O(leases + streams), and only what a restart costs is written
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local cell = redis.call('HMGET', KEYS[1], 'run_id', 'incarnation', 'state', 'reason', 'suspect_ms', 'fence')
local first = 0
if cell[1] ~= run then
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  local fence = now + ARGV[1]
  first = 1
  for i = 3, #KEYS do fence = math.max(fence, 1 + (redis.call('HGET', KEYS[i], 'epoch') or 0)) end
  cell[5], cell[6] = string.format('%.0f', now), string.format('%.0f', fence)
  for i = 3, #KEYS do redis.call('HSET', KEYS[i], 'epoch', cell[6], 'exp', '0') end
  redis.call('HSET', KEYS[1], 'run_id', run, 'suspect_ms', cell[5], 'fence', cell[6])
end
return {run, first, cell[2] or '', cell[3] or '', cell[4] or '', cell[5] or '0', redis.call('HGETALL', KEYS[2]), cell[6] or '0'}
