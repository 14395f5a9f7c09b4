import type { Response } from 'supertest';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiKeyOf, apiOf, expectError, keyApiOf } from './api.js';

interface Skill {
  skill_id: string;
  name: string;
  version: string;
  space_id: string | null;
  endpoints: { url: string }[];
  capabilities: { capability_id: string; name: string }[];
}

describe('Spaces', () => {
  let app: TestApp;
  let admin: Api;
  beforeAll(async () => {
    app = await startTestApp();
    admin = apiOf(app);
  });
  afterAll(() => app.close());

  let number = 0;
  const space = () => `space-${(number += 1)}`;
  const create = async (api: Api, body: object = {}): Promise<Skill> =>
    (await api.post('/skills', { ...skillBody(), ...body }).expect(201)).body as Skill;
  const limited = async (role: 'operator' | 'publisher' | 'viewer', ...spaces: string[]) =>
    apiOf(app, (await app.client(role, ...spaces)).token);
  const spaceOf = async (id: string) => (await admin.get(`/skills/${id}`).expect(200)).body.space_id as string | null;

  it('are told and changed by every way of writing', async () => {
    const [one, two] = [space(), space()];
    expect((await create(admin)).space_id).toBeNull();
    const { skill_id: id, name, version } = await create(admin, { space_id: one });
    expect(await spaceOf(id)).toBe(one);
    const body = { ...skillBody(), name, version };
    await admin.patch(`/skills/${id}`, { description: 'stays there' }).expect(200);
    expect(await spaceOf(id)).toBe(one);
    await admin.patch(`/skills/${id}`, { space_id: two }).expect(200);
    expect(await spaceOf(id)).toBe(two);
    await admin.post('/skills/register', body).expect(200);
    expect(await spaceOf(id)).toBe(two);
    await admin.post('/skills/register', { ...body, space_id: one }).expect(200);
    expect(await spaceOf(id)).toBe(one);
    await admin.post('/skills/batch', { skills: [{ ...body, space_id: two }] }).expect(200);
    expect(await spaceOf(id)).toBe(two);
    await admin.patch(`/skills/${id}`, { space_id: null }).expect(200);
    expect(await spaceOf(id)).toBeNull();
    await admin.put(`/skills/${id}`, { ...body, space_id: one }).expect(200);
    expect(await spaceOf(id)).toBe(one);
    await admin.put(`/skills/${id}`, body).expect(200);
    expect(await spaceOf(id)).toBeNull();
    const registered = await admin.post('/skills/register', { ...skillBody(), space_id: two }).expect(200);
    expect(await spaceOf(registered.body.data.skill_id as string)).toBe(two);
  });

  it.each(['', 'a b', 'a/b', 'a'.repeat(65), 5, null, ['a'], 'ä'])('are not called %j', async (space_id) => {
    expectError(await admin.post('/skills', { ...skillBody(), space_id }), 400, 1001);
  });

  it('are a filter of lists, discovery and capabilities', async () => {
    const [one, two] = [space(), space()];
    const first = await create(admin, { space_id: one });
    const second = await create(admin, { space_id: one });
    await create(admin, { space_id: two });
    const ids = [first.skill_id, second.skill_id];
    const list = await admin.get(`/skills?space_id=${one}`).expect(200);
    expect((list.body as Skill[]).map(({ skill_id }) => skill_id)).toEqual(ids);
    expect(list.headers['x-total-count']).toBe('2');
    const { data } = (await admin.get(`/skills/discover?space_id=${one}&page_size=1`).expect(200)).body;
    expect([data.total, data.skills.length]).toEqual([2, 1]);
    const found = (await admin.get(`/skills?space_id=${one}&q=${first.name}`).expect(200)).body as Skill[];
    expect(found.map(({ skill_id }) => skill_id)).toContain(first.skill_id);
    const capabilities = (await admin.get(`/capabilities?space_id=${one}`).expect(200)).body.data;
    expect(capabilities.total).toBe(2);
    expect((capabilities.capabilities as Skill[]).map(({ skill_id }) => skill_id)).toEqual(ids);
    expectError(await admin.get('/skills?space_id=a%20b'), 400, 1001);
  });

  it('outside of those of a client are as if they were empty, in every answer', async () => {
    const [mine, theirs] = [space(), space()];
    const inside = await create(admin, { space_id: mine, metadata: { tag: mine } });
    const outside = await create(admin, { space_id: theirs, metadata: { tag: mine } });
    const nowhere = await create(admin, { metadata: { tag: mine } });
    const client = await app.client('operator', mine);
    for (const api of [apiOf(app, client.token), keyApiOf(app, (await apiKeyOf(app, client.clientId)).key)]) {
      for (const query of [
        '',
        `?metadata.tag=${mine}`,
        `?space_id=${mine}`,
        '?include=unhealthy',
        '?sort=-name',
        '?q=weather',
        '?status=active',
        '?capability=forecast',
      ]) {
        const list = await api.get(`/skills${query}`).expect(200);
        expect((list.body as Skill[]).map(({ skill_id }) => skill_id)).toEqual([inside.skill_id]);
        expect([query, list.headers['x-total-count']]).toEqual([query, '1']);
        const { data } = (await api.get(`/skills/discover${query}`).expect(200)).body;
        expect([query, data.total, data.skills.length]).toEqual([query, 1, 1]);
      }
      for (const query of [`space_id=${theirs}`, `name=${outside.name}`, `name=${nowhere.name}`, `q=${theirs}`]) {
        const list = await api.get(`/skills?${query}`).expect(200);
        expect([query, list.body, list.headers['x-total-count']]).toEqual([query, [], '0']);
        expect((await api.get(`/skills/discover?${query}`)).body.data).toMatchObject({ total: 0, skills: [] });
      }
      const capabilities = (await api.get('/capabilities').expect(200)).body.data;
      expect([capabilities.total, capabilities.capabilities[0].skill_id]).toEqual([1, inside.skill_id]);
      for (const { skill_id } of [outside, nowhere]) {
        expect((await api.get(`/capabilities?skill_id=${skill_id}`)).body.data).toMatchObject({ total: 0 });
      }
    }
  });

  it('are not explained to callers who do not see them', async () => {
    const [mine, theirs] = [space(), space()];
    const name = `explained-${mine}`;
    const inside = await create(admin, { name, version: '1.0.0', space_id: mine });
    const outside = await create(admin, { name, version: '2.0.0', space_id: theirs });
    for (const { skill_id } of [inside, outside]) {
      await admin.put(`/skills/${skill_id}/status`, { status: 'inactive' }).expect(200);
    }
    const explained = async (api: Api, query = '') =>
      (
        (await api.get(`/skills/discover?explain=true&name=${name}${query}`).expect(200)).body.data.explain as Skill[]
      ).map(({ skill_id }) => skill_id);
    expect(await explained(admin)).toHaveLength(2);
    const operator = await limited('operator', mine);
    expect(await explained(operator)).toEqual([inside.skill_id]);
    // The one that it sees, in its own Space.
    expect(await explained(operator, `&space_id=${theirs}`)).toEqual([inside.skill_id]);
  });

  /** By id: everything that answers 1004 (1005) for a Skill that is not there. */
  const BY_ID: [string, (api: Api, skill: Skill) => Promise<Response>][] = [
    ['read', (api, { skill_id }) => api.get(`/skills/${skill_id}`).then()],
    ['status', (api, { skill_id }) => api.get(`/skills/${skill_id}/status`).then()],
    [
      'replace',
      (api, { skill_id, space_id }) =>
        api.put(`/skills/${skill_id}`, { ...skillBody(), ...(space_id !== null && { space_id }) }).then(),
    ],
    ['patch', (api, { skill_id }) => api.patch(`/skills/${skill_id}`, { description: 'x' }).then()],
    ['change status', (api, { skill_id }) => api.put(`/skills/${skill_id}/status`, { status: 'active' }).then()],
    [
      'switch a capability',
      (api, { capabilities }) =>
        api.put(`/capabilities/${capabilities[0]?.capability_id ?? ''}/status`, { status: 'enabled' }).then(),
    ],
    ['delete', (api, { skill_id }) => api.delete(`/skills/${skill_id}`).then()],
    ['unregister', (api, { skill_id }) => api.post(`/skills/${skill_id}/unregister`).then()],
  ];

  it.each(BY_ID)('hide their Skills: %s', async (name, call) => {
    const [mine, theirs] = [space(), space()];
    const operator = await limited('operator', mine);
    for (const hidden of [await create(admin, { space_id: theirs }), await create(admin)]) {
      // In the cache, which all callers share.
      await admin.get(`/skills/${hidden.skill_id}`).expect(200);
      const before = (await admin.get(`/skills/${hidden.skill_id}`)).body as object;
      expectError(await call(operator, hidden), 404, name === 'switch a capability' ? 1005 : 1004);
      expect((await admin.get(`/skills/${hidden.skill_id}`)).body).toEqual(before);
    }
    const visible = await create(admin, { space_id: mine });
    expect((await call(operator, visible)).status).toBeLessThan(300);
  });

  it('hide their Skills from heartbeats, one and many', async () => {
    const [mine, theirs] = [space(), space()];
    const { clientId, token } = await app.client('publisher');
    const free = apiOf(app, token);
    const register = async (space_id?: string) =>
      (await free.post('/skills/register', { ...skillBody(), ...(space_id !== undefined && { space_id }) })).body.data
        .skill_id as string;
    const [inside, outside, nowhere] = [await register(mine), await register(theirs), await register()];
    await admin.patch(`/auth/clients/${clientId}`, { spaces: [mine] }).expect(200);
    const api = keyApiOf(app, (await apiKeyOf(app, clientId)).key);
    await api.post(`/skills/${inside}/heartbeat`).expect(200);
    expectError(await api.post(`/skills/${outside}/heartbeat`), 404, 1004);
    expectError(await api.post(`/skills/${nowhere}/heartbeat`), 404, 1004);
    const { results } = (
      await api
        .post('/heartbeats', { heartbeats: [outside, inside, nowhere].map((skill_id) => ({ skill_id })) })
        .expect(200)
    ).body.data;
    expect(results).toMatchObject([
      { skill_id: outside, status: 'unknown', code: 1004 },
      { skill_id: inside, status: 'ok' },
      { skill_id: nowhere, status: 'unknown', code: 1004 },
    ]);
    // It was not renewed either.
    await admin.patch(`/skills/${inside}`, { space_id: theirs }).expect(200);
    expectError(await api.post(`/skills/${inside}/heartbeat`), 404, 1004);
  });

  const WRITES: [
    string,
    (api: Api, body: object) => Promise<{ status: number; code: number | undefined; id?: string }>,
  ][] = [
    [
      'create',
      async (api, body) => {
        const answer = await api.post('/skills', body);
        return { status: answer.status, code: answer.body.code, id: answer.body.skill_id };
      },
    ],
    [
      'register',
      async (api, body) => {
        const answer = await api.post('/skills/register', body);
        return {
          status: answer.status,
          code: answer.status === 200 ? undefined : answer.body.code,
          id: answer.body.data?.skill_id,
        };
      },
    ],
    [
      'batch',
      async (api, body) => {
        const [result] = (await api.post('/skills/batch', { skills: [body] })).body.data.results;
        return {
          status: result.code === 1003 ? 403 : result.code === 1006 ? 409 : 201,
          code: result.code,
          id: result.skill_id,
        };
      },
    ],
  ];

  it.each(WRITES)('of a limited client are named when it writes: %s', async (_, write) => {
    const [one, two, other] = [space(), space(), space()];
    const single = await limited('publisher', one);
    const double = await limited('publisher', one, two);
    const made = await write(single, skillBody());
    expect(await spaceOf(made.id ?? '')).toBe(one);
    expect((await write(single, { ...skillBody(), space_id: one })).status).toBeLessThan(300);
    expect(await write(single, { ...skillBody(), space_id: other })).toMatchObject({ status: 403, code: 1003 });
    expect(await write(double, skillBody())).toMatchObject({ status: 403, code: 1003 });
    const second = await write(double, { ...skillBody(), space_id: two });
    expect(await spaceOf(second.id ?? '')).toBe(two);
    expect(await write(double, { ...skillBody(), space_id: other })).toMatchObject({ status: 403, code: 1003 });
    // Names are unique over all Spaces, so that a name that is taken elsewhere tells that it is.
    const { name, version } = await create(admin, { space_id: other });
    expect(await write(single, { ...skillBody(), name, version })).toMatchObject({ status: 409, code: 1006 });
  });

  it('keep a Skill from its own owner after that client was limited to other Spaces', async () => {
    const [old, now] = [space(), space()];
    const { clientId, token } = await app.client('publisher');
    const body = { ...skillBody(), space_id: old };
    const { skill_id } = await create(apiOf(app, token), body);
    await admin.patch(`/auth/clients/${clientId}`, { spaces: [now] }).expect(200);
    const api = keyApiOf(app, (await apiKeyOf(app, clientId)).key);
    const before = (await admin.get(`/skills/${skill_id}`)).body as object;
    expectError(await api.get(`/skills/${skill_id}`), 404, 1004);
    for (const again of [
      { ...body, space_id: now },
      { ...skillBody(), skill_id, space_id: now },
    ]) {
      expectError(await api.post('/skills/register', again), 409, 1006);
      expect((await api.post('/skills/batch', { skills: [again] })).body.data.results).toMatchObject([{ code: 1006 }]);
    }
    expect((await admin.get(`/skills/${skill_id}`)).body).toEqual(before);
  });

  it('are left and entered only with access to both', async () => {
    const [from, to, other] = [space(), space(), space()];
    const both = await limited('operator', from, to);
    const only = await limited('operator', from);
    const body = skillBody();
    const { skill_id } = await create(admin, { ...body, space_id: from });
    expectError(await only.patch(`/skills/${skill_id}`, { space_id: to }), 403, 1003);
    expectError(await only.put(`/skills/${skill_id}`, { ...body, space_id: to }), 403, 1003);
    expectError(await both.patch(`/skills/${skill_id}`, { space_id: other }), 403, 1003);
    expectError(await both.patch(`/skills/${skill_id}`, { space_id: null }), 403, 1003);
    expectError(await both.put(`/skills/${skill_id}`, body), 403, 1003);
    expect(await spaceOf(skill_id)).toBe(from);
    // Its only Space is where it stays.
    await only.put(`/skills/${skill_id}`, body).expect(200);
    await only.patch(`/skills/${skill_id}`, { space_id: null }).expect(200);
    expect(await spaceOf(skill_id)).toBe(from);
    await only.get(`/skills/${skill_id}`).expect(200);
    await both.patch(`/skills/${skill_id}`, { space_id: to }).expect(200);
    expectError(await only.get(`/skills/${skill_id}`), 404, 1004);
    expectError(await only.get(`/skills/${skill_id}/status`), 404, 1004);
    await both.get(`/skills/${skill_id}`).expect(200);
  });

  it('tell no ETag of what is hidden', async () => {
    const hidden = await create(admin, { space_id: space() });
    const operator = await limited('operator', space());
    expectError(await operator.delete(`/skills/${hidden.skill_id}`).set('if-match', '"0.0"'), 404, 1004);
    expectError(await operator.get(`/skills/${hidden.skill_id}`).set('if-none-match', '*'), 404, 1004);
  });
});
