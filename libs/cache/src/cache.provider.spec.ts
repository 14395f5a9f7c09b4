import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { type RedisClientType } from 'redis';
import { RedisSettings } from '#config';
import { type RedisServer, startRedisServer } from '../../../test/support/redis-server.js';
import { defineCacheKey } from './cache-key.js';
import { CacheProvider } from './cache.provider.js';
import { RedisConnection } from './redis.connection.js';

interface Value {
  tags: string[];
}

const key = defineCacheKey<Value>('contract', 60);
const short = defineCacheKey<Value>('contract-short', 1);
const value = (): Value => ({ tags: ['a'] });

let server: RedisServer;
let redis: RedisConnection;
let cache: CacheProvider;
let ids = 0;

async function open(url: string | undefined): Promise<void> {
  redis = new RedisConnection(Object.assign(new RedisSettings(), { url }));
  await redis.onModuleInit();
  cache = new CacheProvider(redis);
}

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

  it('answers what was set, and counts hits and misses', async () => {
    expect(await cache.get(key, id)).toBeUndefined();
    await cache.set(key, id, value());
    expect(await cache.get(key, id)).toEqual(value());
    expect(cache.stats()).toEqual({ contract: { hits: 1, misses: 1, errors: 0 } });
  });

  it('finds a value whose set is not awaited', async () => {
    void cache.set(key, id, value());
    expect(await cache.get(key, id)).toEqual(value());
  });

  it('keeps namespaces and ids apart', async () => {
    await cache.set(key, id, value());
    expect(await cache.get(short, id)).toBeUndefined();
    expect(await cache.get(key, `${id}:`)).toBeUndefined();
  });

  it('keeps a copy that callers cannot change', async () => {
    const given = value();
    await cache.set(key, id, given);
    given.tags.push('b');
    (await cache.get(key, id))?.tags.push('c');
    expect(await cache.get(key, id)).toEqual(value());
  });

  it('forgets a value after its time to live', async () => {
    const begun = performance.now();
    await cache.set(short, id, value());
    while (await cache.get(short, id)) await delay(10);
    expect(performance.now() - begun).toBeGreaterThan(980);
    expect(performance.now() - begun).toBeLessThan(1_500);
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
    await cache.set(key, 'stored', value());
    const text = await client.get('ooder:v1:contract:stored');
    expect(JSON.parse(text ?? '')).toEqual(value());
    expect(await client.pTTL('ooder:v1:contract:stored')).toBeGreaterThan(50_000);
  });

  it('shares its values with other replicas', async () => {
    await cache.set(key, 'replicas', value());
    await redis.onApplicationShutdown();
    await open(server.url);
    expect(await cache.get(key, 'replicas')).toEqual(value());
  });

  it.each([
    ['no JSON', (name: string) => client.set(name, '{"tags":')],
    ['another type of Redis', (name: string) => client.rPush(name, 'value')],
  ])('counts an error and a miss where it finds %s, and can be set again', async (rubbish, write) => {
    await write(key.keyFor(rubbish));
    expect(await cache.get(key, rubbish)).toBeUndefined();
    expect(cache.stats().contract).toEqual({ hits: 0, misses: 1, errors: 1 });
    await cache.set(key, rubbish, value());
    expect(await cache.get(key, rubbish)).toEqual(value());
  });
});
