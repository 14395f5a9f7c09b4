import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

describe('Idempotency-Key', () => {
  let app: TestApp;
  let api: Api;
  let keys = 0;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const newKey = () => `key-${(keys += 1)}`;
  const post = (path: string, body: object | undefined, key: string, as = api) =>
    as.post(path, body).set('idempotency-key', key);

  it('answers a creation that is sent again as the first time, headers too', async () => {
    const [body, key] = [skillBody({ metadata: { zz: '1', a: '2' } }), newKey()];
    const first = await post('/skills', body, key).expect(201);
    const second = await post('/skills/', body, key).expect(201);
    expect(second.body).toEqual(first.body);
    expect(second.headers).toMatchObject({ etag: first.headers.etag, location: first.headers.location });
    expectError(await api.post('/skills', body), 409, 1006);
  });

  it('answers a registration, a batch and an unregistration that are sent again', async () => {
    const body = skillBody();
    const calls: [string, object | undefined][] = [
      ['/skills/register', body],
      ['/skills/batch', { skills: [skillBody(), { name: 'bad' }] }],
    ];
    const { body: created } = await api.post('/skills/register', body).expect(200);
    calls.push([`/skills/${created.data.skill_id as string}/unregister`, undefined]);
    for (const [path, sent] of calls) {
      const key = newKey();
      const first = await post(path, sent, key).expect(200);
      expect((await post(path, sent, key).expect(200)).body).toEqual(first.body);
    }
  });

  it('refuses the key with another body, and on another route', async () => {
    const [body, key] = [skillBody(), newKey()];
    await post('/skills', body, key).expect(201);
    const faults = expectError(await post('/skills', { ...body, version: '2.0.0' }, key), 400, 1001);
    expect(faults).toEqual(['Idempotency-Key was used for a different request before']);
    expectError(await post('/skills/register', body, key), 400, 1001);
  });

  it('creates one Skill when ten requests come at once, and tells all ten the same', async () => {
    const [body, key] = [skillBody(), newKey()];
    const answers = await Promise.all(Array.from({ length: 10 }, () => post('/skills', body, key)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map((answer) => answer.body.skill_id as string)).size).toBe(1);
    expect((await api.get(`/skills?name=${body.name}`)).headers['x-total-count']).toBe('1');
  });

  it('gives the key back when the write fails', async () => {
    const [body, key] = [skillBody(), newKey()];
    const { body: taken } = await api.post('/skills', body).expect(201);
    expectError(await post('/skills', body, key), 409, 1006);
    await api.delete(`/skills/${taken.skill_id as string}`).expect(204);
    await post('/skills', body, key).expect(201);
    const other = newKey();
    expectError(await post('/skills', { ...body, version: 'x' }, other), 400, 1001);
    await post('/skills', { ...body, version: '3.0.0' }, other).expect(201);
  });

  it('keeps the keys of different clients apart', async () => {
    const other = apiOf(app, (await app.client('publisher')).token);
    const key = newKey();
    const [mine, theirs] = [skillBody(), skillBody()];
    await post('/skills', mine, key).expect(201);
    const answer = await post('/skills', theirs, key, other).expect(201);
    expect(answer.body.name).toBe(theirs.name);
    expectError(await post('/skills', mine, newKey(), other), 409, 1006);
  });

  it('does not take a repeated answer for a new write', async () => {
    const [body, key] = [skillBody(), newKey()];
    const { body: created } = await post('/skills', body, key).expect(201);
    await api.delete(`/skills/${created.skill_id as string}`).expect(204);
    await post('/skills', body, key).expect(201);
    expectError(await api.get(`/skills/${created.skill_id as string}`), 404, 1004);
  });

  it('refuses keys that are none', async () => {
    for (const key of ['', ' ', 'two words', 'k'.repeat(256)]) {
      expectError(await post('/skills', skillBody(), key), 400, 1001);
    }
    await post('/skills', skillBody(), `"${'k'.repeat(253)}"`).expect(201);
  });
});
