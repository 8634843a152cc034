#!lua
-- The edge: publishes signals that were not published before, together with the cursor up to which their source is read and what is
-- known of the leader then.
-- KEYS  1 lease (hash)   2 seen (set of signal ids of one day)   3 signals stream   4 seq (hash)   5 cursors (hash)   6 leaders (hash)
--       one slot
-- ARGV  1 epoch   2 stream's name in seq   3 life of seen (s)   4 leader, '' stores nothing of it   5 its cursor   6 its record
--       7 number of ids left out, then these: they count as published
--       then the number of signals n, then n times: signal id, number of field strings, field strings
-- RETURNS {1 published | 0 seen before, …}      error FENCED | error NOSTREAM <name> (nothing was written)
--         Without memory the script is refused at its first line, before anything is written: pressure closes the door, never the exit.
-- ATOMIC  signals, cursor and record together, so a crash can neither skip nor repeat a signal, nor count it twice.
-- COST  O(n); callers keep n at 256 or less
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return redis.error_reply('FENCED') end
if redis.call('EXISTS', KEYS[3]) == 0 then return redis.error_reply('NOSTREAM ' .. ARGV[2]) end
local reply, at = {}, 8 + tonumber(ARGV[7])
for i = 8, at - 1 do redis.call('SADD', KEYS[2], ARGV[i]) end
local signals = tonumber(ARGV[at])
at = at + 1
for i = 1, signals do
  local id, count = ARGV[at], tonumber(ARGV[at + 1])
  at = at + 2
  local fresh = redis.call('SADD', KEYS[2], id)
  if fresh == 1 then
    local number = redis.call('HINCRBY', KEYS[4], ARGV[2], 1)
    redis.call('XADD', KEYS[3], 'NOMKSTREAM', '*', 'seq', number, unpack(ARGV, at, at + count - 1))
  end
  reply[i] = fresh
  at = at + count
end
if #reply > 0 or ARGV[7] ~= '0' then redis.call('EXPIRE', KEYS[2], ARGV[3]) end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[5], ARGV[4], ARGV[5])
  redis.call('HSET', KEYS[6], ARGV[4], ARGV[6])
end
return reply
