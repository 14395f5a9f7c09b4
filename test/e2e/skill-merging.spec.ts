import type { SkillResponse } from '../../libs/skills/src/skill.response.js';
import type { RegisterSkillBody } from '../../libs/skills/src/skill.dto.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

describe('what stays, what goes, and what is too much', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    // One connection is enough to start, and to serve.
    app = await startTestApp({ env: { DATABASE_POOL_SIZE: '1', DATABASE_MAX_OVERFLOW: '0' } });
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const endpoints = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => ({ url: `http://replica-${from + n}/` }));
  const register = async (body: RegisterSkillBody): Promise<string> =>
    (await api.post('/skills/register', body).expect(200)).body.data.skill_id as string;
  const read = async (id: string) => (await api.get(`/skills/${id}`).expect(200)).body as SkillResponse;

  const operated = () =>
    skillBody({
      endpoints: [{ url: 'http://a/', weight: 7, status: 'inactive', parameters: { health_path: '/up' } }],
      capabilities: [
        {
          name: 'run',
          description: 'Runs',
          category: 'sport',
          version: '2.0.0',
          status: 'disabled',
          parameters: { far: { type: 'number' } },
        },
      ],
    });

  it('registering again with less changes nothing of what was set', async () => {
    const body = operated();
    const id = await register(body);
    const before = await read(id);
    await register({ ...body, endpoints: [{ url: 'http://a/' }], capabilities: [{ name: 'run' }] });
    const after = await read(id);
    expect(after.endpoints).toEqual(before.endpoints);
    expect(after.capabilities).toEqual(before.capabilities);
    await register({ ...body, endpoints: [{ url: 'http://a/', weight: 3, parameters: {} }], capabilities: [] });
    expect((await read(id)).endpoints).toMatchObject([{ weight: 3, status: 'inactive', parameters: {} }]);
  });

  it('PUT brings back the defaults of what it does not say', async () => {
    const body = operated();
    const id = await register(body);
    await api
      .put(`/skills/${id}`, {
        name: body.name,
        version: '1.2.0',
        endpoints: [{ url: 'http://a/' }],
        capabilities: [{ name: 'run' }],
      })
      .expect(200);
    expect(await read(id)).toMatchObject({
      description: '',
      metadata: {},
      endpoints: [{ weight: 1, status: 'active', parameters: {} }],
      capabilities: [{ description: '', category: null, version: '1.2.0', status: 'enabled', parameters: {} }],
    });
  });

  it('discovers nothing without an active endpoint, whoever switched it', async () => {
    const body = skillBody();
    const [endpoint] = body.endpoints;
    const id = await register({ ...body, endpoints: [{ url: endpoint?.url ?? '', status: 'inactive' }] });
    const total = async () =>
      (await api.get(`/skills/discover?name=${body.name}`).expect(200)).body.data.total as number;
    expect(await total()).toBe(0);
    expect((await api.get(`/skills?name=${body.name}`)).headers['x-total-count']).toBe('1');
    await api.patch(`/skills/${id}`, { endpoints: [{ url: endpoint?.url, status: 'active' }] }).expect(200);
    expect(await total()).toBe(1);
    await api.patch(`/skills/${id}`, { endpoints: [{ url: endpoint?.url, status: 'inactive' }] }).expect(200);
    expect(await total()).toBe(0);
  });

  it('what replicas have added together can be patched', async () => {
    const body = skillBody();
    const id = await register({ ...body, endpoints: endpoints(0, 300) });
    await register({ ...body, endpoints: endpoints(300, 200) });
    await api.patch(`/skills/${id}`, { description: 'changed' }).expect(200);
    expect((await read(id)).endpoints).toHaveLength(500);
  });

  it.each([
    ['endpoints', { endpoints: endpoints(500, 1) }],
    ['capabilities', { capabilities: [{ name: 'one-more' }] }],
    ['metadata', { metadata: { more: 'x' } }],
  ])('has at most 500 %s in all; a batch loses only the item that is too much', async (part, more) => {
    const body = skillBody({
      endpoints: endpoints(0, 500),
      capabilities: Array.from({ length: 500 }, (_, n) => ({ name: `c${n}` })),
      metadata: Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, 'x'])),
    });
    await register(body);
    const one = { name: body.name, version: body.version, endpoints: endpoints(0, 1), ...more };
    const faults = expectError(await api.post('/skills/register', one), 400, 1001);
    expect(faults).toEqual([`${part} a Skill may have at most 500 in all`]);
    const batch = await api.post('/skills/batch', { skills: [one, skillBody()] }).expect(200);
    expect(batch.body.data.results).toMatchObject([{ status: 'failed', code: 1001 }, { status: 'created' }]);
  });

  it('takes texts of any size that the fields allow, and finds their beginning', async () => {
    // Four bytes a character, and a capital in each word, which adds two more terms: the worst for a search document.
    const word = (n: number) =>
      '\u{10428}'.repeat(31) + '\u{10400}'.repeat(1) + String.fromCodePoint(0x10428 + (n % 40)).repeat(31);
    const capabilities = Array.from({ length: 60 }, (_, n) => ({
      name: `c${n}`,
      description: Array.from({ length: 15 }, (__, m) => word(n * 15 + m)).join(' '),
    }));
    const body = skillBody({ capabilities });
    const batch = await api.post('/skills/batch', { skills: [body, skillBody()] }).expect(200);
    expect(batch.body.data.results).toMatchObject([{ status: 'created' }, { status: 'created' }]);
    expect((await api.get(`/skills?q=${body.name}`)).headers['x-total-count']).toBe('1');
  });

  it('keeps the switch of a capability in the history', async () => {
    const body = skillBody();
    const id = await register(body);
    const [capability] = (await read(id)).capabilities;
    await api.put(`/capabilities/${capability?.capability_id ?? ''}/status`, { status: 'disabled' }).expect(200);
    const events = await app.database.query('SELECT event, actor FROM skill_events WHERE skill_id = $1 ORDER BY id', [
      id,
    ]);
    expect(events).toEqual([
      { event: 'registered', actor: 'admin' },
      { event: 'updated', actor: 'admin' },
    ]);
  });

  it('reads no body of a caller without a token', async () => {
    const refused = await app.http.post('/api/v1/skills/batch').set('content-type', 'application/json').send('{bad');
    expectError(refused, 401, 1002);
    const unknown = await app.http.post('/api/v1/nowhere').set('content-type', 'application/json').send('{}');
    expectError(unknown, 404, 1010);
  });
});
