#!lua flags=allow-oom
-- Creates a stream with all of its consumer groups, once.
-- KEYS  1 stream   2 seq (hash: stream name -> entries ever added)      one slot
-- ARGV  1 stream name in seq   2.. groups
-- RETURNS 'CREATED' | 'PRESENT' | 'LOST' (numbers were given out, but the stream is gone: data loss, nothing is created)
-- ATOMIC  a stream never exists without its groups, so nothing can be trimmed before a group has seen it.
-- COST  O(groups)
local present = redis.call('EXISTS', KEYS[1]) == 1
if not present and redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return 'LOST' end
local made = not present
for i = 2, #ARGV do
  local reply = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[i], '0', 'MKSTREAM')
  if type(reply) == 'table' and reply.err then
    if not string.find(reply.err, 'BUSYGROUP', 1, true) then return reply end
  else
    made = true
  end
end
return made and 'CREATED' or 'PRESENT'
