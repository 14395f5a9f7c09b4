import { jest } from '@jest/globals';
import { EntityManager } from 'typeorm';
import { newId } from '#common';
import type { BatchRegisteredItemResponse } from '../../libs/skills/src/model/registration.response.js';
import type { SkillResponse } from '../../libs/skills/src/model/skill.response.js';
import type { RegisterSkillBody } from '../../libs/skills/src/model/skill.dto.js';
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

  it('discovers nothing without an active endpoint, no matter who switched it', async () => {
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

  /** The statements of the longest transaction: a job may run at the same time, in a transaction of its own. */
  const countStatements = async <T>(work: () => Promise<T>): Promise<{ result: T; statements: number }> => {
    const query = jest.spyOn(EntityManager.prototype, 'query');
    try {
      const result = await work();
      const contexts = query.mock.contexts;
      const counts = [...new Set(contexts)].map((tx) => contexts.filter((each) => each === tx).length);
      return { result, statements: Math.max(...counts) };
    } finally {
      query.mockRestore();
    }
  };

  it('writes a new Skill with one statement, and one for the audit log', async () => {
    const full = () => ({ ...operated(), metadata: { a: '1', b: '2' } });
    const known = full();
    const registered = await countStatements(() => register(known));
    expect(registered.statements).toBe(2);
    // It also reads what it answers.
    const created = await countStatements(() => api.post('/skills', full()).expect(201));
    expect(created.statements).toBe(3);
    const renewed = await countStatements(() => register(known));
    expect(renewed.result).toBe(registered.result);
    expect(renewed.statements).toBeLessThanOrEqual(14);
  });

  describe('a batch', () => {
    type Body = Omit<RegisterSkillBody, 'name' | 'version'>;
    const batch = async (skills: readonly RegisterSkillBody[]) =>
      (await api.post('/skills/batch', { skills }).expect(200)).body.data.results as BatchRegisteredItemResponse[];
    /** What a batch answers, and how many statements its transaction takes. */
    const counted = async (skills: readonly RegisterSkillBody[]) => {
      const { result, statements } = await countStatements(() => batch(skills));
      return { statements, outcomes: result.map(({ code, status }) => code ?? status) };
    };
    const times = <T>(count: number, of: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => of(n));

    it('takes as many statements for 1,000 bodies of one Skill as for two', async () => {
      const same = skillBody();
      await batch([same]);
      const two = await counted([same, same]);
      const many = await counted(times(1000, () => same));
      expect(new Set(many.outcomes)).toEqual(new Set(['updated']));
      expect(many.statements).toBe(two.statements);
      const growing = skillBody();
      const grown = await counted(times(1000, (n) => ({ ...growing, endpoints: endpoints(n, 1) })));
      expect(grown.outcomes).toEqual(times(1000, (n) => (n === 0 ? 'created' : n < 500 ? 'updated' : 1001)));
      expect(grown.statements).toBeLessThanOrEqual(two.statements);
    });

    it('excludes every body that is too much at once, and writes all others', async () => {
      const full = times(100, () =>
        skillBody({ capabilities: [], metadata: Object.fromEntries(times(500, (n) => [`k${n}`, 'x'])) }),
      );
      for (let from = 0; from < full.length; from += 20) await batch(full.slice(from, from + 20));
      const over = (n: number) => ({ ...skillBody(), ...full[n % full.length], metadata: { [`more-${n}`]: 'x' } });
      const few = await counted([over(0), skillBody(), full[1] ?? skillBody()]);
      expect(few.outcomes).toEqual([1001, 'created', 'updated']);
      // Each Skill is too full five times, between bodies that are good and renewals of the same Skill.
      const bodies = times(1000, (n) => {
        const held = full[(n >> 1) % full.length] ?? skillBody();
        return n % 2 === 0 ? over(n >> 1) : n % 4 === 1 ? skillBody() : { ...held, metadata: { k1: `${n}` } };
      });
      const many = await counted(bodies);
      expect(many.outcomes).toEqual(times(1000, (n) => (n % 2 === 0 ? 1001 : n % 4 === 1 ? 'created' : 'updated')));
      expect(many.statements).toBeLessThanOrEqual(few.statements);
    });

    it('gives an id to the Skill that asks first, in one pass', async () => {
      const [taken, free] = [await register(skillBody()), newId()];
      const known = skillBody();
      const skills = [
        ...times(300, () => skillBody({ skill_id: taken })),
        ...times(300, () => skillBody({ skill_id: free })),
        { ...known, skill_id: taken },
        known,
        { ...known, skill_id: newId() },
      ];
      const { outcomes, statements } = await counted(skills);
      const expected = [...times(300, () => 1006), 'created', ...times(299, () => 1006), 1006, 'created', 'updated'];
      expect(outcomes).toEqual(expected);
      expect(statements).toBeLessThan(10);
    });

    it('has the effect of its registrations one after the other', async () => {
      const bodies: Body[] = [
        { endpoints: [{ url: 'http://a/', weight: 7, parameters: { a: '1', b: { value: 'hidden', secret: true } } }] },
        { endpoints: endpoints(0, 400), description: 'first', capabilities: [{ name: 'run', category: 'sport' }] },
        { endpoints: endpoints(300, 300), description: 'too much' },
        { endpoints: [{ url: 'http://a/', status: 'inactive', parameters: { b: '***', c: '3' } }], description: '' },
        { endpoints: endpoints(350, 149), capabilities: [{ name: 'run', version: '2.0.0', status: 'disabled' }] },
        { endpoints: endpoints(900, 1), metadata: { too: 'much' } },
        { endpoints: endpoints(1, 1), metadata: { a: '1', b: { value: 'hidden', secret: true } } },
        { endpoints: endpoints(2, 1), metadata: { b: '***', c: 'x' }, capabilities: [{ name: 'run' }] },
      ];
      const [name, version, state] = [
        'name',
        '1.0.0',
        async (body: RegisterSkillBody) => {
          const [found] = (await api.get(`/skills?name=${body.name}`).expect(200)).body as [{ skill_id: string }];
          const { description, endpoints: parts, capabilities, metadata } = await read(found.skill_id);
          const named = (part: { url?: string; name?: string }) => part.url ?? part.name ?? '';
          const bare = parts.map(({ endpoint_id: _, ...part }) => part).sort((a, b) => (named(a) < named(b) ? -1 : 1));
          return {
            description,
            metadata,
            endpoints: bare,
            capabilities: capabilities.map(({ capability_id: _, id: __, skill_id: ___, ...part }) => part),
          };
        },
      ] as const;
      for (const isKnown of [false, true]) {
        const [one, other] = times(2, () => ({ ...skillBody(), name: `${name}-${newId()}`, version }));
        if (!one || !other) throw new Error('two');
        const ofSkill = (skill: RegisterSkillBody) => bodies.map((body) => ({ ...body, name: skill.name, version }));
        if (isKnown) for (const skill of [one, other]) await register({ ...skill, endpoints: endpoints(0, 90) });
        const answers = [];
        for (const body of ofSkill(one)) answers.push(...(await batch([body])));
        const together = await batch(ofSkill(other));
        expect(together.map(({ code, status }) => code ?? status)).toEqual(
          answers.map(({ code, status }) => code ?? status),
        );
        expect(await state(other)).toEqual(await state(one));
      }
    });
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
