import type { RegisterSkillBody } from '../../libs/skills/src/model/skill.dto.js';
import type {
  BatchRegisteredItemResponse,
  RegisteredResponse,
} from '../../libs/skills/src/model/registration.response.js';
import type { SkillResponse } from '../../libs/skills/src/model/skill.response.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

const SPELLINGS = ['http://LocalHost:80/', 'http://localhost', 'HTTP://localhost:80', 'http://localhost/./'];

describe('one URL in several spellings', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(async () => {
    await app.close();
  });

  const register = async (body: RegisterSkillBody): Promise<string> =>
    (await api.post('/skills/register', body).expect(200)).body.data.skill_id as string;
  const read = async (id: string) => (await api.get(`/skills/${id}`).expect(200)).body as SkillResponse;
  const urlsOf = async (id: string) => (await read(id)).endpoints.map(({ url }) => url);

  it('is one endpoint, whoever registers it how, and keeps the spelling that came first', async () => {
    const body = skillBody({
      endpoints: [{ url: SPELLINGS[0] ?? '', weight: 7, parameters: { health_path: '/up' } }],
    });
    const id = await register(body);
    const [before] = (await read(id)).endpoints;
    for (const url of SPELLINGS) await register({ ...body, endpoints: [{ url }] });
    expect((await read(id)).endpoints).toEqual([before]);
    const skills = [...SPELLINGS, 'http://other'].map((url) => ({ ...body, endpoints: [{ url }] }));
    await api.post('/skills/batch', { skills }).expect(200);
    expect(await urlsOf(id)).toEqual([SPELLINGS[0], 'http://other']);
    const { endpoints: leased } = (await api.get(`/skills/${id}/status`)).body.data as { endpoints: object[] };
    expect(leased).toHaveLength(2);
  });

  it('is one endpoint of a new Skill in a batch', async () => {
    const body = skillBody();
    const skills = SPELLINGS.map((url, n) => ({ ...body, endpoints: [{ url, weight: n + 1 }] }));
    const { results } = (await api.post('/skills/batch', { skills }).expect(200)).body.data as {
      results: BatchRegisteredItemResponse[];
    };
    expect(results.map(({ status }) => status)).toEqual(['created', 'updated', 'updated', 'updated']);
    expect((await read(results[0]?.skill_id ?? '')).endpoints).toMatchObject([{ url: SPELLINGS[0], weight: 4 }]);
  });

  it('is one endpoint of registrations at the same time', async () => {
    const body = skillBody();
    const answers = await Promise.all(
      SPELLINGS.map((url) => api.post('/skills/register', { ...body, endpoints: [{ url }] })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await urlsOf(answers[0]?.body.data.skill_id as string)).toHaveLength(1);
  });

  it('is the endpoint with its id and its secrets after a PUT or a PATCH, which say how it is shown', async () => {
    const secret = { authorization: { value: 'Bearer hidden', secret: true as const } };
    const body = skillBody({
      endpoints: [{ url: 'http://münchen.example/', parameters: secret }, { url: 'http://b' }],
    });
    const id = await register(body);
    const [before] = (await read(id)).endpoints;
    const kept = { authorization: '***' };
    const put = {
      ...body,
      endpoints: [{ url: 'http://xn--mnchen-3ya.example', parameters: kept }, { url: 'http://B:80' }],
    };
    await api.put(`/skills/${id}`, put).expect(200);
    const [after, other] = (await read(id)).endpoints;
    expect(after).toEqual({ ...before, url: 'http://xn--mnchen-3ya.example', weight: 1 });
    expect(other?.url).toBe('http://B:80');
    await api.patch(`/skills/${id}`, { endpoints: [{ url: 'http://MÜNCHEN.example' }] }).expect(200);
    expect((await read(id)).endpoints).toMatchObject([
      { endpoint_id: before?.endpoint_id, url: 'http://MÜNCHEN.example' },
    ]);
  });

  it.each(['post', 'put', 'patch'] as const)('is refused twice in one body (%s)', async (method) => {
    const id = await register(skillBody());
    const twice = { endpoints: [{ url: 'http://[::1]:9301' }, { url: 'http://[0:0:0:0:0:0:0:1]:9301/' }] };
    const [path, body] = method === 'post' ? ['/skills', skillBody(twice)] : [`/skills/${id}`, skillBody(twice)];
    const faults = expectError(await api[method](path, method === 'patch' ? twice : body), 400, 1001);
    expect(faults).toEqual(['endpoints must not repeat a url']);
  });

  it('needs no room in a Skill that is full', async () => {
    const manyEndpoints = Array.from({ length: 500 }, (_, n) => ({ url: `http://replica-${n}/` }));
    const body = skillBody({ endpoints: manyEndpoints });
    await register(body);
    await register({ ...body, endpoints: manyEndpoints.map(({ url }) => ({ url: url.toUpperCase() })) });
  });

  it('warns of what looks like a secret in its query, without the secret', async () => {
    const endpoints = [
      { url: 'http://a?api_key=hunter2&x=1' },
      { url: 'http://b?x=1' },
      { url: 'http://c?X-Amz-Signature=hunter2' },
    ];
    const warnings = [
      { field: 'endpoints.0.url', reason: expect.stringContaining('"query.api_key"') },
      { field: 'endpoints.2.url', reason: expect.stringContaining('"query.X-Amz-Signature"') },
    ];
    const body = skillBody({ endpoints });
    const registered = (await api.post('/skills/register', body).expect(200)).body.data as RegisteredResponse;
    expect(registered.warnings).toEqual(warnings);
    const answers = [
      (await api.post('/skills', skillBody({ endpoints })).expect(201)).body,
      (await api.post('/skills/batch', { skills: [skillBody({ endpoints })] }).expect(200)).body.data.results[0],
      (await api.put(`/skills/${registered.skill_id}`, body).expect(200)).body,
      (await api.patch(`/skills/${registered.skill_id}`, { description: 'x' }).expect(200)).body,
    ] as { warnings: object[] }[];
    for (const answer of answers) expect(answer.warnings).toEqual(warnings);
    expect(JSON.stringify(answers.map((answer) => answer.warnings))).not.toContain('hunter2');
    expect(await read(registered.skill_id)).not.toHaveProperty('warnings');
    expect((await api.post('/skills/register', skillBody()).expect(200)).body.data).not.toHaveProperty('warnings');
  });
});
