#!lua flags=allow-oom
-- Moves one page of a partition's pending entries to the new owner, whoever held them and however long.
-- KEYS  1 lease (hash)   2 stream      one slot
-- ARGV  1 group   2 consumer   3 epoch   4 from: '-' or '(' id   5 page size   6 'again': the caller has held the partition since its last
--       take-over and only reads again what it lost sight of; that is no further delivery, nor is a hand-over in good order
-- RETURNS {last id seen or '', {{id, fields, deliveries before}, …}, {deleted id, …}, last delivered id}
--         error FENCED: another epoch holds the lease
-- ATOMIC  the old owner is fenced by the epoch, so no idle time-out is needed. On the last page consumers that hold nothing and are
--         not the caller are removed: dead processes leave no trace.
-- COST  O(page)
local lease = redis.call('HMGET', KEYS[1], 'epoch', 'handed')
if lease[1] ~= ARGV[3] then return redis.error_reply('FENCED') end
-- only who died with an entry in hand may have died of it
local counts = ARGV[6] ~= 'again' and lease[2] ~= '1'
local pending = redis.call('XPENDING', KEYS[2], ARGV[1], ARGV[4], '+', ARGV[5])
local entries, deleted, last = {}, {}, ''
for _, item in ipairs(pending) do
  last = item[1]
  local claimed
  if counts then
    claimed = redis.call('XCLAIM', KEYS[2], ARGV[1], ARGV[2], 0, item[1])
  else
    claimed = redis.call('XCLAIM', KEYS[2], ARGV[1], ARGV[2], 0, item[1], 'RETRYCOUNT', item[4])
  end
  if claimed[1] then
    entries[#entries + 1] = {item[1], claimed[1][2], item[4]}
  else
    deleted[#deleted + 1] = item[1]
  end
end
local delivered = '0-0'
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[2])) do
  if group[2] == ARGV[1] then delivered = group[8] end
end
if #pending < tonumber(ARGV[5]) then
  for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[2], ARGV[1])) do
    if consumer[4] == 0 and consumer[2] ~= ARGV[2] then redis.call('XGROUP', 'DELCONSUMER', KEYS[2], ARGV[1], consumer[2]) end
  end
end
return {last, entries, deleted, delivered}
