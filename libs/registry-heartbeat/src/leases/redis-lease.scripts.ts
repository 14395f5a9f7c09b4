import { RedisScript } from '#cache';

/**
 * KEYS[1] is the sorted set of leases on time, KEYS[2] the sorted set of overdue leases, KEYS[3] the hash with the state
 * that sweeps share. Members are `skillId:endpointId`; scores are the time of the last renewal, in milliseconds of Redis'
 * clock. Further keys are hashes, one for each Skill: `owner`, and by url `endpointId|generation|reported`.
 */
const PRELUDE = `
local on_time, overdue, marks = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function parse(value)
  local first = string.find(value, '|', 1, true)
  local second = string.find(value, '|', first + 1, true)
  return string.sub(value, 1, first - 1), string.sub(value, first + 1, second - 1), string.sub(value, second + 1)
end
`;

const script = (body: string): RedisScript => new RedisScript(PRELUDE + body);

/**
 * ARGV, four for each beat: url, generation, boundTo (each '' if absent), health; its key ends with the Skill's id.
 * Returns one text for each beat: m(issing), s(tale), f(oreign), or r(enewed) with the generation and, for each endpoint,
 * its id, whether it was late, and the health reported before.
 *
 * The script makes few calls, because they take most of its time. One ZADD NX gives the members that are missing from
 * `on_time` a score that no lease has (`NEW`), which marks the late ones; a second ZADD sets the time of all. The answers
 * are in the order of the beats. If two beats renew one lease, only the first finds it late.
 */
export const RENEW = script(`
local NEW, MOST = '-1', 1000
local id_at = #on_time - #':on-time' + #':skill:' + 1
local answers, members, beats, ids, reports = {}, {}, {}, {}, {}
for i = 1, #KEYS - 3 do
  local key, at = KEYS[3 + i], (i - 1) * 4
  local url, generation, bound, health = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local skill = string.sub(key, id_at)
  local owner, fields
  if url ~= '' then
    local found = redis.call('HMGET', key, 'owner', url)
    owner, fields = found[1], found[2] and { url, found[2] } or {}
  else
    owner, fields = redis.call('HGET', key, 'owner'), redis.call('HGETALL', key)
  end
  local answer, highest = 'm', nil
  if owner and bound ~= '' and bound ~= owner then
    answer = 'f'
  elseif owner then
    for f = 1, #fields, 2 do
      if fields[f] ~= 'owner' then
        local id, gen, reported = parse(fields[f + 1])
        local number = tonumber(gen)
        if generation == '' or gen == generation then
          local n = #members + 1
          members[n], beats[n], ids[n], reports[n] = skill .. ':' .. id, i, id, reported
          if reported ~= health then
            redis.call('HSET', key, fields[f], id .. '|' .. gen .. '|' .. health)
          end
          if not highest or number > highest then highest = number end
        elseif number > tonumber(generation) then
          answer = 's'
        end
      end
    end
    if highest then answer = 'r' .. string.format('%.0f', highest) end
  end
  answers[i] = answer
end
local late = {}
for first = 1, #members, MOST do
  local last = math.min(first + MOST - 1, #members)
  local fresh, renewed = {}, {}
  for n = first, last do
    local at = (n - first) * 2
    fresh[at + 1], fresh[at + 2] = NEW, members[n]
    renewed[at + 1], renewed[at + 2] = now, members[n]
  end
  if redis.call('ZADD', on_time, 'NX', unpack(fresh)) > 0 then
    for n = first, last do
      local member = members[n]
      if redis.call('ZSCORE', on_time, member) == NEW then
        redis.call('ZADD', on_time, now, member)
        redis.call('ZREM', overdue, member)
        late[n] = true
      end
    end
  end
  redis.call('ZADD', on_time, unpack(renewed))
end
for n = 1, #members do
  answers[beats[n]] = answers[beats[n]] .. ';' .. ids[n] .. '|' .. (late[n] and '1' or '0') .. '|' .. reports[n]
end
return answers`);

/**
 * ARGV for each Skill: its id, owner, whether these are all its endpoints (0, 1), number of endpoints; for each endpoint:
 * id, url, generation, reported, live (0, 1).
 */
export const OPEN = script(`
local at = 0
local function take() at = at + 1; return ARGV[at] end
for k = 4, #KEYS do
  local key, skill, owner, whole = KEYS[k], take(), take(), take() == '1'
  local named, kept = { owner = true }, {}
  redis.call('HSET', key, 'owner', owner)
  for _ = 1, tonumber(take()) do
    local id, url, gen, reported, live = take(), take(), take(), take(), take() == '1'
    local member = skill .. ':' .. id
    named[url], kept[member] = true, true
    local known = redis.call('HGET', key, url)
    local known_id, known_gen
    if known then known_id, known_gen = parse(known) end
    if known_id == id and tonumber(known_gen) == tonumber(gen) then
      if live and not redis.call('ZSCORE', overdue, member) then redis.call('ZADD', on_time, 'NX', now, member) end
    elseif known_id ~= id or tonumber(known_gen) < tonumber(gen) then
      if known then
        redis.call('ZREM', on_time, skill .. ':' .. known_id)
        redis.call('ZREM', overdue, skill .. ':' .. known_id)
      end
      redis.call('HSET', key, url, id .. '|' .. gen .. '|' .. reported)
      if live then
        -- The member can exist although the hash of its Skill was lost.
        redis.call('ZREM', overdue, member)
        redis.call('ZADD', on_time, now, member)
      end
    end
  end
  local fields = whole and redis.call('HGETALL', key) or {}
  for f = 1, #fields, 2 do
    if not named[fields[f]] then
      local member = skill .. ':' .. parse(fields[f + 1])
      -- An endpoint whose URL has another spelling now keeps its lease.
      if not kept[member] then
        redis.call('ZREM', on_time, member)
        redis.call('ZREM', overdue, member)
      end
      redis.call('HDEL', key, fields[f])
    end
  end
end`);

/** ARGV: the id of each Skill. */
export const FORGET = script(`
for k = 4, #KEYS do
  local fields = redis.call('HGETALL', KEYS[k])
  for f = 1, #fields, 2 do
    if fields[f] ~= 'owner' then
      local member = ARGV[k - 3] .. ':' .. parse(fields[f + 1])
      redis.call('ZREM', on_time, member)
      redis.call('ZREM', overdue, member)
    end
  end
  redis.call('DEL', KEYS[k])
end`);

/** ARGV: skill id. Returns pairs of endpoint id and milliseconds since its renewal. */
export const SILENCE = script(`
local fields, result = redis.call('HGETALL', KEYS[4]), {}
for f = 1, #fields, 2 do
  if fields[f] ~= 'owner' then
    local id = parse(fields[f + 1])
    local member = ARGV[1] .. ':' .. id
    local at = redis.call('ZSCORE', on_time, member) or redis.call('ZSCORE', overdue, member)
    if at then
      result[#result + 1] = id
      result[#result + 1] = now - tonumber(at)
    end
  end
end
return result`);

/** ARGV: leases renewed at or before this time end within an interval. */
export const CENSUS = script(`
return { redis.call('ZCARD', on_time), redis.call('ZCARD', overdue),
  redis.call('ZCOUNT', on_time, '-inf', ARGV[1]) + redis.call('ZCOUNT', overdue, '-inf', ARGV[1]) }`);

/** ARGV: leases renewed at or before this time are late; limit. Returns pairs of member and score. */
export const CLAIM_EXPIRED = script(`
local found = redis.call('ZRANGEBYSCORE', on_time, '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
for i = 1, #found, 2 do
  redis.call('ZREM', on_time, found[i])
  redis.call('ZADD', overdue, found[i + 1], found[i])
end
return found`);

/** ARGV: members. */
export const RELEASE = script(`
for i = 1, #ARGV do
  local at = redis.call('ZSCORE', overdue, ARGV[i])
  if at then
    redis.call('ZREM', overdue, ARGV[i])
    redis.call('ZADD', on_time, at, ARGV[i])
  end
end`);

export const RELEASE_ALL = script(`
redis.call('ZUNIONSTORE', on_time, 2, on_time, overdue, 'AGGREGATE', 'MAX')
redis.call('DEL', overdue)`);

/** ARGV and result: as in CLAIM_EXPIRED. */
export const LIST_ENDING = script(`
return redis.call('ZRANGEBYSCORE', overdue, '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])`);

/** ARGV: pairs of member and score. */
export const SETTLE = script(`
for i = 1, #ARGV, 2 do
  local at = redis.call('ZSCORE', overdue, ARGV[i])
  if at and tonumber(at) == tonumber(ARGV[i + 1]) then redis.call('ZREM', overdue, ARGV[i]) end
end`);

/** ARGV: members. */
export const EXTEND = script(`
for i = 1, #ARGV do
  if redis.call('ZREM', overdue, ARGV[i]) == 1 then redis.call('ZADD', on_time, now, ARGV[i]) end
end`);

/** Returns the time, then pairs of a mark's name and value. */
export const STATE = script(`
local found = redis.call('HGETALL', marks)
table.insert(found, 1, string.format('%.0f', now))
return found`);

/** ARGV: limit. Returns how many scores it changed. */
export const CLAMP = script(`
local after, count = '(' .. string.format('%.0f', now), 0
for _, set in ipairs({ on_time, overdue }) do
  local found = redis.call('ZRANGEBYSCORE', set, after, '+inf', 'LIMIT', 0, ARGV[1] - count)
  for i = 1, #found do redis.call('ZADD', set, now, found[i]) end
  count = count + #found
end
return count`);
