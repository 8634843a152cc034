#!lua flags=allow-oom
-- Creates a stream with all of its consumer groups, once.
-- KEYS  1 stream   2 seq (hash: stream name -> entries ever added)   3 acked (hash: stream name|group -> entries ever acknowledged)
--       one slot
-- ARGV  1 stream name in seq   2.. groups
-- RETURNS 'CREATED' | 'PRESENT' | 'LOST' (numbers were given out, or entries acknowledged, but the stream or the group is gone: data
--         loss, nothing is created)
-- ATOMIC  a stream never exists without its groups, so nothing can be trimmed before a group has seen it, and a group that was deleted
--         does not begin anew with what it had done.
-- COST  O(groups)
local present = {}
if redis.call('EXISTS', KEYS[1]) == 1 then
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do present[group[2]] = true end
elseif redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then
  return 'LOST'
end
for i = 2, #ARGV do
  if not present[ARGV[i]] and redis.call('HEXISTS', KEYS[3], ARGV[1] .. '|' .. ARGV[i]) == 1 then return 'LOST' end
end
local made = false
for i = 2, #ARGV do
  if not present[ARGV[i]] then
    redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[i], '0', 'MKSTREAM')
    made = true
  end
end
return made and 'CREATED' or 'PRESENT'
