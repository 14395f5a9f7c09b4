import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { BEHAVIOURS, SkillServer } from '../support/skill-server.js';
import { startTestApp, type TestApp, tokenOf } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { skillBody } from '../support/skill.factory.js';
import { type Api, apiKeyOf, apiOf, keyApiOf } from './api.js';

/** What is cut off on one replica is cut off on all of them within this time. */
const WITHIN_MS = 1_000;

describe.each(['without Redis', 'with Redis'])('two replicas, %s', (name) => {
  let redis: RedisServer | undefined;
  let database: TestDatabase;
  let here: TestApp;
  let there: TestApp;
  let admin: Api;
  beforeAll(async () => {
    redis = name === 'with Redis' ? await startRedisServer() : undefined;
    database = await createTestDatabase();
    const options = {
      database,
      env: {
        SECURITY_JWT_SECRET: '0123456789abcdefghijklmnopqrstuvwxyzABCDEF',
        ...(redis && { REDIS_URL: redis.url }),
      },
    };
    here = await startTestApp(options);
    there = await startTestApp(options);
    admin = apiOf(here);
  });
  afterAll(async () => {
    await here.close();
    await there.close();
    await database.drop();
    await redis?.stop();
  });

  const both = (credential: (app: TestApp) => Api) => [credential(here), credential(there)];
  const status = async (api: Api) => (await api.get('/skills')).status;
  /** Known on both, so that neither asks PostgreSQL of it any more. */
  const client = async (...spaces: string[]) => {
    const { clientId, secret, token } = await here.client('publisher', ...spaces);
    const { key, id } = await apiKeyOf(here, clientId);
    const apis = [...both((app) => apiOf(app, token)), ...both((app) => keyApiOf(app, key))];
    for (const api of apis) expect(await status(api)).toBe(200);
    return { clientId, secret, id, tokens: apis.slice(0, 2), keys: apis.slice(2), apis };
  };
  const refused = async (apis: readonly Api[]) => {
    const since = performance.now();
    for (const api of apis) await until(async () => (await status(api)) === 401, WITHIN_MS);
    expect(performance.now() - since).toBeLessThan(WITHIN_MS);
  };

  it('refuse tokens and keys of a client that is disabled, and take its keys at once when it is enabled', async () => {
    const { clientId, secret, apis, keys } = await client();
    for (let round = 0; round < 3; round += 1) {
      await admin.patch(`/auth/clients/${clientId}`, { disabled: true }).expect(200);
      await refused(round === 0 ? apis : keys);
      await admin.patch(`/auth/clients/${clientId}`, { disabled: false }).expect(200);
      for (const api of keys) expect(await status(api)).toBe(200);
      for (const app of [here, there]) {
        const token = await tokenOf(app.http, clientId, secret);
        for (const api of both((replica) => apiOf(replica, token))) expect(await status(api)).toBe(200);
      }
    }
  });

  it('refuse those of a client that is deleted, and take those of a new one of the same id', async () => {
    const { clientId, apis } = await client();
    await admin.delete(`/auth/clients/${clientId}`).expect(204);
    await refused(apis);
    const { body } = await apiOf(there)
      .post('/auth/clients', { client_id: clientId, name: 'new', role: 'publisher' })
      .expect(201);
    const token = await tokenOf(here.http, clientId, body.client_secret as string);
    const { key } = await apiKeyOf(there, clientId);
    for (const api of [...both((app) => apiOf(app, token)), ...both((app) => keyApiOf(app, key))]) {
      expect(await status(api)).toBe(200);
    }
    await refused(apis);
  });

  it('refuse a key that is deleted, and no other', async () => {
    const { clientId, id, tokens, keys } = await client();
    await admin.delete(`/auth/clients/${clientId}/api-keys/${id}`).expect(204);
    await refused(keys);
    for (const api of tokens) expect(await status(api)).toBe(200);
  });

  it('refuse a key that is disabled, and take it at once when it is enabled', async () => {
    const { clientId, id, tokens, keys } = await client();
    for (let round = 0; round < 2; round += 1) {
      await admin.patch(`/auth/clients/${clientId}/api-keys/${id}`, { disabled: true }).expect(200);
      await refused(keys);
      for (const api of tokens) expect(await status(api)).toBe(200);
      await admin.patch(`/auth/clients/${clientId}/api-keys/${id}`, { disabled: false }).expect(200);
      for (const api of keys) expect(await status(api)).toBe(200);
    }
  });

  it('refuse a key that another one has replaced, at once or after the overlap', async () => {
    for (const overlap of [0, 2]) {
      const { clientId, id, keys } = await client();
      const since = performance.now();
      const answer = await admin.post(`/auth/clients/${clientId}/api-keys/${id}/rotate`, { overlap }).expect(201);
      for (const api of both((app) => keyApiOf(app, answer.body.api_key as string)))
        expect(await status(api)).toBe(200);
      if (overlap > 0) {
        for (const api of keys) expect(await status(api)).toBe(200);
        for (const api of keys) await until(async () => (await status(api)) === 401, overlap * 1_000);
        expect(performance.now() - since).toBeGreaterThanOrEqual(overlap * 1_000 - 10);
      } else await refused(keys);
    }
  });

  it('refuse tokens from before a secret that went at once; keys hold', async () => {
    const { clientId, tokens, keys } = await client();
    await admin.post(`/auth/clients/${clientId}/rotate-secret`, { overlap: 60 }).expect(200);
    for (const api of tokens) expect(await status(api)).toBe(200);
    await admin.post(`/auth/clients/${clientId}/rotate-secret`).expect(200);
    await refused(tokens);
    for (const api of keys) expect(await status(api)).toBe(200);
  });

  it('give keys the new role and the new Spaces within a second', async () => {
    const { clientId, tokens, keys } = await client();
    const space = `s-${clientId.slice(-8)}`;
    const { skill_id } = (await admin.post('/skills', { ...skillBody(), space_id: space }).expect(201)).body;
    const path = `/skills/${skill_id as string}`;
    const read = (api: Api) => api.get(path).then((answer) => answer.status);
    for (const api of keys) expect(await read(api)).toBe(200);
    await admin.patch(`/auth/clients/${clientId}`, { spaces: ['elsewhere'] }).expect(200);
    await refused(tokens);
    for (const api of keys) await until(async () => (await read(api)) === 404, WITHIN_MS);
    await admin.patch(`/auth/clients/${clientId}`, { spaces: [space] }).expect(200);
    for (const api of keys) await until(async () => (await read(api)) === 200, WITHIN_MS);
    await admin.patch(`/auth/clients/${clientId}`, { role: 'viewer' }).expect(200);
    for (const api of keys) {
      await until(async () => (await api.post('/skills', skillBody())).status === 403, WITHIN_MS);
    }
  });

  it('make one call of a command_id: the replica that does not make it answers 202, or waits for its end', async () => {
    let release = (): void => undefined;
    const skill = await SkillServer.start((call, response) => {
      release = () => {
        BEHAVIOURS.echo(call, response);
      };
    });
    const { body } = await admin.post('/skills/register', skillBody({ endpoints: [{ url: skill.url }] })).expect(200);
    const skill_id = body.data.skill_id as string;
    const call = { command_id: 'at-both', skill_id, capability_id: 'forecast', parameters: { city: 'Oslo' } };
    const first = admin.post('/commands/execute', call).then((answer) => answer.body.data as object);
    await until(() => skill.calls.length === 1);
    const other = apiOf(there, here.admin);
    const running = await other.post('/commands/execute', call).expect(202);
    expect(running.body.data.status).toBe('running');
    const waiting = other.post('/commands/execute', call).set('prefer', 'wait=30').then();
    release();
    const answer = await waiting;
    expect([answer.status, answer.body.data, skill.calls.length]).toEqual([200, await first, 1]);
    await skill.stop();
  });
});
