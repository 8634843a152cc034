#!lua flags=allow-oom
-- Who follows which user's own fills from one egress address: the exchange refuses more users than it allows, over all processes.
-- KEYS  1 slots (hash: user -> "holder expiry-ms")
-- ARGV  1 holder   2 life of a slot (ms)   3 limit   4 number of users to give back n, then those   then users to hold, most wanted first
-- RETURNS {users in use, 1 held | 0 refused, …} one for each user to hold, in their order
-- ATOMIC  never more live users than the limit; a user has one holder; a holder that stops renewing loses its slots.
-- COST  O(slots + users); callers hold at most the limit
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local life, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
local holder, used = {}, 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local name, expiry = string.match(all[i + 1], '^(.*) (%d+)$')
  local left = tonumber(expiry or '0') - now
  -- a clock that was set back must not make a slot immortal
  if name and left > 0 and left <= 2 * life then
    holder[all[i]] = name
    used = used + 1
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
local back = tonumber(ARGV[4])
for i = 5, 4 + back do
  if holder[ARGV[i]] == ARGV[1] then
    redis.call('HDEL', KEYS[1], ARGV[i])
    holder[ARGV[i]] = nil
    used = used - 1
  end
end
local reply = {0}
local mine = ARGV[1] .. ' ' .. string.format('%.0f', now + life)
for i = 5 + back, #ARGV do
  local user = ARGV[i]
  local held = holder[user] == ARGV[1]
  if not holder[user] and used < limit then
    holder[user] = ARGV[1]
    used = used + 1
    held = true
  end
  if held then redis.call('HSET', KEYS[1], user, mine) end
  reply[#reply + 1] = held and 1 or 0
end
reply[1] = used
return reply
