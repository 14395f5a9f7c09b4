import { HotAnswers } from '#skills';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Api, apiKeyOf, apiOf, expectError, keyApiOf, NOBODY } from './api.js';

/** Of each request: they differ between any two answers. */
const OWN_HEADERS = ['date', 'traceparent', 'x-trace-id', 'ratelimit'];

describe('answers from memory', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
    await api
      .post('/skills/batch', {
        skills: ['a', 'b', 'c'].map((name) => skillBody({ name, description: '天气 – 100 %' })),
      })
      .expect(200);
  });
  afterAll(() => app.close());

  const hits = () => app.app.get(HotAnswers).counts.hits;
  /** Whether this read is answered from memory. */
  const isHot = async (read: () => Promise<unknown>): Promise<boolean> => {
    const before = hits();
    await read();
    return hits() > before;
  };
  const idOf = async (name: string): Promise<string> =>
    (await api.get(`/skills/?name=${name}`).expect(200)).body[0].skill_id as string;

  const raw = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${app.url}${path}`, { headers: { authorization: `Bearer ${app.admin}`, ...headers } });
    const kept = [...answer.headers].filter(([name]) => !OWN_HEADERS.includes(name));
    return {
      status: answer.status,
      headers: Object.fromEntries(kept),
      names: [...answer.headers.keys()].sort(),
      body: Buffer.from(await answer.arrayBuffer()).toString('base64'),
    };
  };

  describe('are what the normal way answers, byte for byte:', () => {
    it.each([
      '/api/v1/skills',
      '/api/v1/skills/',
      '/api/v1/skills/?skip=1&limit=1&sort=-name',
      '/api/v1/skills/?limit=1&skip=1&name=%61',
      '/api/v1/skills/discover',
      '/api/v1/skills/discover/?capability=forecast&page_size=2',
      '/api/v1/skills/discover?q=%E5%A4%A9%E6%B0%94',
      '/api/v1/skills/discover?name=nobody',
      '/api/v1/capabilities',
      '/api/v1/capabilities/?category=weather&page=2&page_size=1',
      '/api/v1/skills/:id',
      '/api/v1/skills/:id/',
      '/api/v1/skills/:ID',
    ])('%s', async (template) => {
      const id = await idOf('a');
      const path = template.replace(':id', id).replace(':ID', id.toUpperCase());
      const cold = await raw(path);
      expect(cold.status).toBe(200);
      const before = hits();
      expect(await raw(path)).toEqual(cold);
      expect(await raw(path, { accept: 'application/json', 'user-agent': 'another' })).toEqual(cold);
      expect(hits()).toBe(before + 2);
    });

    it.each([
      '/api/v1/skills/:id',
      '/api/v1/skills/?limit=2',
      '/api/v1/skills/discover?page_size=2',
      '/api/v1/capabilities',
    ])('304 for %s that the caller has', async (template) => {
      const path = template.replace(':id', await idOf('b'));
      const { headers } = await raw(path);
      const tags = [headers.etag ?? '', `W/${headers.etag}`, `"x", ${headers.etag}`, '*'];
      const hot = [];
      for (const tag of tags) hot.push(await raw(path, { 'if-none-match': tag }));
      const cold = [];
      for (const tag of tags) {
        app.app.get(HotAnswers).answers?.delete(`* ${path}`);
        cold.push(await raw(path, { 'if-none-match': tag }));
      }
      expect(hot.map(({ status, body }) => [status, body])).toEqual(tags.map(() => [304, '']));
      expect(hot).toEqual(cold);
      expect((await raw(path, { 'if-none-match': '"other"' })).status).toBe(200);
    });
  });

  it('are given to GET only, and never for what was refused', async () => {
    const id = await idOf('a');
    await api.get(`/skills/${id}`).expect(200);
    const head = await fetch(`${app.url}/api/v1/skills/${id}`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${app.admin}` },
    });
    expect([head.status, await head.text()]).toEqual([200, '']);
    for (const [path, status, code] of [
      [`/skills/${NOBODY}`, 404, 1004],
      ['/skills/discover?page=0', 400, 1001],
      ['/capabilities?nonsense=1', 400, 1001],
    ] as const) {
      for (let time = 0; time < 2; time += 1) {
        expect(await isHot(async () => expectError(await api.get(path), status, code))).toBe(false);
      }
    }
    for (let time = 0; time < 2; time += 1) {
      expect(await isHot(() => api.get('/skills/discover?explain=true').expect(200))).toBe(false);
    }
  });

  it('are as each caller may see it', async () => {
    const paths = ['/skills/?limit=1000', '/skills/discover?page_size=100', '/capabilities?page_size=100'];
    const { body } = await api.post('/skills/', skillBody({ name: 'hidden', space_id: 'tower-1' })).expect(201);
    const inside = apiOf(app, (await app.client('viewer', 'tower-1')).token);
    const outside = apiOf(app, (await app.client('viewer', 'tower-2')).token);
    const both = apiOf(app, (await app.client('operator', 'tower-2', 'tower-1')).token);
    for (let time = 0; time < 2; time += 1) {
      for (const path of paths) {
        const texts = await Promise.all(
          [api, inside, outside, both].map(async (caller) => (await caller.get(path)).text),
        );
        expect(texts.map((text) => text.includes(body.skill_id))).toEqual([true, true, false, true]);
        expect(new Set(texts.slice(0, 3)).size).toBe(3);
      }
      for (const caller of [api, inside, both]) await caller.get(`/skills/${body.skill_id}`).expect(200);
      expectError(await outside.get(`/skills/${body.skill_id}`), 404, 1004);
    }
    // Who sees the same shares what is in memory, whatever the credential.
    const viewer = await app.client('viewer', 'tower-1');
    const key = await apiKeyOf(app, viewer.clientId);
    expect(
      await isHot(() =>
        keyApiOf(app, key.key)
          .get(paths[0] ?? '')
          .expect(200),
      ),
    ).toBe(true);
  });

  it('are given to nobody without a good token and the permission', async () => {
    const path = '/skills/discover?page_size=99';
    await api.get(path).expect(200);
    expect(await isHot(() => api.get(path).expect(200))).toBe(true);
    const before = hits();
    expectError(await app.http.get(`/api/v1${path}`), 401, 1002);
    expectError(await apiOf(app, 'nonsense').get(path), 401, 1002);
    const narrow = await app.client('agent');
    const token = await app.http
      .post('/api/v1/auth/token')
      .send({
        grant_type: 'client_credentials',
        client_id: narrow.clientId,
        client_secret: narrow.secret,
        scope: 'command:execute',
      })
      .expect(200);
    expectError(await apiOf(app, token.body.access_token as string).get(path), 403, 1003);
    const gone = await app.client('viewer');
    expect(await isHot(() => apiOf(app, gone.token).get(path).expect(200))).toBe(true);
    await app.http
      .post('/api/v1/auth/revoke')
      .auth(gone.clientId, gone.secret)
      .type('form')
      .send({ token: gone.token })
      .expect(200);
    expectError(await apiOf(app, gone.token).get(path), 401, 1002);
    expect(hits()).toBe(before + 1);
  });

  it('are logged and measured like all others', async () => {
    const path = '/skills/discover?page_size=98';
    await api.get(path).expect(200);
    const answer = await api.get(path).expect(200);
    const traceId = String(answer.headers['x-trace-id']);
    await until(
      () => Promise.resolve(app.logs.some((line) => line.includes(traceId) && line.includes('"request"'))),
      2_000,
    );
    const line = JSON.parse(app.logs.find((text) => text.includes(traceId)) ?? '{}') as Record<string, unknown>;
    expect(line).toMatchObject({
      route: '/api/v1/skills/discover',
      status: 200,
      client: 'admin',
      bytes: Buffer.byteLength(answer.text),
    });
    const { text } = await app.http.get('/metrics').expect(200);
    expect(text).toMatch(/^catalogue_requests\{outcome="hit"\} [1-9]/m);
    expect(text).toMatch(/^catalogue_bytes [1-9]/m);
    expect(text).toMatch(/^catalogue_current 1$/m);
  });
});

describe('answers from memory, limited', () => {
  it('count as requests', async () => {
    const app = await startTestApp({ env: { RATE_LIMIT_READS: '5' } });
    try {
      const { token } = await app.client('viewer');
      const api = apiOf(app, token);
      for (let left = 4; left >= 0; left -= 1) {
        const { headers } = await api.get('/skills/').expect(200);
        expect(headers.ratelimit).toContain(`r=${left};`);
      }
      expectError(await api.get('/skills/'), 429, 1009);
      expect(app.app.get(HotAnswers).counts).toEqual({ hits: 4, misses: 1 });
    } finally {
      await app.close();
    }
  });

  it('are none where no memory is given', async () => {
    const app = await startTestApp({ env: { CATALOGUE_MAX_BYTES: '0' } });
    try {
      for (let time = 0; time < 3; time += 1) await apiOf(app).get('/skills/').expect(200);
      expect(app.app.get(HotAnswers).counts).toEqual({ hits: 0, misses: 0 });
    } finally {
      await app.close();
    }
  });
});
