import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { auditEntries, type AuditEntry } from './audit-entries.js';
import { type Api, apiOf, expectError } from './api.js';
import { newTarget, openChannel } from './channels.js';

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

  describe('by a client that is limited to Spaces', () => {
    const readerOf = async (role: 'operator' | 'admin', ...spaces: string[]) =>
      apiOf(app, (await app.client(role, ...spaces)).token);
    const targetsOf = async (reader: Api, query: Record<string, string> = {}) =>
      (await auditEntries(reader, query)).map(({ action, target }) => `${action} ${target}`);

    it.each(['operator', 'admin'] as const)('tells an %s what concerns nothing but them', async (role) => {
      const [mine, theirs] = [`audit-a-${role}`, `audit-b-${role}`];
      const made = (space_id?: string) => newTarget(app, space_id === undefined ? {} : { space_id });
      const [inside, outside, nowhere] = [await made(mine), await made(theirs), await made()];
      for (const target of [inside, outside, nowhere]) {
        const { skill_id, capability_id } = target;
        await api.put(`/capabilities/${capability_id}/status`, { status: 'enabled' }).expect(200);
        const { channel_id } = await openChannel(api, target);
        await api.put(`/channels/${channel_id}/context`, { a: 'b' }).expect(200);
        await api.post(`/channels/${channel_id}/close`).expect(200);
        await api.delete(`/skills/${skill_id}`).expect(204);
      }
      const [own, other, both] = [
        await app.client('viewer', mine),
        await app.client('viewer', theirs),
        await app.client('viewer', mine, theirs),
      ];
      for (const { clientId } of [own, other, both])
        await api.post(`/auth/clients/${clientId}/api-keys`, { name: 'x' });
      // Refused, and written a second later.
      for (const { token } of [own, other, both]) expectError(await apiOf(app, token).get('/audit'), 403, 1003);
      await until(async () => (await entriesOf({ actor: both.clientId, result: 'denied' })).length === 1, 5_000);
      const reader = await readerOf(role, mine);
      const seen = await auditEntries(reader, {});
      expect(seen.length).toBeGreaterThanOrEqual(10);
      for (const { spaces } of seen) expect(spaces).toEqual([mine]);
      const told = JSON.stringify(seen);
      for (const hidden of [outside.skill_id, nowhere.skill_id, other.clientId, both.clientId, theirs]) {
        expect(told).not.toContain(hidden);
      }
      expect(await targetsOf(reader, { target: `skill:${inside.skill_id}` })).toEqual([
        `skill.delete skill:${inside.skill_id}`,
        `skill.create skill:${inside.skill_id}`,
      ]);
      for (const query of [
        { target: `skill:${outside.skill_id}` },
        { target: `client:${other.clientId}` },
        { actor: other.clientId },
        { actor: both.clientId },
        { actor: both.clientId, result: 'denied' },
      ]) {
        const { body } = await reader.get('/audit').query(query).expect(200);
        expect([query, body.data.total, body.data.entries]).toEqual([query, 0, []]);
      }
      const { total } = (await reader.get('/audit?page_size=1').expect(200)).body.data;
      expect(total).toBe((await auditEntries(reader, {})).length);
      const wide = await readerOf(role, mine, theirs);
      expect(await targetsOf(wide, { target: `client:${both.clientId}` })).toContain(
        `client.create client:${both.clientId}`,
      );
    });

    it('shows a Skill that moved between Spaces to a reader of both', async () => {
      const { body } = await api.post('/skills/register', { ...skillBody(), space_id: 'audit-from' }).expect(200);
      const skill_id = body.data.skill_id as string;
      const { name, version, endpoints } = (await api.get(`/skills/${skill_id}`)).body as ReturnType<typeof skillBody>;
      const again = { name, version, endpoints: endpoints.map(({ url }) => ({ url })) };
      await api.post('/skills/register', again).expect(200);
      await api.patch(`/skills/${skill_id}`, { space_id: 'audit-to' }).expect(200);
      const actions = async (...spaces: string[]) =>
        (await auditEntries(await readerOf('operator', ...spaces), { target: `skill:${skill_id}` })).map(
          ({ action }) => action,
        );
      expect(await actions('audit-from')).toEqual(['skill.register', 'skill.register']);
      expect(await actions('audit-to')).toEqual([]);
      expect(await actions('audit-from', 'audit-to')).toEqual(['skill.update', 'skill.register', 'skill.register']);
    });
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
