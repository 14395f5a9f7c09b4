import { Transactions } from '#database';
import { EndpointHealthWriter } from '#skills';
import type { Response } from 'supertest';
import { skillBody } from '../support/skill.factory.js';
import { ADMIN_SECRET, startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { auditEntries, type AuditEntry as Entry } from './audit-entries.js';
import { type Api, apiOf, expectError, NOBODY, TIME, UUID } from './api.js';

function first<T>([one]: T[]): T {
  if (one === undefined) throw new Error('There is none');
  return one;
}

const DIGEST = /^[0-9a-f]{64}$/;

describe('the audit log', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const entriesOf = (query: Record<string, string>) => auditEntries(api, query);
  const ofTrace = async (answer: Response): Promise<Entry[]> =>
    (await entriesOf({})).filter(({ trace_id }) => trace_id === answer.headers['x-trace-id']);
  /** The one entry of this answer's request. */
  const entryOf = async (answer: Response): Promise<Entry> => {
    expect(answer.status).toBeLessThan(300);
    const entries = await ofTrace(answer);
    expect(entries).toHaveLength(1);
    return first(entries);
  };
  /** Refused requests are written a little later. */
  const refusalOf = async (answer: Response): Promise<Entry> => {
    await until(async () => (await ofTrace(answer)).length > 0, 5_000);
    const entries = await ofTrace(answer);
    expect(entries).toHaveLength(1);
    return first(entries);
  };

  it('has every kind of change of a Skill, with actor, action, address and digests', async () => {
    const created = await api.post('/skills', skillBody());
    const id = created.body.skill_id as string;
    const target = `skill:${id}`;
    expect(await entryOf(created)).toEqual({
      id: expect.stringMatching(UUID),
      at: expect.stringMatching(TIME),
      actor: 'admin',
      action: 'skill.create',
      target,
      result: 'success',
      reason: null,
      requests: 1,
      spaces: null,
      before_digest: null,
      after_digest: expect.stringMatching(DIGEST),
      trace_id: created.headers['x-trace-id'],
      address: '127.0.0.1',
      block: null,
    });

    const replaced = await entryOf(await api.put(`/skills/${id}`, skillBody()));
    expect(replaced).toMatchObject({ action: 'skill.update', target });
    const patched = await entryOf(await api.patch(`/skills/${id}`, { description: 'other' }));
    expect(patched).toMatchObject({ action: 'skill.update', target });
    const paused = await entryOf(await api.put(`/skills/${id}/status`, { status: 'maintenance' }));
    expect(paused).toMatchObject({ action: 'skill.status', target });
    const deleted = await entryOf(await api.delete(`/skills/${id}`));
    expect(deleted).toMatchObject({ action: 'skill.delete', target, after_digest: null });

    // What a change leaves is what the next one finds.
    for (const entry of [replaced, patched, paused]) {
      expect(entry.before_digest).toMatch(DIGEST);
      expect(entry.after_digest).toMatch(DIGEST);
      expect(entry.after_digest).not.toBe(entry.before_digest);
    }
    expect(patched.before_digest).toBe(replaced.after_digest);
    expect(paused.before_digest).toBe(patched.after_digest);
  });

  it('has registrations and unregistrations', async () => {
    const body = skillBody();
    const registered = await api.post('/skills/register', body);
    const id = registered.body.data.skill_id as string;
    const first = await entryOf(registered);
    expect(first).toMatchObject({ action: 'skill.register', target: `skill:${id}`, before_digest: null });
    const again = await entryOf(await api.post('/skills/register', body));
    expect(again).toMatchObject({ action: 'skill.register', target: `skill:${id}`, after_digest: first.after_digest });
    expect(await entryOf(await api.post(`/skills/${id}/unregister`))).toMatchObject({
      action: 'skill.unregister',
      target: `skill:${id}`,
      before_digest: expect.stringMatching(DIGEST),
      after_digest: null,
    });
  });

  it('has Skills that the service itself unregisters, because nobody heard of them', async () => {
    const { body } = await api.post('/skills', skillBody()).expect(201);
    const endpoint = body.endpoints[0].endpoint_id as string;
    const writer = app.app.get(EndpointHealthWriter, { strict: false });
    await app.app.get(Transactions).run((tx) => writer.unregister(tx, 'sweeper', [endpoint]));
    expect(await entriesOf({ target: `skill:${body.skill_id as string}`, action: 'skill.unregister' })).toMatchObject([
      { actor: 'sweeper', address: 'local', trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ]);
  });

  it('has the switching of a capability', async () => {
    const { body } = await api.post('/skills', skillBody()).expect(201);
    const id = body.capabilities[0].capability_id as string;
    const off = await entryOf(await api.put(`/capabilities/${id}/status`, { status: 'disabled' }));
    expect(off).toMatchObject({ action: 'capability.status', target: `capability:${id}` });
    const on = await entryOf(await api.put(`/capabilities/${id}/status`, { status: 'enabled' }));
    expect([on.before_digest, on.after_digest]).toEqual([off.after_digest, off.before_digest]);
  });

  it('has one entry for each Skill of a batch of 1,000, and none for those that failed', async () => {
    const skills = Array.from({ length: 998 }, () => skillBody());
    const answer = await api.post('/skills/batch', { skills: [...skills, { name: '' }, skillBody({ version: 'x' })] });
    const written = (answer.body.data.results as { skill_id?: string }[]).flatMap(({ skill_id }) => skill_id ?? []);
    expect(written).toHaveLength(998);
    const rows = await app.database.query<{ target: string; action: string }>(
      'SELECT target, action FROM audit_entries WHERE trace_id = $1',
      [answer.headers['x-trace-id']],
    );
    expect(rows.map(({ target }) => target).toSorted()).toEqual(written.map((id) => `skill:${id}`).toSorted());
    expect(new Set(rows.map(({ action }) => action))).toEqual(new Set(['skill.register']));
  });

  it('has no entry of what changed nothing: faults, conflicts, rollbacks, heartbeats, repetitions', async () => {
    const body = skillBody();
    const key = `audit-${process.pid}`;
    const first = await api.post('/skills', body).set('idempotency-key', key).expect(201);
    const id = first.body.skill_id as string;
    const nothing = [
      await api.post('/skills', body).set('idempotency-key', key).expect(201),
      await api.post('/skills', body).expect(409),
      await api.post('/skills', { ...body, version: 'x' }).expect(400),
      await api.put(`/skills/${NOBODY}`, body).expect(404),
      await api.delete(`/skills/${id}`).set('if-match', '"0.0"').expect(412),
      await api.post('/heartbeats', { heartbeats: [{ skill_id: id }] }).expect(200),
      await api.get(`/skills/${id}`).expect(200),
    ];
    const taken = await api.post('/skills', skillBody()).expect(201);
    nothing.push(await api.put(`/skills/${taken.body.skill_id as string}`, body).expect(409));
    for (const answer of nothing) expect(await ofTrace(answer)).toEqual([]);
    expect(await ofTrace(first)).toHaveLength(1);
  });

  it('is written with the change or not at all', async () => {
    await app.database.query(
      `ALTER TABLE audit_entries ADD CONSTRAINT closed CHECK (action <> 'skill.create') NOT VALID`,
    );
    try {
      const body = skillBody();
      expectError(await api.post('/skills', body), 500, 1007);
      const { body: found } = await api.get('/skills').query({ name: body.name }).expect(200);
      expect(found).toEqual([]);
    } finally {
      await app.database.query('ALTER TABLE audit_entries DROP CONSTRAINT closed');
    }
  });

  describe('of refused requests', () => {
    it('has what a client was denied, with the route and the path', async () => {
      const { clientId, token } = await app.client('viewer');
      const viewer = apiOf(app, token);
      expect(await refusalOf(await viewer.delete(`/skills/${NOBODY}?secret=1`).expect(403))).toEqual({
        id: expect.stringMatching(UUID),
        at: expect.stringMatching(TIME),
        actor: clientId,
        action: 'DELETE /api/v1/skills/:skill_id',
        target: `/api/v1/skills/${NOBODY}`,
        result: 'denied',
        reason: null,
        requests: 1,
        spaces: null,
        before_digest: null,
        after_digest: null,
        trace_id: expect.any(String),
        address: '127.0.0.1',
        block: null,
      });
    });

    it('has one entry at once, and one of all that follows, of what a client was denied again', async () => {
      const other = await startTestApp({ database: app.database });
      const [one, two] = [await other.client('viewer'), await other.client('viewer')];
      const first = await apiOf(other, one.token).delete(`/skills/${NOBODY}?secret=1`).expect(403);
      await refusalOf(first);
      let last = first;
      for (let time = 0; time < 40; time += 1)
        last = await apiOf(other, one.token).delete(`/skills/${NOBODY.slice(0, -2)}${10 + time}`);
      await apiOf(other, one.token).get('/audit').expect(403);
      for (let time = 0; time < 3; time += 1) await apiOf(other, two.token).delete(`/skills/${NOBODY}`).expect(403);
      // As in the middle of a window: nothing of it is lost.
      await other.close();
      const ofOne = { actor: one.clientId, action: 'DELETE /api/v1/skills/:skill_id' };
      expect(await entriesOf(ofOne)).toMatchObject([
        {
          ...{ result: 'denied', reason: 'repeated', requests: 40, trace_id: last.headers['x-trace-id'] },
          target: `/api/v1/skills/${NOBODY.slice(0, -2)}49`,
        },
        { result: 'denied', reason: null, requests: 1, trace_id: first.headers['x-trace-id'] },
      ]);
      expect(await entriesOf({ actor: one.clientId, action: 'GET /api/v1/audit' })).toMatchObject([{ requests: 1 }]);
      expect(await entriesOf({ actor: two.clientId, result: 'denied' })).toMatchObject([
        { requests: 2 },
        { requests: 1 },
      ]);
    });

    it('has what a client tried with the Skill of another', async () => {
      const { body } = await api.post('/skills', skillBody()).expect(201);
      const { clientId, token } = await app.client('publisher');
      const answer = await apiOf(app, token)
        .post(`/skills/${body.skill_id as string}/unregister`)
        .expect(403);
      expect(await refusalOf(answer)).toMatchObject({
        actor: clientId,
        action: 'POST /api/v1/skills/:skill_id/unregister',
        result: 'denied',
      });
    });

    it('has failed authentications, under the name that was claimed', async () => {
      const ask = (body: object) =>
        app.http.post('/api/v1/auth/token').send({ grant_type: 'client_credentials', ...body });
      const wrong = await ask({ client_id: 'admin', client_secret: 'wrong' }).expect(401);
      expect(await refusalOf(wrong)).toMatchObject({
        actor: 'admin',
        action: 'POST /api/v1/auth/token',
        target: '/api/v1/auth/token',
        result: 'failed',
      });
      const basic = await ask({}).auth('no-such-client', ADMIN_SECRET).expect(401);
      expect(await refusalOf(basic)).toMatchObject({ actor: 'no-such-client', result: 'failed' });
      expect(await refusalOf(await ask({}).expect(401))).toMatchObject({ actor: 'anonymous' });
      const odd = await ask({ client_id: 'a\u0000\n\ud800', client_secret: 'x' }).expect(401);
      expect(await refusalOf(odd)).toMatchObject({ actor: 'a\ufffd\ufffd\ufffd' });
    });

    it('has all requests with bad tokens of an address, in a bounded number of entries', async () => {
      const other = await startTestApp({ database: app.database });
      const send = (path: string) => other.http.get(path).auth('not.a.token', { type: 'bearer' }).expect(401);
      const since = new Date().toISOString();
      for (let request = 0; request < 30; request += 1) await send('/api/v1/skills');
      const routes = ['/capabilities', '/skills/discover', '/audit', '/auth/me', '/auth/clients', '/channels'];
      const more = [`/skills/${NOBODY}`, `/skills/${NOBODY}/status`, '/commands/executions', `/channels/${NOBODY}`];
      const rest = [`/commands/executions/${NOBODY}`, `/auth/clients/${NOBODY}`, `/channels/${NOBODY}/context`];
      for (const path of [...routes, ...more, ...rest])
        for (let time = 0; time < 2; time += 1) await send(`/api/v1${path}`);
      for (let time = 0; time < 4; time += 1)
        await other.http
          .post('/api/v1/auth/token')
          .send({ grant_type: 'client_credentials', client_id: 'guessed', client_secret: 'wrong' });
      const metrics = (await other.http.get('/metrics')).text;
      expect(metrics).toMatch(/^audit_entries_collapsed_total 0$/m);
      expect(metrics).toMatch(/^audit_entries_dropped_total 0$/m);
      await other.close();
      const entries = await entriesOf({ actor: 'anonymous', result: 'failed', from: since });
      expect(entries.reduce((total, { requests }) => total + requests, 0)).toBe(30 + 13 * 2);
      expect(entries).toContainEqual(expect.objectContaining({ action: 'GET /api/v1/skills', requests: 29 }));
      // Ten routes, the rest as one, each at once and once more; twice where the minute changes meanwhile.
      expect(entries.length).toBeLessThanOrEqual(2 * 22);
      // In either order: they are milliseconds apart, and written one after the other.
      const guessed = await entriesOf({ actor: 'guessed' });
      expect(guessed.map(({ requests }) => requests).toSorted()).toEqual([1, 3]);
    });

    it('has none of a request that was merely wrong', async () => {
      const { token } = await app.client('viewer');
      const answers = [
        await apiOf(app, token).get('/skills?limit=0').expect(400),
        await apiOf(app, token).get(`/skills/${NOBODY}`).expect(404),
        await app.http.get('/api/v1/nowhere').expect(404),
        await app.http.post('/api/v1/auth/token').send({ grant_type: 'password' }).expect(400),
      ];
      const last = await apiOf(app, token).delete(`/skills/${NOBODY}`).expect(403);
      await refusalOf(last);
      for (const answer of answers) expect(await ofTrace(answer)).toEqual([]);
    });
  });

  it('is written to the end when the service stops', async () => {
    const other = await startTestApp({ database: app.database });
    const answer = await other.http.post('/api/v1/auth/token').send({
      grant_type: 'client_credentials',
      client_id: 'last',
      client_secret: 'x',
    });
    await other.close();
    expect(await ofTrace(answer)).toMatchObject([{ actor: 'last', result: 'failed' }]);
  });
});
