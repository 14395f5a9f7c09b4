import { type RedisConnection, RedisScript } from '#cache';
import { WINDOW_MS } from './windows.js';

/**
 * Adds ARGV[i + 1] to KEYS[i], whose window lasts ARGV[1] milliseconds from its first request. Returns for each key the count
 * and the milliseconds until the window ends. A negative number opens no window.
 */
const COUNT = new RedisScript(`
local answers = {}
for i, key in ipairs(KEYS) do
  local delta = tonumber(ARGV[i + 1])
  local count, rest = 0, -2
  if delta > 0 or redis.call('EXISTS', key) == 1 then
    count = redis.call('INCRBY', key, delta)
    rest = redis.call('PTTL', key)
    if rest < 0 then
      redis.call('PEXPIRE', key, ARGV[1])
      rest = tonumber(ARGV[1])
    end
  end
  answers[#answers + 1] = count
  answers[#answers + 1] = rest
end
return answers
`);

const PREFIX = 'ooder:v1:rate-limit:';

export interface SharedCount {
  count: number;
  /** Milliseconds until the window ends. */
  rest: number;
}

/** One round trip, atomic. @throws RedisUnavailableError; errors of Redis itself */
export async function countShared(
  redis: RedisConnection,
  deltas: readonly (readonly [key: string, delta: number])[],
  timeoutMs?: number,
): Promise<SharedCount[]> {
  const answers = (await COUNT.run(
    redis,
    deltas.map(([key]) => PREFIX + key),
    [String(WINDOW_MS), ...deltas.map(([, delta]) => String(delta))],
    timeoutMs,
  )) as number[];
  return deltas.map((_, index) => ({
    count: answers[index * 2] ?? 0,
    rest: Math.max(0, answers[index * 2 + 1] ?? 0),
  }));
}
