#!lua flags=allow-oom
-- Before a byte of an order is written: takes the rate-limit tokens and journals the attempt.
-- KEYS  1 lease (hash)   2 attempts (hash: job -> attempt)   3 nonces (hash: signer -> highest nonce)   4.. buckets (string: theoretical
--       arrival time, us)                                          one slot
-- ARGV  1 epoch   2 largest legal penalty ahead of a bucket (us)   3 number of actions n, then n times:
--       signer, nonce, number of buckets, {index of the bucket from 1, us per token, depth (us), tokens, tokens that must stay}…,
--       number of orders, {job, attempt}…
-- RETURNS per action {1, 0, 0} go | {0, us to wait, which of its buckets limits} | {-1, 0, which} can never pass: costs more than the depth
--         | {-2, highest nonce, 0} the nonce does not rise: take a higher one        error FENCED (nothing was written)
-- ATOMIC  all buckets of an action are checked, then all are debited; tokens are taken exactly when the attempt is journalled.
-- COST  O(buckets + orders)
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return redis.error_reply('FENCED') end
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local ahead = tonumber(ARGV[2])
local reply, at = {}, 4
for action = 1, tonumber(ARGV[3]) do
  local signer, nonce, buckets = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  local wait, limiting, never, arrivals = 0, 0, 0, {}
  for b = 1, buckets do
    local key, period, depth, tokens = KEYS[3 + ARGV[at]], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local spare = period * tonumber(ARGV[at + 4])
    at = at + 5
    local arrival = tonumber(redis.call('GET', key) or '0')
    if arrival < now then
      arrival = now
    elseif arrival > now + depth + ahead then
      -- a clock that was set back must not close a bucket for longer than a penalty may: it is empty, and fills from now on
      arrival = now + depth
      redis.call('SET', key, string.format('%.0f', arrival), 'PX', math.max(1, math.ceil(depth / 1000)))
    end
    local after = arrival + period * tokens
    if period * tokens + spare > depth then never = b end
    if after + spare - depth - now > wait then wait, limiting = after + spare - depth - now, b end
    arrivals[b] = {key, after}
  end
  local orders = tonumber(ARGV[at])
  at = at + 1
  local highest = tonumber(redis.call('HGET', KEYS[3], signer) or '0')
  if never > 0 then
    reply[action] = {-1, 0, never}
  elseif wait > 0 then
    reply[action] = {0, math.ceil(wait), limiting}
  elseif tonumber(nonce) <= highest then
    reply[action] = {-2, string.format('%.0f', highest), 0}
  else
    for _, arrival in ipairs(arrivals) do
      redis.call('SET', arrival[1], string.format('%.0f', arrival[2]), 'PX', math.max(1, math.ceil((arrival[2] - now) / 1000)))
    end
    redis.call('HSET', KEYS[3], signer, nonce)
    for o = 0, orders - 1 do redis.call('HSET', KEYS[2], ARGV[at + 2 * o], ARGV[at + 2 * o + 1]) end
    reply[action] = {1, 0, 0}
  end
  at = at + 2 * orders
end
return reply
