#!lua flags=allow-oom
-- Acknowledges entries that lead to nothing further (the audit trail has committed them) and fetches the next batch.
-- KEYS  1 lease (hash)   2 stream   3 acked (hash)      one slot
-- ARGV  1 group   2 consumer   3 epoch   4 how many to fetch, 0 for none   5 stream's name in acked   6.. ids
-- RETURNS {acknowledged, duplicates, {{id, fields}, …}}      error FENCED
-- ATOMIC  the counter of acknowledged entries moves with the acknowledgement.
-- COST  O(entries); callers keep ids at 1,000 or less
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[3] then return redis.error_reply('FENCED') end
local done = 0
if #ARGV > 5 then
  done = redis.call('XACK', KEYS[2], ARGV[1], unpack(ARGV, 6))
  if done > 0 then redis.call('HINCRBY', KEYS[3], ARGV[5], done) end
end
local fetched = {}
if tonumber(ARGV[4]) > 0 then
  local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[4], 'STREAMS', KEYS[2], '>')
  if reply and reply[1] then fetched = reply[1][2] end
end
return {done, #ARGV - 5 - done, fetched}
