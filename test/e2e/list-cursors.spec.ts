import { SKILL_SORTS } from '../../libs/skills/src/reading/skill.query.js';
import { MAX_RANKED } from '../../libs/skills/src/reading/skill-filter.sql.js';
import { makeSkills } from '../support/many-skills.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';
import { newTarget, openChannel } from './channels.js';
import { followCursors, followLinks } from './list-walks.js';

interface Listed {
  skill_id: string;
  name: string;
}

/** More than are ranked. One in fifty is dead, and in no list. */
const SKILLS = 10_500;
const LIVE = SKILLS - SKILLS / 50;

describe('lists that are read with cursors', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp({ env: { RATE_LIMIT_WRITES: '1000000' } });
    api = apiOf(app);
    await makeSkills(app.database, SKILLS);
  }, 60_000);
  afterAll(() => app.close());

  const idsOf = (skills: Listed[]) => skills.map(({ skill_id }) => skill_id);

  /** Returns what happens after each page: a Skill is registered, and four seen and unseen ones are deleted or renamed. */
  const disturb =
    (touched: Set<string>) =>
    async (seen: Listed[]): Promise<void> => {
      const { name } = (await api.post('/skills', skillBody({ description: 'number' })).expect(201)).body as Listed;
      const some = await app.database.query<{ id: string }>(
        `SELECT id FROM skills WHERE name LIKE 'skill-%' ORDER BY md5(id::text || '${name}') LIMIT 2`,
      );
      const ids = [seen[0]?.skill_id, seen.at(-1)?.skill_id, ...some.map(({ id }) => id)];
      for (const [index, id] of ids.entries()) {
        if (id === undefined || touched.has(id)) continue;
        touched.add(id);
        if (index % 2 === 0) await api.delete(`/skills/${id}`).expect(204);
        else await api.patch(`/skills/${id}`, { name: `renamed-${id}` }).expect(200);
      }
    };

  const assertExactlyOnce = async (seen: Listed[], touched: Set<string>, condition = 'true'): Promise<void> => {
    const untouched = seen.map(({ skill_id }) => skill_id).filter((id) => !touched.has(id));
    const ids = new Set(untouched);
    expect(ids.size).toBe(untouched.length);
    const rows = await app.database.query<{ id: string }>(
      `SELECT id FROM skills s WHERE has_live AND name LIKE 'skill-%' AND ${condition}`,
    );
    const missed = rows.filter(({ id }) => !ids.has(id) && !touched.has(id));
    expect(missed).toEqual([]);
  };

  it('show 10,000 Skills once each while others are registered, renamed and deleted', async () => {
    const touched = new Set<string>();
    const { items, pages } = await followLinks<Listed>(api, '/skills/?limit=1000', disturb(touched));
    expect(pages).toBeGreaterThanOrEqual(Math.floor(LIVE / 1000));
    await assertExactlyOnce(items, touched);
  }, 60_000);

  it('discover them once each', async () => {
    const touched = new Set<string>();
    const path = '/skills/discover?page_size=100&category=category-3';
    const { items, pages } = await followCursors<Listed>(api, path, 'skills', disturb(touched));
    expect(pages).toBeGreaterThan(10);
    await assertExactlyOnce(
      items,
      touched,
      `callable AND status = 'active' AND EXISTS (SELECT FROM capabilities c WHERE c.skill_id = s.id AND c.category = 'category-3')`,
    );
  }, 60_000);

  it('show every match of a search once, ranked first where they are too many to rank', async () => {
    const touched = new Set<string>();
    const { items } = await followLinks<Listed>(api, '/skills/?q=number&limit=1000', disturb(touched));
    expect(items.length).toBeGreaterThan(MAX_RANKED);
    await assertExactlyOnce(items, touched);
  }, 60_000);

  it.each([...SKILL_SORTS.map((sort) => `sort=${sort}`), 'q=team+17', 'metadata.team=team-17&sort=-version'])(
    'have with ?%s the order that the whole list has',
    async (query) => {
      const filter = query.includes('team') ? query : `${query}&metadata.team=team-17`;
      const whole = (await api.get(`/skills/?${filter}&limit=1000`).expect(200)).body as Listed[];
      expect(whole.length).toBeGreaterThan(15);
      const { items, pages } = await followLinks<Listed>(api, `/skills/?${filter}&limit=4`);
      expect(idsOf(items)).toEqual(idsOf(whole));
      expect(pages).toBe(Math.ceil(whole.length / 4));
      const { items: discovered } = await followCursors<Listed>(
        api,
        `/skills/discover?${filter}&page_size=3`,
        'skills',
      );
      const all = await api.get(`/skills/discover?${filter}&page_size=100`).expect(200);
      expect(idsOf(discovered).slice(0, 100)).toEqual(idsOf(all.body.data.skills as Listed[]));
    },
  );

  it('go on from any page, with any number of items, and keep the total', async () => {
    const filter = 'metadata.team=team-17&sort=name';
    const whole = (await api.get(`/skills/?${filter}`).expect(200)).body as Listed[];
    const { headers } = await api.get(`/skills/?${filter}&skip=3&limit=2`).expect(200);
    const next = /<\/api\/v1([^>]+)>; rel="next"/.exec(headers.link ?? '')?.[1] ?? '';
    const rest = await api.get(next.replace('limit=2', 'limit=5')).expect(200);
    expect(rest.body).toEqual(whole.slice(5, 10));
    expect(rest.headers['x-total-count']).toBe(String(whole.length));
    const page = await api.get(`/skills/discover?${filter}&page=2&page_size=3`).expect(200);
    const { next_cursor, total } = page.body.data as { next_cursor: string; total: number };
    const after = await api.get(`/skills/discover?page_size=1&cursor=${next_cursor}&${filter}`).expect(200);
    const all = await api.get(`/skills/discover?${filter}&page_size=7`).expect(200);
    expect(after.body.data).toMatchObject({ total, page_size: 1, skills: [all.body.data.skills[6]] });
  });

  it('have a cursor of their own, which nothing else fits', async () => {
    const first = await api.get('/skills/discover?name=skill-1&page_size=1').expect(200);
    expect(first.body.data).not.toHaveProperty('next_cursor');
    const { next_cursor: cursor } = (await api.get('/skills/discover?category=category-3&page_size=1').expect(200)).body
      .data as { next_cursor: string };
    expect(cursor).toMatch(/^[\w-]{20,200}$/);
    await api.get(`/skills/discover?category=category-3&cursor=${cursor}`).expect(200);
    for (const path of [
      `/skills/discover?cursor=${cursor}`,
      `/skills/discover?category=category-4&cursor=${cursor}`,
      `/skills/discover?category=category-3&status=maintenance&cursor=${cursor}`,
      `/skills/discover?category=category-3&sort=name&cursor=${cursor}`,
      `/skills/discover?category=category-3&sort=created_at&q=number&cursor=${cursor}`,
      `/skills/?category=category-3&cursor=${cursor}`,
      `/capabilities?category=category-3&cursor=${cursor}`,
      `/skills/discover?category=category-3&cursor=${cursor.slice(1)}`,
      `/skills/discover?category=category-3&cursor=${cursor}AAAA`,
      `/skills/discover?category=category-3&cursor=${cursor.toUpperCase()}`,
      `/skills/discover?category=category-3&page=1&cursor=${cursor}`,
      '/skills/discover?cursor=',
      '/skills/discover?cursor=%00',
      '/skills/discover?cursor=a b',
      `/skills/discover?cursor=${'a'.repeat(2401)}`,
      `/skills/?skip=0&cursor=${cursor}`,
      `/audit?cursor=${cursor}`,
      `/auth/clients?cursor=${cursor}`,
      `/auth/clients?skip=1&cursor=${cursor}`,
      `/channels?cursor=${cursor}`,
      `/commands/executions?cursor=${cursor}`,
    ]) {
      const faults = expectError(await api.get(path), 400, 1001);
      expect([path, faults.every((fault) => fault.startsWith('cursor '))]).toEqual([path, true]);
    }
  });

  it('are all lists that have pages', async () => {
    const target = await newTarget(app);
    for (let channel = 0; channel < 5; channel += 1) await openChannel(api, target);
    for (let call = 0; call < 5; call += 1) {
      const { skill_id, capability_id } = target;
      const parameters = { city: 'Berlin' };
      const callback_url = 'http://agent.example/callback';
      const command = { command_id: `c-${call}`, skill_id, capability_id, parameters, callback_url };
      await api.post('/commands/execute', command).expect(202);
    }
    for (let client = 0; client < 5; client += 1) await api.post('/auth/clients', { name: 'c', role: 'viewer' });
    for (const [path, name] of [
      ['/capabilities?name=capability-17', 'capabilities'],
      [`/channels?skill_id=${target.skill_id}`, 'channels'],
      [`/commands/executions?skill_id=${target.skill_id}`, 'executions'],
      ['/audit?action=channel.create', 'entries'],
    ] as const) {
      const whole = await api.get(`${path}&page_size=100`).expect(200);
      const all = whole.body.data[name] as object[];
      const { items } = await followCursors<object>(api, `${path}&page_size=2`, name);
      expect([path, all.length > 3]).toEqual([path, true]);
      expect(items).toEqual(all);
      expect(JSON.stringify(items)).not.toContain('cursor_keys');
    }
    const clients = (await api.get('/auth/clients').expect(200)).body as object[];
    expect(clients.length).toBeGreaterThan(5);
    expect((await followLinks<object>(api, '/auth/clients?limit=2')).items).toEqual(clients);
  });

  it('have an ETag, and 304 for it', async () => {
    for (const path of [
      '/skills/?limit=2',
      '/skills/discover?page_size=2',
      '/capabilities?page_size=2',
      '/channels?page_size=2',
      '/commands/executions?page_size=2',
      '/auth/clients?limit=2',
    ]) {
      const { headers, text } = await api.get(path).expect(200);
      const { etag = '' } = headers;
      expect([path, etag]).toEqual([path, expect.stringMatching(/^"[\w-]{22}"$/)]);
      expect(headers['cache-control']).toBe('private, no-cache');
      expect(headers['content-type']).toBe('application/json; charset=utf-8');
      for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const same = await api.get(path).set('if-none-match', tag).expect(304);
        expect([same.text, same.headers.etag]).toEqual(['', etag]);
      }
      expect((await api.get(path).set('if-none-match', '"x"').expect(200)).text).toBe(text);
      const head = await app.http.head(`/api/v1${path}`).auth(app.admin, { type: 'bearer' }).expect(200);
      expect(head.headers).toMatchObject({ etag, 'content-length': String(Buffer.byteLength(text)) });
    }
    const { skill_id, name } = (await api.post('/skills', skillBody()).expect(201)).body as Listed;
    const before = await api.get(`/skills/?name=${name}`).expect(200);
    await api.patch(`/skills/${skill_id}`, { description: 'another' }).expect(200);
    const after = await api
      .get(`/skills/?name=${name}`)
      .set('if-none-match', before.headers.etag ?? '')
      .expect(200);
    expect(after.headers.etag).not.toBe(before.headers.etag);
  });
});
