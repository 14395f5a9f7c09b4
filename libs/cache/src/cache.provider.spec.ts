import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { type RedisClientType } from 'redis';
import { RedisSettings } from '#config';
import { type RedisServer, startRedisServer } from '../../../test/support/redis-server.js';
import { type CacheKey, defineCacheKey } from './cache-key.js';
import { CacheProvider } from './cache.provider.js';
import { RedisConnection } from './redis.connection.js';

const key = defineCacheKey<string>('contract', 60);
const short = defineCacheKey<string>('contract-short', 1);
const objects = defineCacheKey<{ tags: string[] }>('contract-objects', 60);
const nullable = defineCacheKey<string | null>('contract-nullable', 60);

let server: RedisServer;
let redis: RedisConnection;
let cache: CacheProvider;
let ids = 0;

async function open(url: string | undefined): Promise<void> {
  redis = new RedisConnection(Object.assign(new RedisSettings(), { url }));
  await redis.onModuleInit();
  cache = new CacheProvider(redis);
}

/** Loads that a test holds open. */
function heldLoad(): { load: () => Promise<string>; begun: Promise<void>; end: (value: string | Error) => void } {
  let end: (value: string | Error) => void = () => undefined;
  const value = new Promise<string>((resolve, reject) => {
    end = (result) => {
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
  });
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const load = (): Promise<string> => {
    begin();
    return value;
  };
  return { load, begun, end };
}

/** The value on a hit, 'miss' otherwise; stores nothing. */
async function peek(kind: CacheKey<string>, id: string): Promise<string> {
  return (await cache.getOrLoad(kind, id, () => Promise.resolve(undefined))) ?? 'miss';
}

const give = (value: string) => (): Promise<string> => Promise.resolve(value);

beforeAll(async () => {
  Logger.overrideLogger(false);
  server = await startRedisServer();
}, 300_000);
afterAll(() => server.stop());
afterEach(() => redis.onApplicationShutdown());

describe.each([
  ['the memory of the process', false],
  ['Redis', true],
])('cache.contract over %s', (_, withRedis) => {
  let id: string;

  beforeEach(async () => {
    id = `id-${++ids}`;
    await open(withRedis ? server.url : undefined);
    expect(redis.isReady).toBe(withRedis);
  });

  it('loads once and answers from the store from then on', async () => {
    expect(await cache.getOrLoad(key, id, give('first'))).toBe('first');
    expect(await cache.getOrLoad(key, id, give('second'))).toBe('first');
    expect(cache.stats()).toEqual({ contract: { hits: 1, misses: 1, errors: 0 } });
  });

  it('keeps namespaces and ids apart', async () => {
    await cache.getOrLoad(key, id, give('value'));
    expect(await peek(short, id)).toBe('miss');
    expect(await peek(key, `${id}:`)).toBe('miss');
  });

  it('keeps null, and does not keep undefined', async () => {
    expect(await cache.getOrLoad(nullable, id, () => Promise.resolve(undefined))).toBeUndefined();
    expect(await cache.getOrLoad(nullable, id, () => Promise.resolve(null))).toBeNull();
    expect(await cache.getOrLoad(nullable, id, give('later'))).toBeNull();
  });

  it('keeps a copy that callers cannot change', async () => {
    const loaded = { tags: ['a'] };
    await cache.getOrLoad(objects, id, () => Promise.resolve(loaded));
    loaded.tags.push('b');
    const hit = await cache.getOrLoad(objects, id, () => Promise.reject(new Error('no hit')));
    hit?.tags.push('c');
    const next = await cache.getOrLoad(objects, id, () => Promise.reject(new Error('no hit')));
    expect(next).toEqual({ tags: ['a'] });
  });

  it('shares one load among concurrent misses', async () => {
    let loads = 0;
    const held = heldLoad();
    const load = (): Promise<string> => {
      loads += 1;
      return held.load();
    };
    const answers = Array.from({ length: 100 }, () => cache.getOrLoad(key, id, load));
    await held.begun;
    answers.push(cache.getOrLoad(key, id, load));
    held.end('shared');
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['shared']));
    expect(loads).toBe(1);
    expect(cache.stats().contract).toEqual({ hits: 100, misses: 1, errors: 0 });
  });

  it('rejects all who wait for a load that fails, and keeps nothing', async () => {
    const held = heldLoad();
    const answers = [cache.getOrLoad(key, id, held.load), cache.getOrLoad(key, id, held.load)];
    held.end(new Error('no database'));
    for (const { status } of await Promise.allSettled(answers)) expect(status).toBe('rejected');
    expect(await cache.getOrLoad(key, id, give('next'))).toBe('next');
  });

  it('rejects when the loader throws at once', async () => {
    const load = (): never => {
      throw new Error('at once');
    };
    await expect(cache.getOrLoad(key, id, load)).rejects.toThrow('at once');
  });

  it('forgets what is invalidated, and only that', async () => {
    for (const name of ['a', 'b', 'c']) await cache.getOrLoad(key, id + name, give('old'));
    await cache.invalidate(key, `${id}a`, `${id}b`);
    expect([await peek(key, `${id}a`), await peek(key, `${id}b`), await peek(key, `${id}c`)]).toEqual([
      'miss',
      'miss',
      'old',
    ]);
    await expect(cache.invalidate(key)).resolves.toBeUndefined();
  });

  it('does not store a load that was in flight at an invalidation', async () => {
    const held = heldLoad();
    const before = cache.getOrLoad(key, id, held.load);
    await held.begun;
    await cache.invalidate(key, id);
    held.end('old');
    expect(await before).toBe('old');
    expect(await peek(key, id)).toBe('miss');
  });

  it('does not share a load that was in flight at an invalidation', async () => {
    const held = heldLoad();
    const before = cache.getOrLoad(key, id, held.load);
    await held.begun;
    // Not awaited: whoever asks next must not see the old value all the same.
    const invalidation = cache.invalidate(key, id);
    expect(await cache.getOrLoad(key, id, give('new'))).toBe('new');
    held.end('old');
    expect(await before).toBe('old');
    await invalidation;
    expect(await peek(key, id)).toBe('new');
  });

  it('forgets a value after its time to live, counted from the beginning of its load', async () => {
    const begun = performance.now();
    await cache.getOrLoad(short, id, () => delay(400, 'value'));
    expect(await peek(short, id)).toBe('value');
    while ((await peek(short, id)) !== 'miss') await delay(10);
    expect(performance.now() - begun).toBeGreaterThan(980);
    expect(performance.now() - begun).toBeLessThan(1_300);
  });
});

describe('CacheProvider over Redis', () => {
  let client: RedisClientType;

  beforeEach(async () => {
    await open(server.url);
    if (redis.client === undefined) throw new Error('no client');
    client = redis.client;
  });

  it('writes JSON that expires', async () => {
    await cache.getOrLoad(key, 'stored', give('value'));
    const text = await client.get('ooder:v1:contract:stored');
    expect(JSON.parse(text ?? '')).toEqual({ at: expect.any(Number), value: 'value' });
    expect(await client.pTTL('ooder:v1:contract:stored')).toBeGreaterThan(50_000);
  });

  it('shares its values with other replicas', async () => {
    await cache.getOrLoad(key, 'replicas', give('value'));
    expect(await peek(key, 'replicas')).toBe('value');
    await redis.onApplicationShutdown();
    await open(server.url);
    expect(await peek(key, 'replicas')).toBe('value');
  });

  it.each([
    ['no JSON', (name: string) => client.set(name, '{"at":')],
    ['JSON of another shape', (name: string) => client.set(name, '[1,2]')],
    ['another type of Redis', (name: string) => client.rPush(name, 'value')],
  ])('loads, and repairs, where it finds %s', async (rubbish, write) => {
    await write(key.nameOf(rubbish));
    expect(await cache.getOrLoad(key, rubbish, give('loaded'))).toBe('loaded');
    expect(await peek(key, rubbish)).toBe('loaded');
    expect(cache.stats().contract).toEqual({ hits: 1, misses: 1, errors: 1 });
  });

  it('does not answer a value that was written too late', async () => {
    await client.set(key.nameOf('late'), JSON.stringify({ at: Date.now() - 61_000, value: 'late' }));
    expect(await peek(key, 'late')).toBe('miss');
  });
});
