import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSettings } from '#config';
import { migrate, revert } from '#database';
import { startTestApp, type TestApp, tokenOf } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

/** What the first release left, and what it answered (test/upgrade/first-release/README.md). */
const FIRST = join(import.meta.dirname, '..', 'upgrade', 'first-release');
const { credentials, answers, found } = JSON.parse(readFileSync(join(FIRST, 'answers.json'), 'utf8')) as {
  credentials: Record<string, string>;
  answers: Record<string, object>;
  found: Record<string, { total: number; ids: string[] }>;
};
const SETTINGS = new DatabaseSettings();

/** All rows of the tables of the first release, in the columns that they had. */
async function rowsOf(database: TestDatabase, columns: Record<string, string[]>): Promise<Record<string, unknown[]>> {
  const rows: Record<string, unknown[]> = {};
  for (const [table, names] of Object.entries(columns)) {
    const list = names.map((name) => `"${name}"::text`).join(', ');
    rows[table] = await database.query(`SELECT ${list} FROM ${table} ORDER BY 1, 2`);
  }
  return rows;
}

async function columnsOf(database: TestDatabase): Promise<Record<string, string[]>> {
  const rows = await database.query<{ table: string; columns: string[] }>(
    `SELECT table_name AS "table", array_agg(column_name::text ORDER BY column_name) AS columns
     FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'migrations' GROUP BY 1`,
  );
  return Object.fromEntries(rows.map(({ table, columns }) => [table, columns]));
}

describe("the first release's data under this one", () => {
  let database: TestDatabase;
  let columns: Record<string, string[]>;
  let before: Record<string, unknown[]>;
  let test: TestApp;

  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
    // One message: what the dump sets for its session is taken back before the connection is used again.
    await database.query(`${readFileSync(join(FIRST, 'database.sql'), 'utf8')}; RESET ALL`);
    columns = await columnsOf(database);
    before = await rowsOf(database, columns);
    // Two replicas, as a rollout may have it.
    const done = await Promise.all([migrate(database.url, SETTINGS), migrate(database.url, SETTINGS)]);
    expect(done.map(({ length }) => length > 0).toSorted()).toEqual([false, true]);
  });
  afterAll(async () => {
    await test.close();
    await database.drop();
  });

  it('is there to the last column after the migrations', async () => {
    expect(Object.values(before).flat().length).toBeGreaterThan(100);
    expect(await rowsOf(database, columns)).toEqual(before);
  });

  describe('by way of the API', () => {
    beforeAll(async () => {
      test = await startTestApp({ database });
    });

    const get = (path: string, token = test.admin) =>
      test.http.get(`/api/v1${path}`).auth(token, { type: 'bearer' }).expect(200);
    const send = (method: 'post' | 'patch' | 'put', path: string, token: string, body?: object) =>
      test.http[method](`/api/v1${path}`).auth(token, { type: 'bearer' }).send(body);

    it('is answered with every value that the first release answered', async () => {
      for (const [path, answer] of Object.entries(answers)) {
        const { data } = answer as { data?: { uptime?: number } };
        // It ran no clock yet.
        if (data?.uptime !== undefined) delete data.uptime;
        expect((await get(path)).body).toMatchObject(answer);
      }
    });

    it('is found and sorted as it was', async () => {
      for (const [path, { total, ids }] of Object.entries(found)) {
        const { body, headers } = await get(path);
        const items = (Array.isArray(body) ? body : (body.data.skills ?? body.data.capabilities)) as Item[];
        const told = items.map((item) => item.capability_id ?? item.skill_id ?? item.client_id);
        expect({
          path,
          total: Number(headers['x-total-count'] ?? body.data?.total ?? items.length),
          ids: told,
        }).toEqual({
          path,
          total,
          ids,
        });
      }
    });

    it('lets its clients in, each with its role', async () => {
      for (const [clientId, secret] of Object.entries(credentials)) {
        const me = await get('/auth/me', await tokenOf(test.http, clientId, secret));
        expect(me.body).toMatchObject({ client_id: clientId, role: clientId.replace('the-', '') });
      }
    });

    it('can be worked on: renewed, kept alive, changed, hidden and unregistered by its owner', async () => {
      const token = await tokenOf(test.http, 'the-publisher', credentials['the-publisher'] ?? '');
      const [skill] = (await get('/skills/?name=replicated-skill')).body as Item[];
      const id = skill?.skill_id ?? '';
      const endpoints = [{ url: 'http://one.example:9000' }];
      const renewed = await send('post', '/skills/register', token, {
        name: 'replicated-skill',
        version: '1.0.0',
        endpoints,
      });
      expect(renewed.body.data).toMatchObject({ skill_id: id, status: 'registered' });
      expect(renewed.body.data.generation).toBeGreaterThan(14);
      await send('post', `/skills/${id}/heartbeat`, token).expect(200);
      const patched = await send('patch', `/skills/${id}`, token, {
        metadata: { hidden: { value: 'a secret', secret: true }, plain: 'x' },
      }).expect(200);
      expect(patched.body).toMatchObject({ metadata: { hidden: '***', plain: 'x' } });
      await send('post', `/skills/${id}/unregister`, token).expect(200);
      const odd = (await get('/skills/?status=inactive')).body as Item[];
      await send('put', `/skills/${odd[0]?.skill_id}/status`, token, { status: 'active' }).expect(200);
      // The mask of secrets, in a value of a time that had none, stays what it was.
      expect((await get(`/skills/${odd[0]?.skill_id}`)).body.metadata).toMatchObject({ 'a.b-c d': '***' });
    });
  });

  it('is what it was once all migrations are taken back', async () => {
    const restored = await createTestDatabase({ empty: true });
    try {
      await restored.query(`${readFileSync(join(FIRST, 'database.sql'), 'utf8')}; RESET ALL`);
      const done = await migrate(restored.url, SETTINGS);
      for (const name of done.toReversed()) expect(await revert(restored.url, SETTINGS)).toBe(name);
      expect(await columnsOf(restored)).toEqual(columns);
      expect(await rowsOf(restored, columns)).toEqual(before);
    } finally {
      await restored.drop();
    }
  });
});

interface Item {
  capability_id?: string;
  skill_id?: string;
  client_id?: string;
}
