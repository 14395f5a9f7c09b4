import { HotAnswers } from '#skills';
import { createClient } from 'redis';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { type Api, apiOf } from './api.js';

/** A second, and time for a busy machine; what nobody tells of is found 25 s later. */
const WITHIN_MS = 5_000;

const command = async (redis: RedisServer, ...parts: string[]): Promise<unknown> => {
  const client = createClient({ url: redis.url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await client.sendCommand(parts);
  } finally {
    await client.disconnect();
  }
};

describe('answers from memory of two replicas', () => {
  let redis: RedisServer;
  let database: TestDatabase;
  let replicas: TestApp[];
  let apis: Api[];
  beforeAll(async () => {
    redis = await startRedisServer();
    database = await createTestDatabase();
    const env = { REDIS_URL: redis.url, SECURITY_JWT_SECRET: 'a-secret-that-both-of-the-replicas-know' };
    replicas = [await startTestApp({ database, env }), await startTestApp({ database, env })];
    const token = replicas[0]?.admin ?? '';
    apis = replicas.map((app) => apiOf(app, token));
  });
  afterAll(async () => {
    for (const app of replicas) await app.close();
    await database.drop();
    await redis.stop();
  });

  const api = (index: number): Api => {
    const found = apis[index];
    if (found === undefined) throw new Error(`there is no replica ${index}`);
    return found;
  };
  const first = (): Api => api(0);
  const second = (): Api => api(1);
  const listeners = async () => String(await command(redis, 'CLIENT', 'LIST', 'TYPE', 'pubsub'));
  const countsOf = (index: number) => replicas[index]?.app.get(HotAnswers).counts ?? { hits: 0, misses: 0 };
  const register = async (overrides = {}): Promise<string> =>
    (await first().post('/skills/register', skillBody(overrides)).expect(200)).body.data.skill_id as string;
  const descriptions = async (api: Api, id: string): Promise<string[]> => {
    const one = await api.get(`/skills/${id}`).expect(200);
    const list = await api.get('/skills/').expect(200);
    const found = await api.get('/skills/discover').expect(200);
    return [one.body, ...list.body, ...found.body.data.skills]
      .filter((skill) => skill.skill_id === id)
      .map((skill) => skill.description as string);
  };
  const texts = (text: string): string[] => [text, text, text];
  /** Reads until the second replica answers all of them from memory. */
  const warm = async (id: string): Promise<void> => {
    await until(async () => {
      const before = countsOf(1).hits;
      await descriptions(second(), id);
      return countsOf(1).hits === before + 3;
    }, 10_000);
  };
  const showsWithin = async (id: string, text: string): Promise<number> => {
    const began = performance.now();
    await until(async () => (await descriptions(second(), id)).join() === texts(text).join(), 10_000);
    return performance.now() - began;
  };

  it('show what the other has changed within a second, and their own changes at once', async () => {
    const id = await register();
    await warm(id);
    for (let round = 0; round < 10; round += 1) {
      const text = `round ${round}`;
      await first().patch(`/skills/${id}`, { description: text }).expect(200);
      const written = performance.now();
      expect(await descriptions(first(), id)).toEqual(texts(text));
      await until(async () => (await descriptions(second(), id)).join() === texts(text).join(), 10_000);
      expect(performance.now() - written).toBeLessThan(WITHIN_MS);
    }
    await warm(id);
    await first().delete(`/skills/${id}`).expect(204);
    const deleted = performance.now();
    await until(async () => (await second().get(`/skills/${id}`)).status === 404, 10_000);
    await until(async () => (await second().get('/skills/')).body.length === 0, 10_000);
    expect(performance.now() - deleted).toBeLessThan(WITHIN_MS);
  });

  it('do so by messages: a look at the number alone would find nothing to repair', async () => {
    const id = await register();
    await warm(id);
    const missed = async (): Promise<string | undefined> =>
      /^catalogue_changes\{source="missed"\} (\d+)$/m.exec((await replicas[1]?.http.get('/metrics'))?.text ?? '')?.[1];
    const before = await missed();
    await first().patch(`/skills/${id}`, { description: 'heard of' }).expect(200);
    expect(await showsWithin(id, 'heard of')).toBeLessThan(WITHIN_MS);
    expect(await missed()).toBe(before);
  });

  it('find out that a message was lost', async () => {
    const id = await register();
    // Nobody may hear messages from now on, whatever connects again.
    await command(redis, 'ACL', 'SETUSER', 'default', 'resetchannels', '-subscribe');
    // That alone may have ended them.
    await command(redis, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(async () => !(await listeners()).includes('sub=1'), 10_000);
    await warm(id);
    for (const text of ['unheard of', 'unheard of again']) {
      // Nobody receives it; the number rises all the same.
      await first().patch(`/skills/${id}`, { description: text }).expect(200);
      expect(await showsWithin(id, text)).toBeLessThan(WITHIN_MS);
      await warm(id);
    }
    await command(redis, 'ACL', 'SETUSER', 'default', 'allchannels', '+subscribe');
    await until(async () => (await listeners()).match(/sub=1/g)?.length === replicas.length);
  });

  it('hear again after their connection was cut', async () => {
    const id = await register();
    await warm(id);
    expect(await command(redis, 'CLIENT', 'KILL', 'TYPE', 'pubsub')).toBeGreaterThan(0);
    await first().patch(`/skills/${id}`, { description: 'cut' }).expect(200);
    expect(await showsWithin(id, 'cut')).toBeLessThan(WITHIN_MS);
    await until(async () => (await listeners()).match(/sub=1/g)?.length === replicas.length);
    await warm(id);
    await first().patch(`/skills/${id}`, { description: 'mended' }).expect(200);
    expect(await showsWithin(id, 'mended')).toBeLessThan(WITHIN_MS);
  });

  it('notice that Redis has lost its numbers', async () => {
    const id = await register();
    for (let round = 0; round < 3; round += 1) await register();
    await warm(id);
    await command(redis, 'FLUSHALL');
    await first().patch(`/skills/${id}`, { description: 'counted anew' }).expect(200);
    expect(await showsWithin(id, 'counted anew')).toBeLessThan(WITHIN_MS);
  });

  it('are given no longer while Redis is away, and again when it is back', async () => {
    const id = await register();
    await warm(id);
    const { port } = redis;
    await redis.stop();
    await first().patch(`/skills/${id}`, { description: 'while it is away' }).expect(200);
    const changed = performance.now();
    await until(async () => (await descriptions(second(), id)).join() === texts('while it is away').join(), 10_000);
    expect(performance.now() - changed).toBeLessThan(WITHIN_MS);
    const before = countsOf(1).hits;
    for (let time = 0; time < 3; time += 1) await descriptions(second(), id);
    expect(countsOf(1).hits).toBe(before);
    redis = await startRedisServer({ port });
    await warm(id);
    await first().patch(`/skills/${id}`, { description: 'it is back' }).expect(200);
    expect(await showsWithin(id, 'it is back')).toBeLessThan(WITHIN_MS);
  }, 40_000);
});
