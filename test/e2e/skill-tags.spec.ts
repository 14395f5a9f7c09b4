import fc from 'fast-check';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

describe('tags and metadata of Skills, in filters', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  describe('by metadata and tags', () => {
    const REGIONS = [undefined, 'eu', 'us', '*', 'eu,us', ' us , eu', 'Ätna/1'];
    const TAGS = [[], ['a'], ['b', 'a'], ['c'], ['a', 'ü ö'], ['b', 'c'], ['*']];
    const NAMES = REGIONS.map((_, index) => `parted-${index}`);
    beforeAll(async () => {
      const skills = REGIONS.map((region, index) =>
        skillBody({
          name: NAMES[index] ?? '',
          metadata: {
            group: 'parted',
            ...(region !== undefined && { region }),
            // Never matches: who guesses must not learn it.
            token: { value: 'guess', secret: true },
          },
          tags: TAGS[index] ?? [],
          capabilities: [{ name: `part-${index}` }],
        }),
      );
      await api.post('/skills/batch', { skills }).expect(200);
    });

    /** The numbers of the Skills that all three lists find. */
    const found = async (filter: string): Promise<number[]> => {
      const { body } = await api.get(`/skills?metadata.group=parted&${filter}`).expect(200);
      const listed = (body as { name: string }[]).map(({ name }) => NAMES.indexOf(name));
      const page = await api.get(`/skills/discover?metadata.group=parted&page_size=100&${filter}`).expect(200);
      expect((page.body.data.skills as { name: string }[]).map(({ name }) => NAMES.indexOf(name))).toEqual(listed);
      const parts = await api.get(`/capabilities?metadata.group=parted&page_size=100&${filter}`).expect(200);
      const capabilities = (parts.body.data.capabilities as { name: string }[]).map(({ name }) =>
        Number(name.slice(5)),
      );
      expect(capabilities.toSorted()).toEqual(listed.toSorted());
      return listed.toSorted();
    };

    it.each<[string, number[]]>([
      ['metadata.region=eu', [1]],
      ['metadata.region=eu&metadata.region=us', [1, 2]],
      ['metadata.region!=us', [0, 1, 3, 4, 5, 6]],
      ['metadata.region%21=us', [0, 1, 3, 4, 5, 6]],
      ['metadata.region!=us&metadata.region!=eu', [0, 3, 4, 5, 6]],
      ['metadata.region~=us', [2, 4, 5]],
      ['metadata.region~=u', []],
      ['metadata.region~=eu,us', [4, 5]],
      ['metadata.region~=*', [3]],
      ['metadata.region=*', [1, 2, 3, 4, 5, 6]],
      ['metadata.region!=*', [0]],
      ['metadata.region=!*', [0]],
      ['metadata.region=%21*', [0]],
      ['metadata.region!=!*', [1, 2, 3, 4, 5, 6]],
      ['metadata.region=!*&metadata.region=eu', [0, 1]],
      ['metadata.region=*&metadata.region!=us', [1, 3, 4, 5, 6]],
      ['metadata.region=%C3%84tna%2F1', [6]],
      ['metadata.region!=%C3%84tna%2F1', [0, 1, 2, 3, 4, 5]],
      ['metadata.token=guess', []],
      ['metadata.token=***', []],
      ['metadata.token=*', []],
      ['metadata.token~=guess', []],
      ['metadata.token!=guess', [0, 1, 2, 3, 4, 5, 6]],
      ['metadata.token!=other', [0, 1, 2, 3, 4, 5, 6]],
      ['metadata.token=!*', [0, 1, 2, 3, 4, 5, 6]],
      ['tags=a', [1, 2, 4]],
      ['tags=a,b', [2]],
      ['tags=a&tags=c', [1, 2, 3, 4, 5]],
      ['tags=b,%20c&tags=%C3%BC%20%C3%B6', [4, 5]],
      ['tags=u%CC%88%20o%CC%88', [4]],
      ['tags=*', [6]],
      ['tags=A', []],
      ['tags=a&metadata.region~=us', [2, 4]],
    ])('?%s finds %j', async (filter, expected) => {
      expect(await found(filter)).toEqual(expected);
    });

    it('find what the description of each filter says, whatever is combined', async () => {
      const value = fc.constantFrom('eu', 'us', '*', '!*', 'eu,us', 'none');
      const condition = fc.record({ operator: fc.constantFrom('', '!', '~'), value });
      const tags = fc.subarray(['a', 'b', 'c'], { minLength: 1 });
      const items = (text: string) => text.split(',').map((item) => item.trim());
      const is = (region: string | undefined, asked: string): boolean => {
        if (asked === '*') return region !== undefined;
        return asked === '!*' ? region === undefined : region === asked;
      };
      await fc.assert(
        fc.asyncProperty(
          fc.array(condition, { maxLength: 4 }),
          fc.array(tags, { maxLength: 2 }),
          async (all, lists) => {
            const valuesOf = (operator: string) =>
              all.flatMap((each) => (each.operator === operator ? each.value : []));
            const expected = REGIONS.flatMap((region, index) => {
              const [any, none, within] = [valuesOf(''), valuesOf('!'), valuesOf('~')];
              const own = region === undefined ? [] : items(region);
              const fits =
                (any.length === 0 || any.some((asked) => is(region, asked))) &&
                !none.some((asked) => is(region, asked)) &&
                (within.length === 0 || within.some((asked) => items(asked).every((item) => own.includes(item)))) &&
                (lists.length === 0 || lists.some((asked) => asked.every((tag) => TAGS[index]?.includes(tag))));
              return fits ? index : [];
            });
            const conditions = all.map(({ operator, value: asked }) => `metadata.region${operator}=${asked}`);
            const filter = [...conditions, ...lists.map((asked) => `tags=${asked.join(',')}`)].join('&');
            expect([filter, await found(filter)]).toEqual([filter, expected]);
          },
        ),
        { numRuns: 40 },
      );
    });

    it('are those that explain looks for', async () => {
      const id = (await api.get('/skills?name=parted-2').expect(200)).body[0].skill_id as string;
      await api.put(`/skills/${id}/status`, { status: 'maintenance' }).expect(200);
      const near = async (filter: string) =>
        (await api.get(`/skills/discover?explain=true&name=parted-2&${filter}`).expect(200)).body.data
          .explain as object[];
      expect(await near('tags=a&metadata.region!=eu')).toHaveLength(1);
      expect(await near('tags=c')).toHaveLength(0);
      await api.put(`/skills/${id}/status`, { status: 'active' }).expect(200);
    });
  });

  it('are refused by name where they are given more than once, with all other faults', async () => {
    for (const path of ['/skills', '/skills/discover', '/capabilities']) {
      const response = await api.get(`${path}?status=a&status=b&category=x&category=y&nope=1&tags=a,&name=a`);
      const faults = expectError(response, 400, 1001);
      expect(faults.toSorted()).toEqual([
        'category must be given once',
        'nope is unknown',
        'status must be given once',
        expect.stringMatching(/^tags each tag must not be blank/),
      ]);
    }
    for (const path of [
      '/audit?actor=a&actor=b',
      '/channels?status=open&status=closed',
      '/auth/clients?limit=1&limit=2',
    ])
      expect(expectError(await api.get(path), 400, 1001)[0]).toMatch(/must be given once$/);
  });

  it('knows the tags of a Skill in every way to write it', async () => {
    const tagsOf = async (id: string) => (await api.get(`/skills/${id}`).expect(200)).body.tags as string[];
    const body = skillBody({ tags: ['z', 'a', '天气'] });
    const composed = await api.post('/skills', skillBody({ tags: ['u\u0308'] })).expect(201);
    expect(composed.body.tags).toEqual(['\u00fc']);
    const { body: created } = await api.post('/skills', body).expect(201);
    const id = created.skill_id as string;
    expect(created.tags).toEqual(['z', 'a', '天气']);
    await api.post('/skills/register', { ...body, tags: undefined }).expect(200);
    expect(await tagsOf(id)).toEqual(['z', 'a', '天气']);
    await api.post('/skills/register', { ...body, tags: ['r'] }).expect(200);
    expect(await tagsOf(id)).toEqual(['r']);
    await api.post('/skills/batch', { skills: [{ ...body, tags: ['x'] }, body, { ...body, tags: undefined }] });
    expect(await tagsOf(id)).toEqual(['z', 'a', '天气']);
    await api.patch(`/skills/${id}`, { description: 'x' }).expect(200);
    expect(await tagsOf(id)).toEqual(['z', 'a', '天气']);
    await api.patch(`/skills/${id}`, { tags: ['p'] }).expect(200);
    expect(await tagsOf(id)).toEqual(['p']);
    await api.patch(`/skills/${id}`, { tags: null }).expect(200);
    expect(await tagsOf(id)).toEqual([]);
    await api.put(`/skills/${id}`, body).expect(200);
    expect(await tagsOf(id)).toEqual(['z', 'a', '天气']);
    await api.put(`/skills/${id}`, { ...body, tags: undefined }).expect(200);
    expect(await tagsOf(id)).toEqual([]);
  });

  it.each([
    ['many', Array.from({ length: 33 }, (_, n) => `t${n}`)],
    ['long', ['x'.repeat(65)]],
    ['the same', ['a', 'a']],
    ['with a comma', ['a,b']],
    ['with an invisible character', ['a\u200b']],
    ['the same in NFC', ['\u00fc', 'u\u0308']],
    ['with a blank', ['a ']],
    ['with a line feed', ['a\nb']],
    ['empty', ['']],
    ['no texts', [1]],
    ['no list', 'a'],
    ['null', null],
  ])('refuses tags that are %s', async (_, tags) => {
    for (const path of ['/skills', '/skills/register'])
      expect(expectError(await api.post(path, { ...skillBody(), tags }), 400, 1001)[0]).toMatch(/^tags /);
  });
});
