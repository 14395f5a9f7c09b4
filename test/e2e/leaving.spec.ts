import { EventEmitter, once } from 'node:events';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { BEHAVIOURS } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError, NOBODY, TIME } from './api.js';
import { auditEntries } from './audit-entries.js';
import { CallSite } from './calls.js';

interface Registered {
  skill_id: string;
  generation: number;
}

/** Two replicas on one PostgreSQL and one Redis. */
describe('leaving the registry', () => {
  let redis: RedisServer;
  let site: CallSite;
  let other: TestApp;
  let api: Api;
  let otherApi: Api;
  beforeAll(async () => {
    redis = await startRedisServer();
    const env = {
      REDIS_URL: redis.url,
      SECURITY_JWT_SECRET: 'a-secret-that-both-of-the-replicas-know',
      COMMAND_TARGET_MAX_AGE: '0',
    };
    site = await CallSite.start(env);
    other = await startTestApp({ database: site.app.database, env });
    api = site.admin;
    otherApi = apiOf(other, site.app.admin);
  });
  afterAll(async () => {
    await site.stopSkills();
    await other.close();
    await site.app.close();
    await redis.stop();
  });

  const urlOf = (n: number) => `http://replica-${n}.example:1`;
  const register = async (body: object): Promise<Registered> =>
    (await api.post('/skills/register', body).expect(200)).body.data as Registered;
  /** Replicas of one Skill, which register one after the other. */
  const replicas = async (count: number) => {
    const body = skillBody();
    const registered: Registered[] = [];
    for (let n = 1; n <= count; n += 1) registered.push(await register({ ...body, endpoints: [{ url: urlOf(n) }] }));
    return {
      body,
      skillId: registered[0]?.skill_id ?? '',
      generations: registered.map(({ generation }) => generation),
    };
  };
  const urls = async (skillId: string) =>
    ((await api.get(`/skills/${skillId}`).expect(200)).body.endpoints as { url: string }[]).map(({ url }) => url);
  const leave = (skillId: string, body?: object, by = api) => by.post(`/skills/${skillId}/unregister`, body);
  const drain = (skillId: string, body?: object, by = api) => by.post(`/skills/${skillId}/drain`, body);

  it('takes the endpoint that is named, and the Skill with its last one', async () => {
    const { skillId, generations } = await replicas(3);
    const first = await leave(skillId, { endpoint_url: urlOf(2), generation: generations[1] }).expect(200);
    expect(first.body.data).toEqual({
      skill_id: skillId,
      id: skillId,
      status: 'unregistered',
      unregistered_at: expect.stringMatching(TIME),
      endpoints_left: 2,
    });
    expect(await urls(skillId)).toEqual([urlOf(1), urlOf(3)]);
    expectError(await leave(skillId, { endpoint_url: urlOf(2) }), 404, 1010);
    await leave(skillId, { skill_id: skillId.toUpperCase(), endpoint_url: urlOf(1).toUpperCase() }, otherApi).expect(
      200,
    );
    const last = await leave(skillId, { endpoint_url: urlOf(3) }).expect(200);
    expect(last.body.data).toMatchObject({ endpoints_left: 0 });
    expectError(await api.get(`/skills/${skillId}`), 404, 1004);
    const events = await site.app.database.query(
      'SELECT event, endpoint_url FROM skill_events WHERE skill_id = $1 AND event LIKE $2 ORDER BY id',
      [skillId, '%unregistered'],
    );
    expect(events).toEqual([
      { event: 'endpoint_unregistered', endpoint_url: urlOf(2) },
      { event: 'endpoint_unregistered', endpoint_url: urlOf(1) },
      { event: 'unregistered', endpoint_url: null },
    ]);
    const actions = (await auditEntries(api, { target: `skill:${skillId}` })).map(({ action }) => action);
    expect(actions.filter((action) => action === 'endpoint.unregister')).toHaveLength(2);
    expect(actions.filter((action) => action === 'skill.unregister')).toHaveLength(1);
  });

  it('takes the whole Skill without a body, and with one that names no endpoint', async () => {
    for (const body of [undefined, {}, 'id', 'generation']) {
      const { skillId, generations } = await replicas(2);
      const sent =
        body === 'id' ? { skill_id: skillId } : body === 'generation' ? { generation: generations[1] } : body;
      const { body: answer } = await leave(skillId, sent).expect(200);
      expect(answer.data).toEqual({
        skill_id: skillId,
        id: skillId,
        status: 'unregistered',
        unregistered_at: expect.any(String),
      });
      expectError(await api.get(`/skills/${skillId}`), 404, 1004);
    }
  });

  it.each(['unregister', 'drain'])(
    'refuses a ghost, a stale ETag and bad input, and changes nothing: %s',
    async (call) => {
      const { body, skillId, generations } = await replicas(2);
      const [older, newer = 0] = generations;
      await register({ ...body, endpoints: [{ url: urlOf(1) }] });
      const { headers } = await api.get(`/skills/${skillId}`);
      const send = (sent?: object) => api.post(`/skills/${skillId}/${call}`, sent);
      expectError(await send({ endpoint_url: urlOf(1), generation: older }), 409, 1006);
      expectError(await send({ endpoint_url: urlOf(1), generation: newer }), 409, 1006);
      expectError(await send({ generation: newer }), 409, 1006);
      expectError(await send({ endpoint_url: urlOf(9) }), 404, 1010);
      expectError(await send({ endpoint_url: urlOf(1) }).set('if-match', '"1.1"'), 412, 1011);
      expectError(await send().set('if-match', '"1.1"'), 412, 1011);
      const faults = [
        [{ endpoint: urlOf(1) }, 'endpoint'],
        [{ endpoint_url: 1 }, 'endpoint_url'],
        [{ endpoint_url: 'nowhere' }, 'endpoint_url'],
        [{ endpoint_url: urlOf(1), generation: '1' }, 'generation'],
        [{ skill_id: NOBODY }, 'skill_id'],
        [{ skill_id: 5 }, 'skill_id'],
      ] as const;
      for (const [sent, field] of faults) {
        expect(expectError(await send(sent), 400, 1001)[0]?.split(' ')[0]).toBe(field);
      }
      expectError(await send([1]), 400, 1001);
      const stranger = apiOf(site.app, (await site.app.client('publisher')).token);
      expectError(await stranger.post(`/skills/${skillId}/${call}`, { endpoint_url: urlOf(1) }), 403, 1003);
      const after = await api.get(`/skills/${skillId}`);
      expect(after.headers.etag).toBe(headers.etag);
      // The endpoint's own generation is older than that of its Skill.
      await send({ endpoint_url: urlOf(2), generation: newer })
        .set('if-match', String(headers.etag))
        .expect(200);
    },
  );

  it('is decided once by an Idempotency-Key', async () => {
    const { skillId } = await replicas(3);
    const send = (n: number) => leave(skillId, { endpoint_url: urlOf(n) }).set('idempotency-key', 'leave-once');
    const [one, two] = [await send(1).expect(200), await send(1).expect(200)];
    expect(two.body).toEqual(one.body);
    expectError(await send(2), 400, 1001);
    expect(await urls(skillId)).toHaveLength(2);
  });

  it('takes the Skill with the last of many replicas that leave at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { skillId, generations } = await replicas(6);
      const answers = await Promise.all(
        generations.map((generation, n) =>
          leave(skillId, { endpoint_url: urlOf(n + 1), generation }, n % 2 === 0 ? api : otherApi),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(generations.map(() => 200));
      expect(answers.map(({ body }) => body.data.endpoints_left as number).toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
      expectError(await api.get(`/skills/${skillId}`), 404, 1004);
    }
  });

  it('loses no replica that registers while the last one leaves', async () => {
    for (let round = 0; round < 8; round += 1) {
      const { body, skillId } = await replicas(1);
      const [left, joined] = await Promise.all([
        leave(skillId, { endpoint_url: urlOf(1) }),
        otherApi.post('/skills/register', { ...body, endpoints: [{ url: urlOf(2) }] }),
      ]);
      expect([left.status, joined.status]).toEqual([200, 200]);
      expect(await urls((joined.body.data as Registered).skill_id)).toEqual([urlOf(2)]);
    }
  });

  it('takes no body, or an object: nothing leaves for another one', async () => {
    const { skillId } = await replicas(1);
    for (const route of ['unregister', 'drain'])
      for (const sent of ['null', '[]', '5', '"x"', 'false'])
        expectError(
          await api.post(`/skills/${skillId}/${route}`).set('content-type', 'application/json').send(sent),
          400,
          1001,
        );
    await leave(skillId).expect(200);
  });

  it('makes a heartbeat for the endpoint register again, whoever removed it', async () => {
    const { body, skillId } = await replicas(4);
    await leave(skillId, { endpoint_url: urlOf(1) }).expect(200);
    await api.patch(`/skills/${skillId}`, { endpoints: [{ url: urlOf(3) }, { url: urlOf(4) }] }).expect(200);
    const gone = [urlOf(1), urlOf(2)];
    for (const endpoint_url of gone) {
      const answer = await api.post(`/skills/${skillId}/heartbeat`, { endpoint_url });
      expectError(answer, 404, 1004);
      expect(answer.body.message).toContain('register again');
    }
    const { results } = (
      await api.post('/heartbeats', { heartbeats: gone.map((endpoint_url) => ({ skill_id: skillId, endpoint_url })) })
    ).body.data;
    const removed = {
      skill_id: skillId,
      status: 'unknown',
      code: 1004,
      message: expect.stringContaining('register again'),
    };
    expect(results).toEqual([removed, removed]);
    expectError(await api.post(`/skills/${skillId}/heartbeat`, { endpoint_url: urlOf(9) }), 400, 1001);
    const [stored, sent] = ['HTTP://Host:80/a', 'http://host/a'];
    await api.patch(`/skills/${skillId}`, { endpoints: [{ url: stored }, { url: urlOf(4) }] }).expect(200);
    await api.patch(`/skills/${skillId}`, { endpoints: [{ url: urlOf(4) }] }).expect(200);
    expectError(await api.post(`/skills/${skillId}/heartbeat`, { endpoint_url: sent }), 404, 1004);
    await leave(skillId).expect(200);
    await register({ ...body, skill_id: skillId, endpoints: [{ url: urlOf(5) }] });
    expectError(await otherApi.post(`/skills/${skillId}/heartbeat`, { endpoint_url: urlOf(4) }), 404, 1004);
  });

  it('and coming back again and again is flapping', async () => {
    const { body, skillId } = await replicas(1);
    for (const health of ['unhealthy', 'healthy', 'warning', 'healthy', 'unhealthy', 'healthy', 'unhealthy']) {
      await api.post(`/skills/${skillId}/heartbeat`, { endpoint_url: urlOf(1), health }).expect(200);
    }
    const { explain } = (await api.get(`/skills/discover?name=${body.name}&explain=true`).expect(200)).body.data;
    expect(explain[0].reason).toContain('it flaps: it became healthy again 3 times in the last 10 minutes');
    expect((await other.http.get('/metrics')).text).toMatch(/registry_endpoints_flapping [1-9]/);
  });

  describe('by draining', () => {
    const statuses = async (skillId: string) =>
      ((await api.get(`/skills/${skillId}`).expect(200)).body.endpoints as { status: string }[]).map(
        ({ status }) => status,
      );

    it('routes no new calls to an endpoint, and lets those in flight finish', async () => {
      const [one, two] = await site.serve(BEHAVIOURS.echo, BEHAVIOURS.echo);
      if (!one || !two) throw new Error('no Skills');
      const server = new EventEmitter();
      one.behaviour = (call, response) =>
        server.emit('called', () => {
          BEHAVIOURS.echo(call, response);
        });
      const { skillId } = await site.register([{ url: one.url }]);
      const called = once(server, 'called') as Promise<[finish: () => void]>;
      const inFlight = site.execute(skillId).then((answer) => answer);
      const [finish] = await called;
      const { name, version } = (await api.get(`/skills/${skillId}`)).body as { name: string; version: string };
      await register({ name, version, endpoints: [{ url: two.url }] });
      const { body } = await drain(skillId, { endpoint_url: one.url }).expect(200);
      expect(body.data).toEqual({
        skill_id: skillId,
        id: skillId,
        status: 'draining',
        draining_at: expect.stringMatching(TIME),
        endpoints: [{ endpoint_id: expect.any(String), url: one.url, status: 'draining' }],
      });
      for (let n = 0; n < 6; n += 1) {
        await site.execute(skillId, {}, n % 2 === 0 ? site.agent : otherApi).expect(200);
      }
      expect([one.calls.length, two.calls.length]).toEqual([1, 6]);
      finish();
      expect((await inFlight).body.data.status).toBe((await site.execute(skillId)).body.data.status);
    });

    it('keeps the Skill listed, and says why it is not discovered', async () => {
      const { body, skillId } = await replicas(2);
      await drain(skillId).expect(200);
      expect(await statuses(skillId)).toEqual(['draining', 'draining']);
      expect((await api.get(`/skills/?name=${body.name}`)).body).toHaveLength(1);
      const discovered = (await otherApi.get(`/skills/discover?name=${body.name}&explain=true`).expect(200)).body.data;
      expect(discovered.total).toBe(0);
      expect(discovered.explain[0].reason).toContain(`${urlOf(1)} is draining`);
      const status = (await api.get(`/skills/${skillId}/status`)).body.data;
      expect(status.endpoints).toMatchObject([{ status: 'draining', health: 'healthy' }, { status: 'draining' }]);
      const refused = await site.execute(skillId);
      expectError(refused, 503, 2003);
      expect(refused.body.message).toContain('draining');
      expect((await site.app.http.get('/metrics')).text).toMatch(/registry_endpoints\{status="draining"\} \d/);
      const etag = (await api.get(`/skills/${skillId}`)).headers.etag;
      await drain(skillId).expect(200);
      expect((await api.get(`/skills/${skillId}`)).headers.etag).toBe(etag);
    });

    it('ends by a registration of the endpoint, or by the status active; heartbeats and others do not end it', async () => {
      const { body, skillId, generations } = await replicas(2);
      await drain(skillId).expect(200);
      await api
        .post(`/skills/${skillId}/heartbeat`, { endpoint_url: urlOf(1), generation: generations[0] })
        .expect(200);
      await api.patch(`/skills/${skillId}`, { description: 'other' }).expect(200);
      expect(await statuses(skillId)).toEqual(['draining', 'draining']);
      await register({ ...body, endpoints: [{ url: urlOf(2) }] });
      expect(await statuses(skillId)).toEqual(['draining', 'active']);
      await api.patch(`/skills/${skillId}`, { endpoints: [{ url: urlOf(1), status: 'active' }] }).expect(200);
      expect(await statuses(skillId)).toEqual(['active']);
      expect((await api.get(`/skills/discover?name=${body.name}`)).body.data.total).toBe(1);
    });

    it('leaves inactive endpoints as they are', async () => {
      const sent = skillBody({ endpoints: [{ url: urlOf(1) }, { url: urlOf(2), status: 'inactive' }] });
      const { skill_id } = await register(sent);
      await drain(skill_id).expect(200);
      expect(await statuses(skill_id)).toEqual(['draining', 'inactive']);
      await leave(skill_id, { endpoint_url: urlOf(1) }).expect(200);
      expect(await urls(skill_id)).toEqual([urlOf(2)]);
    });
  });
});
