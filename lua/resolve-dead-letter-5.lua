#!lua flags=allow-oom
-- What an operator decided about a dead letter: it leaves the dead letters, what follows from it is emitted, and who decided is on record.
-- KEYS  1 dead letters (stream)   2 seq (hash)   3 interventions (stream)   4 target (stream): where the entry came from, or the results
--       5 fanout (hash: entry id -> cursor|config version)                one slot
-- ARGV  1 letter's id   2 audit group   3 interventions' name in seq   4 target's name in seq, '' without emissions
--       5 entry whose fan-out was begun, '' for none   6 '1': the emitted entry goes on with that fan-out; '0': the fan-out ends
--       7 number of strings of the record, then these   then the number of emissions n, then n times: number of strings, strings
-- RETURNS {'OK', ids of the emitted entries} | {'GONE'}: decided before | {'UNAUDITED'}: the audit trail has not stored the letter yet, and
--         would have a gap      error NOSTREAM <name> (nothing was written)
-- ATOMIC  an entry is never in both places and never in none; a repeated call does nothing; all that is emitted is numbered without gaps.
-- COST  O(emissions)
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return {'GONE'} end
local function parts(id)
  local dash = string.find(id, '-', 1, true)
  return tonumber(string.sub(id, 1, dash - 1)), tonumber(string.sub(id, dash + 1))
end
local audited = false
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  if group[2] == ARGV[2] then
    local ms, seq = parts(ARGV[1])
    local read_ms, read_seq = parts(group[8])
    audited = (ms < read_ms or (ms == read_ms and seq <= read_seq))
      and #redis.call('XPENDING', KEYS[1], ARGV[2], ARGV[1], ARGV[1], 1) == 0
  end
end
if not audited then return {'UNAUDITED'} end
if redis.call('EXISTS', KEYS[3]) == 0 then return redis.error_reply('NOSTREAM ' .. ARGV[3]) end
if ARGV[4] ~= '' and redis.call('EXISTS', KEYS[4]) == 0 then return redis.error_reply('NOSTREAM ' .. ARGV[4]) end
local at = 7
local function add(key, name)
  local count = tonumber(ARGV[at])
  local number = redis.call('HINCRBY', KEYS[2], name, 1)
  local id = redis.call('XADD', key, 'NOMKSTREAM', '*', 'seq', number, unpack(ARGV, at + 1, at + count))
  at = at + 1 + count
  return id
end
redis.call('XDEL', KEYS[1], ARGV[1])
add(KEYS[3], ARGV[3])
local emissions = tonumber(ARGV[at])
at = at + 1
local ids = {}
for i = 1, emissions do ids[i] = add(KEYS[4], ARGV[4]) end
if ARGV[5] ~= '' then
  local cursor = redis.call('HGET', KEYS[5], ARGV[5])
  if cursor then
    redis.call('HDEL', KEYS[5], ARGV[5])
    if ARGV[6] == '1' then redis.call('HSET', KEYS[5], ids[1], cursor) end
  end
end
return {'OK', ids}
