#!lua flags=allow-oom
-- Takes tokens for a request that is no order: reads of the exchange, connections.
-- KEYS  1 bucket (string: theoretical arrival time, us)
-- ARGV  1 us per token   2 depth (us)   3 largest legal penalty ahead of a bucket (us)   4 tokens   5 tokens that must stay
--       6 1: the tokens are spent already, take them whatever is left
-- RETURNS 0 taken | > 0 us until they can be | -1 can never pass: costs more than the depth
-- ATOMIC  tokens that must be waited for are not taken.
-- COST  O(1)
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local period, depth, tokens = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local spare = period * tonumber(ARGV[5])
local arrival = tonumber(redis.call('GET', KEYS[1]) or '0')
if arrival < now then
  arrival = now
elseif arrival > now + depth + ARGV[3] then
  -- a clock that was set back must not close a bucket for longer than a penalty may: it is empty, and fills from now on
  arrival = now + depth
  redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.max(1, math.ceil(depth / 1000)))
end
local after = arrival + period * tokens
if ARGV[6] ~= '1' then
  if period * tokens + spare > depth then return -1 end
  if after + spare - depth > now then return math.ceil(after + spare - depth - now) end
end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.max(1, math.ceil((after - now) / 1000)))
return 0
