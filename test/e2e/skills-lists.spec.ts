import type { Response } from 'supertest';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

describe('paging of lists', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
    await api
      .post('/skills/batch', { skills: NAMES.map((name) => skillBody({ name, metadata: { region: 'eu' } })) })
      .expect(200);
  });
  afterAll(() => app.close());

  const namesOf = (skills: { name: string }[]) => skills.map(({ name }) => name);

  it('gives the whole list with its size', async () => {
    const { body, headers } = await api.get('/skills?sort=name').expect(200);
    expect(namesOf(body)).toEqual(NAMES);
    expect(headers['x-total-count']).toBe('7');
    expect(headers.link).toBe(
      '</api/v1/skills?sort=name&skip=0&limit=100>; rel="first", </api/v1/skills?sort=name&skip=0&limit=100>; rel="last"',
    );
  });

  it('links every part to its neighbours, and following them visits each Skill once', async () => {
    const seen: string[] = [];
    let next: string | undefined = '/skills/?sort=-name&metadata.region=eu&limit=3';
    let pages = 0;
    while (next !== undefined && pages < 10) {
      const { body, headers }: Response = await api.get(next).expect(200);
      seen.push(...namesOf(body));
      pages += 1;
      expect(headers['x-total-count']).toBe('7');
      next = /<\/api\/v1([^>]+)>; rel="next"/.exec(headers.link ?? '')?.[1];
    }
    expect(pages).toBe(3);
    expect(seen).toEqual([...NAMES].reverse());
    const { headers } = await api.get('/skills?skip=3&limit=3');
    for (const [relation, skip] of Object.entries({ first: 0, prev: 0, last: 6 })) {
      expect(headers.link).toContain(`</api/v1/skills?skip=${skip}&limit=3>; rel="${relation}"`);
    }
    expect(headers.link).toMatch(/<\/api\/v1\/skills\?limit=3&cursor=[\w-]+>; rel="next"/);
  });

  it('is empty, not wrong, beyond the end', async () => {
    const { body, headers } = await api.get('/skills?skip=2147483647&limit=1000').expect(200);
    expect(body).toEqual([]);
    expect(headers['x-total-count']).toBe('7');
    const page = await api.get('/skills/discover?page=10000000&page_size=100').expect(200);
    expect(page.body.data).toEqual({ total: 7, page: 10_000_000, page_size: 100, skills: [] });
  });

  it('pages discovery and capabilities by number', async () => {
    const { body } = await api.get('/skills/discover?sort=name&page=2&page_size=3').expect(200);
    expect(body).toMatchObject({ code: 0, message: 'success', data: { total: 7, page: 2, page_size: 3 } });
    expect(namesOf(body.data.skills)).toEqual(['d', 'e', 'f']);
    expect((await api.get('/skills/discover').expect(200)).body.data).toMatchObject({ page: 1, page_size: 10 });
    const capabilities = await api.get('/capabilities?page=3&page_size=3').expect(200);
    expect(capabilities.body.data).toMatchObject({ total: 7, page: 3, page_size: 3 });
    expect(capabilities.body.data.capabilities).toHaveLength(1);
  });

  it('keeps its order over pages when all sort keys are equal', async () => {
    const first = await api.get('/skills?sort=version&limit=4');
    const second = await api.get('/skills?sort=version&skip=4&limit=4');
    expect(namesOf([...first.body, ...second.body]).sort()).toEqual(NAMES);
  });

  it.each([
    'skip=-1',
    'limit=0',
    'limit=1001',
    'limit=1e2',
    'limit=',
    'limit=ten',
    'limit=1.5',
    'skip=2147483648',
    'skip=99999999999999999999',
    'page=1',
    'limit=1&limit=2',
    'sort=owner',
    'sort=name;DROP TABLE skills',
    'status=deleted',
    'protocol=ftp',
    'q=%00',
    'q=...',
    'q=',
    'name=%00',
    'version=one',
    'metadata=x',
    'metadata.=x',
    'tags=',
    'tags=a,,b',
    'status=active&status=inactive',
    'name=a&name=b',
    `metadata.a=${'x'.repeat(513)}`,
    'metadata.!=x',
    Array.from({ length: 51 }, (_, n) => `metadata.a=${n}`).join('&'),
    Array.from({ length: 11 }, (_, n) => `metadata.a${n}=x`).join('&'),
    Array.from({ length: 11 }, (_, n) => `tags=t${n}`).join('&'),
    `tags=${Array.from({ length: 33 }, (_, n) => `t${n}`).join(',')}`,
    'nope=1',
    `name=${'n'.repeat(256)}`,
  ])('refuses GET /skills?%s', async (query) => {
    expect(expectError(await api.get(`/skills?${query}`), 400, 1001)).not.toEqual([]);
  });

  it.each(['page=0', 'page=-1', 'page_size=0', 'page_size=101', 'page_size=1e9', 'page=10000001', 'limit=5', 'skip=1'])(
    'refuses ?%s of discovery and of capabilities',
    async (query) => {
      expectError(await api.get(`/skills/discover?${query}`), 400, 1001);
      expectError(await api.get(`/capabilities?${query}`), 400, 1001);
    },
  );

  it('tells all faults of a query at once', async () => {
    const faults = expectError(
      await api.get('/skills/discover?page=0&page_size=x&status=y&version=z&nope=1'),
      400,
      1001,
    );
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(
      expect.arrayContaining(['nope', 'page', 'page_size', 'status', 'version']),
    );
  });
});
