import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { auditEntries, type AuditEntry } from './audit-entries.js';
import { type Api, apiOf, expectError } from './api.js';

describe('the audit log, when asked', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const entriesOf = (query: Record<string, string>) => auditEntries(api, query);

  it('answers in pages, newest first', async () => {
    const { clientId, token } = await app.client('publisher');
    const publisher = apiOf(app, token);
    for (let skill = 0; skill < 5; skill += 1) await publisher.post('/skills', skillBody()).expect(201);
    const pages = [];
    for (const page of [1, 2, 3, 4]) {
      const { body } = await api
        .get('/audit')
        .query({ actor: clientId, action: 'skill.create', page, page_size: 2 })
        .expect(200);
      expect(body).toMatchObject({ code: 0, message: 'success', data: { total: 5, page, page_size: 2 } });
      pages.push(body.data.entries as AuditEntry[]);
    }
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1, 0]);
    const times = pages.flat().map(({ at }) => at);
    expect(times).toEqual(times.toSorted().reverse());
    expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(5);
  });

  it('narrows by actor, action, target, result and time', async () => {
    const { body } = await api.post('/skills', skillBody()).expect(201);
    const target = `skill:${body.skill_id as string}`;
    await api.patch(`/skills/${body.skill_id as string}`, { description: 'x' }).expect(200);
    const [newest, oldest] = await entriesOf({ target });
    expect([newest?.action, oldest?.action]).toEqual(['skill.update', 'skill.create']);
    expect(await entriesOf({ target, action: 'skill.create' })).toEqual([oldest]);
    expect(await entriesOf({ target, actor: 'nobody' })).toEqual([]);
    expect(await entriesOf({ target, actor: 'admin', result: 'success' })).toHaveLength(2);
    expect(await entriesOf({ target, result: 'denied' })).toEqual([]);
    expect(await entriesOf({ target, from: '2020-01-01T00:00:00+08:00', to: '2100-01-01T00:00:00Z' })).toHaveLength(2);
    expect(await entriesOf({ target, to: '2020-01-01T00:00:00Z' })).toEqual([]);
    expect(await entriesOf({ target, from: '2100-01-01T00:00:00Z' })).toEqual([]);
    for (const { result } of await entriesOf({ result: 'denied' })) expect(result).toBe('denied');
  });

  it('lists every fault of a question', async () => {
    const query = {
      from: 'yesterday',
      to: '2026-02-30T00:00:00Z',
      result: 'maybe',
      page: '0',
      page_size: '101',
      actor: '',
    };
    const faults = expectError(await api.get('/audit').query(query), 400, 1001);
    for (const field of Object.keys(query)) expect(faults.some((fault) => fault.startsWith(`${field} `))).toBe(true);
    expectError(await api.get('/audit?colour=red'), 400, 1001);
    expectError(await api.get('/audit?actor=a&actor=b'), 400, 1001);
  });

  it('answers admins and operators, and no one else', async () => {
    await apiOf(app, (await app.client('operator')).token)
      .get('/audit')
      .expect(200);
    for (const role of ['publisher', 'agent', 'viewer'] as const)
      expectError(await apiOf(app, (await app.client(role)).token).get('/audit'), 403, 1003);
  });
});
