import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

interface Result {
  index: number;
  status: string;
  skill_id?: string;
  code?: number;
}

describe('many at once', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  it('makes one Skill with 50 endpoints of 50 simultaneous registrations', async () => {
    const body = skillBody();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        api.post('/skills/register', {
          ...body,
          endpoints: [{ url: `http://replica-${n}/` }],
          metadata: { [`m${n}`]: 'x' },
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const data = answers.map((answer) => answer.body.data as { skill_id: string; generation: number });
    expect(new Set(data.map(({ skill_id }) => skill_id)).size).toBe(1);
    expect(new Set(data.map(({ generation }) => generation)).size).toBe(50);
    const { body: skill } = await api.get(`/skills/${data[0]?.skill_id ?? ''}`);
    expect(skill.endpoints).toHaveLength(50);
    expect(skill.generation).toBe(Math.max(...data.map(({ generation }) => generation)));
    expect(Object.keys(skill.metadata as object)).toHaveLength(50);
    expect((await api.get(`/skills?name=${body.name}`)).headers['x-total-count']).toBe('1');
    const registered = await app.database.query(`SELECT FROM skill_events WHERE name = $1 AND event = 'registered'`, [
      body.name,
    ]);
    expect(registered).toHaveLength(1);
  });

  it('lets one of two owners win; the others get 1006', async () => {
    const [one, two] = [await app.client('publisher'), await app.client('publisher')];
    const body = skillBody();
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const { clientId, token } = n % 2 === 0 ? one : two;
        return { clientId, answer: await apiOf(app, token).post('/skills/register', body) };
      }),
    );
    const { body: found } = await api.get(`/skills?name=${body.name}`);
    expect(found).toHaveLength(1);
    for (const { clientId, answer } of answers) {
      if (clientId === found[0].owner) expect(answer.status).toBe(200);
      else expectError(answer, 409, 1006);
    }
  });

  it('creates one of ten Skills of one name and version', async () => {
    const body = skillBody();
    const answers = await Promise.all(Array.from({ length: 10 }, () => api.post('/skills', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
  });

  it('registers, unregisters and changes the same Skills at once without a deadlock', async () => {
    const bodies = Array.from({ length: 8 }, () => skillBody());
    const answers = await Promise.all(
      Array.from({ length: 24 }, async (_, n) => {
        const order = n % 2 === 0 ? bodies : bodies.toReversed();
        if (n % 3 === 0) return api.post('/skills/batch', { skills: order });
        const { body } = await api.post('/skills/register', order[n % 8]);
        const id = body.data.skill_id as string;
        return n % 3 === 1 ? api.post(`/skills/${id}/unregister`) : api.patch(`/skills/${id}`, { description: `${n}` });
      }),
    );
    for (const { status } of answers) expect([200, 404]).toContain(status);
  });

  it('lets two batches of the same Skills in opposite order both finish', async () => {
    const skills = Array.from({ length: 100 }, () => skillBody());
    const [up, down] = await Promise.all([
      api.post('/skills/batch', { skills }).expect(200),
      api.post('/skills/batch', { skills: skills.toReversed() }).expect(200),
    ]);
    const ids = (results: Result[]) => results.map(({ skill_id }) => skill_id);
    expect(ids(down.body.data.results as Result[]).toReversed()).toEqual(ids(up.body.data.results as Result[]));
  });

  it('takes a batch of 1,000 with bad, repeated and foreign items', async () => {
    const foreign = skillBody();
    await apiOf(app, (await app.client('publisher')).token)
      .post('/skills/register', foreign)
      .expect(200);
    const kindOf = (index: number) => ['bad', 'repeated', 'foreign'][[3, 5, 7].indexOf(index % 10)] ?? 'good';
    const skills = Array.from({ length: 1000 }, (_, index) => {
      const kind = kindOf(index);
      return kind === 'foreign' ? foreign : skillBody(kind === 'bad' ? { version: '1.0' } : {});
    });
    for (let index = 5; index < 1000; index += 10) skills[index] = { ...skillBody(), ...skills[index - 1] };
    const publisher = apiOf(app, (await app.client('publisher')).token);
    const { body } = await publisher.post('/skills/batch', { skills }).expect(200);
    const results = body.data.results as Result[];
    expect(results).toHaveLength(1000);
    const expected = { good: 'created', bad: 1001, repeated: 'updated', foreign: 1006 };
    for (const [index, result] of results.entries()) {
      expect(result.index).toBe(index);
      expect([index, result.code ?? result.status]).toEqual([index, expected[kindOf(index) as keyof typeof expected]]);
    }
    expect(results[5]?.skill_id).toBe(results[4]?.skill_id);
    expect((await api.get('/skills?limit=1&q=weather')).headers['x-total-count']).not.toBe('0');
  });
});
