import { jest } from '@jest/globals';
import { QuotaCounts } from '../../libs/quotas/src/quota-counts.js';
import { skillBody } from '../support/skill.factory.js';
import { BEHAVIOURS } from '../support/skill-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf } from './api.js';
import { CallSite } from './calls.js';
import { refusal, type Usage } from './quota-answers.js';

describe('quotas of a Space', () => {
  let site: CallSite;
  let owner: Api;
  let space: string;
  let member: Api;
  let number = 0;
  const url = () => `http://127.0.0.1:9/${(number += 1)}`;
  const body = (overrides: Parameters<typeof skillBody>[0] = {}) =>
    skillBody({ endpoints: [{ url: url() }], ...overrides });

  beforeAll(async () => {
    site = await CallSite.start({
      QUOTA_SPACE_SKILLS: '2',
      QUOTA_SPACE_ENDPOINTS: '4',
      QUOTA_SPACE_CAPABILITIES: '3',
      QUOTA_SPACE_CHANNELS: '2',
      QUOTA_SPACE_PENDING_EXECUTIONS: '3',
    });
    owner = apiOf(site.app, (await site.app.client('publisher')).token);
  });
  afterAll(() => site.app.close());
  afterEach(() => site.stopSkills());
  beforeEach(async () => {
    space = `space-${(number += 1)}`;
    member = apiOf(site.app, (await site.app.client('publisher', space)).token);
  });
  const used = async (api = member, of = space) => {
    const me = (await api.get('/auth/me').expect(200)).body as { space_quotas: Record<string, Usage> };
    return Object.fromEntries(Object.entries(me.space_quotas[of] ?? {}).map(([name, { used }]) => [name, used]));
  };
  const endpoints = (count: number) => Array.from({ length: count }, () => ({ url: url() }));
  const forecast = (...names: string[]) => names.map((name) => ({ name }));

  it('are shown to clients limited to it, and to no others', async () => {
    await member.post('/skills/register', body({ endpoints: endpoints(2) })).expect(200);
    const two = apiOf(site.app, (await site.app.client('publisher', space, 'space-of-nobody')).token);
    const { space_quotas } = (await two.get('/auth/me').expect(200)).body as { space_quotas: Record<string, Usage> };
    expect(space_quotas).toEqual({
      [space]: {
        space_skills: { limit: 2, used: 1 },
        space_endpoints: { limit: 4, used: 2 },
        space_capabilities: { limit: 3, used: 1 },
        space_channels: { limit: 2, used: 0 },
        space_pending_executions: { limit: 3, used: 0 },
      },
      'space-of-nobody': expect.objectContaining({ space_endpoints: { limit: 4, used: 0 } }),
    });
    const spaces = Array.from({ length: 99 }, (_, at) => `space-of-many-${at}`);
    const many = apiOf(site.app, (await site.app.client('viewer', space, ...spaces)).token);
    const counts = jest.spyOn(site.app.app.get(QuotaCounts, { strict: false }), 'count');
    const answers = [(await many.get('/auth/me').expect(200)).body, (await many.get('/auth/me').expect(200)).body];
    for (const { space_quotas: shown } of answers as { space_quotas: Record<string, Usage> }[]) {
      expect(Object.keys(shown)).toHaveLength(100);
      expect(shown[space]).toEqual(space_quotas[space]);
    }
    // Those of many Spaces are not counted again for a while, those of the client are.
    const last = counts.mock.calls.slice(-2).map(([subjects]) => subjects.map(({ subject }) => subject));
    expect(last.flat().filter((subject) => subject.startsWith('space-'))).toEqual([]);
    counts.mockRestore();
    expect((await owner.get('/auth/me').expect(200)).body).not.toHaveProperty('space_quotas');
    expect((await site.app.http.get('/metrics')).text).toContain('quota_limit{quota="space_endpoints"} 4');
  });

  it('hold for endpoints and capabilities of all its Skills, under registrations at the same time', async () => {
    const other = apiOf(site.app, (await site.app.client('publisher', space)).token);
    const [one, two] = [body({ endpoints: endpoints(1) }), body({ endpoints: endpoints(1) })];
    await member.post('/skills/register', one).expect(200);
    await other.post('/skills/register', two).expect(200);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => {
        const [api, skill] = at % 2 === 0 ? [member, one] : [other, two];
        return api.post('/skills/register', { ...skill, endpoints: endpoints(1) });
      }),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(answers.find(({ status }) => status === 429)?.body).toMatchObject(refusal('space_endpoints', 4));
    const wide = { ...one, capabilities: forecast('a', 'b') };
    expect((await member.post('/skills/register', wide)).body).toMatchObject(refusal('space_capabilities', 2));
    // What is there is renewed.
    expect((await member.post('/skills/register', one)).status).toBe(200);
    expect(await used()).toMatchObject({ space_skills: 2, space_endpoints: 4, space_capabilities: 2 });
  });

  it('hold for a Skill whose body names no Space, and for all that a Skill brings that is moved there', async () => {
    const there = body({ space_id: space, endpoints: endpoints(3) });
    await owner.post('/skills/register', there).expect(200);
    const more = { ...there, space_id: undefined, endpoints: endpoints(2) };
    expect((await owner.post('/skills/register', more)).body).toMatchObject(refusal('space_endpoints', 3));
    const batch = await owner
      .post('/skills/batch', { skills: [more, { ...more, endpoints: endpoints(1) }] })
      .expect(200);
    expect(batch.body.data.results).toMatchObject([{ status: 'failed', code: 1009 }, { status: 'updated' }]);
    const outside = body({ endpoints: endpoints(2) });
    const { skill_id: id } = (await owner.post('/skills/register', outside)).body.data as { skill_id: string };
    const moved = { ...outside, endpoints: outside.endpoints.slice(1), space_id: space };
    expect((await owner.post('/skills/register', moved)).body).toMatchObject(refusal('space_endpoints', 4));
    const patched = await owner.patch(`/skills/${id}`, { space_id: space });
    expect([patched.status, patched.body]).toEqual([429, expect.objectContaining(refusal('space_endpoints', 4))]);
    expect(await used()).toMatchObject({ space_skills: 1, space_endpoints: 4 });
  });

  it('hold for open channels, and for asynchronous calls that are not finished', async () => {
    const server = await site.serveOne(BEHAVIOURS.hangs);
    const { skillId, capabilityId } = await site.register([{ url: server.url }], { space_id: space });
    const agents = await Promise.all([1, 2].map(async () => apiOf(site.app, (await site.app.client('agent')).token)));
    const open = (api: Api) => api.post('/channels/create', { skill_id: skillId, capability_id: capabilityId });
    const channels = await Promise.all([...agents, ...agents, ...agents].map(open));
    expect(channels.filter(({ status }) => status < 300)).toHaveLength(2);
    expect(channels.find(({ status }) => status === 429)?.body).toMatchObject(refusal('space_channels', 2));
    const call = (api: Api) => site.execute(skillId, {}, api).set('prefer', 'respond-async');
    const calls = await Promise.all([...agents, ...agents, ...agents].map(call));
    expect(calls.filter(({ status }) => status === 202)).toHaveLength(3);
    expect(calls.find(({ status }) => status === 429)?.body).toMatchObject(refusal('space_pending_executions', 3));
    expect(await used()).toMatchObject({ space_channels: 2, space_pending_executions: 3 });
  });
});

describe('quotas that are far', () => {
  let app: TestApp;
  beforeAll(async () => {
    const far = '10000000';
    app = await startTestApp({ env: { QUOTA_SPACE_ENDPOINTS: far, QUOTA_SPACE_CAPABILITIES: far } });
  });
  afterAll(() => app.close());

  it('cost registrations no statement, in a Space or not, new or renewed, one or many', async () => {
    const api = apiOf(app);
    const skill = skillBody({ space_id: 'wide' });
    await api.post('/skills/register', skill).expect(200);
    const counts = jest.spyOn(app.app.get(QuotaCounts, { strict: false }), 'count');
    const others = Array.from({ length: 100 }, (_, at) => skillBody({ space_id: at % 2 === 0 ? 'wide' : undefined }));
    await api.post('/skills/register', { ...skill, endpoints: [{ url: 'http://127.0.0.1:9/other' }] }).expect(200);
    await api.post('/skills/register', { ...skill, space_id: undefined }).expect(200);
    await api.post('/skills/batch', { skills: others }).expect(200);
    await api.post('/skills/batch', { skills: others }).expect(200);
    expect(counts).not.toHaveBeenCalled();
  });
});
