import pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { LeaderElection } from '#database';
import { SkillHistoryUpkeep } from '../../libs/skills/src/writing/skill-history-upkeep.js';
import { skillBody } from '../support/skill.factory.js';
import { BEHAVIOURS } from '../support/skill-server.js';
import { type Api, apiOf } from './api.js';
import { CallSite, commandId } from './calls.js';
import { refusal, type Usage } from './quota-answers.js';

const LIMITS = { skills: 5, endpoints: 8, capabilities: 7, channels: 3, pending_executions: 4 };

const usedBy = async (api: Api): Promise<Record<string, number>> => {
  const { quotas } = (await api.get('/auth/me').expect(200)).body as { quotas: Usage };
  for (const [name, limit] of Object.entries(LIMITS)) expect(quotas[name]?.limit).toBe(limit);
  return Object.fromEntries(Object.entries(quotas).map(([name, { used }]) => [name, used]));
};

describe('quotas', () => {
  let site: CallSite;
  let owner: Api;
  let number = 0;
  const url = () => `http://127.0.0.1:9/${(number += 1)}`;
  const body = (overrides: Parameters<typeof skillBody>[0] = {}) =>
    skillBody({ endpoints: [{ url: url() }], ...overrides });

  beforeAll(async () => {
    site = await CallSite.start({
      QUOTA_SKILLS: '5',
      QUOTA_ENDPOINTS: '8',
      QUOTA_CAPABILITIES: '7',
      QUOTA_CHANNELS: '3',
      QUOTA_PENDING_EXECUTIONS: '4',
      QUOTA_EVENTS: '10',
      QUOTA_SPACE_SKILLS: '2',
      COMMAND_QUEUE_POLL: '100',
    });
  });
  afterAll(() => site.app.close());
  beforeEach(async () => {
    owner = apiOf(site.app, (await site.app.client('publisher')).token);
  });
  afterEach(() => site.stopSkills());

  it('hold under 50 registrations at the same time, in every way in which a Skill can come', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        at % 3 === 0
          ? owner.post('/skills/', body())
          : at % 3 === 1
            ? owner.post('/skills/register', body())
            : owner.post('/skills/batch', { skills: [body()] }),
      ),
    );
    const items = answers.map(({ status, body: answer }) => {
      const [item] = (answer.data?.results ?? answer.results ?? []) as { status: string; code?: number }[];
      return item ? (item.code ?? 200) : status === 429 ? (answer.code as number) : status < 300 ? 200 : status;
    });
    expect(items.filter((code) => code === 200)).toHaveLength(5);
    expect(items.filter((code) => code === 1009)).toHaveLength(45);
    expect(await usedBy(owner)).toMatchObject({ skills: 5, endpoints: 5 });
    const refused = await owner.post('/skills/register', body()).expect(429);
    expect(refused.body).toMatchObject(refusal('skills', 5));
    expect(refused.headers['retry-after']).toBeUndefined();
    expect((await site.app.http.get('/metrics')).text).toMatch(/quota_refusals_total\{quota="skills"\} 46/);
  });

  it('refuse the items of a batch that are too many, and renew what is there', async () => {
    const [one, two] = [body(), body()];
    const batch = async (skills: object[]) => {
      const { body: answer } = await owner.post('/skills/batch', { skills }).expect(200);
      return (answer.data.results as { status: string; code?: number }[]).map(({ status, code }) => code ?? status);
    };
    expect(await batch([one, two, body(), body()])).toEqual(['created', 'created', 'created', 'created']);
    // The same twice is one; what is there adds nothing, also beyond the quota.
    const last = body();
    // Another client's name is refused, and takes no room from those that follow.
    const foreign = body({ name: (await site.register([{ url: url() }])).name, version: '2.0.0' });
    expect(await batch([foreign, last, one, body(), last, two, body()])).toEqual([
      1006,
      'created',
      'updated',
      1009,
      'updated',
      'updated',
      1009,
    ]);
    expect((await owner.post('/skills/register', one)).status).toBe(200);
    const { skill_id: id } = (await owner.post('/skills/register', two)).body.data as { skill_id: string };
    // A new endpoint is more; there is room for three.
    for (const status of [200, 200, 200, 429]) {
      const more = { ...one, endpoints: [{ url: url() }] };
      expect((await owner.post('/skills/register', more)).status).toBe(status);
    }
    const wide = { ...two, endpoints: [{ url: url() }, { url: url() }] };
    const replaced = await owner.put(`/skills/${id}`, wide);
    expect([replaced.status, replaced.body]).toEqual([429, expect.objectContaining(refusal('endpoints', 8))]);
    expect((await owner.put(`/skills/${id}`, { ...two, endpoints: [{ url: url() }] })).status).toBe(200);
    // What is gone is free at once.
    await owner.delete(`/skills/${id}`).expect(204);
    expect((await owner.post('/skills/register', body())).status).toBe(200);
    expect(await usedBy(owner)).toMatchObject({ skills: 5, endpoints: 8 });
  });

  it('renew what is there while something else of the client is being added', async () => {
    const { clientId, token } = await site.app.client('publisher');
    const api = apiOf(site.app, token);
    const [there, more] = [body(), body()];
    const { skill_id: id } = (await api.post('/skills/register', there).expect(200)).body.data as { skill_id: string };
    const session = new pg.Client(site.app.database.url);
    await session.connect();
    await session.query('SELECT pg_advisory_lock(hashtextextended($1, 8206))', [`client:${clientId}`]);
    const added = api.post('/skills/register', more).then(({ status }) => status);
    await api.post('/skills/register', there).expect(200);
    await api.post('/skills/batch', { skills: [there, there] }).expect(200);
    await api.put(`/skills/${id}`, { ...there, description: 'another' }).expect(200);
    await expect(Promise.race([added, Promise.resolve('waits')])).resolves.toBe('waits');
    await session.end();
    await expect(added).resolves.toBe(200);
  });

  it('count once what a batch names twice, and not at all what was refused', async () => {
    const one = body();
    const wide = body({ endpoints: Array.from({ length: 9 }, () => ({ url: url() })) });
    const skills = [...Array.from({ length: 5 }, () => body()), one, one, wide, wide];
    const { body: answer } = await owner.post('/skills/batch', { skills }).expect(200);
    const codes = (answer.data.results as { status: string; code?: number }[]).map(
      ({ status, code }) => code ?? status,
    );
    expect(codes).toEqual([...Array<string>(5).fill('created'), 1009, 1009, 1009, 1009]);
    expect(await usedBy(owner)).toMatchObject({ skills: 5, endpoints: 5 });
  });

  it('count capabilities, and the Skills of a Space of all clients', async () => {
    const capabilities = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => ({ name }));
    const refused = await owner.post('/skills/register', body({ capabilities })).expect(429);
    expect(refused.body).toMatchObject(refusal('capabilities', 0));
    expect((await owner.post('/skills/register', body({ capabilities: capabilities.slice(1) }))).status).toBe(200);
    const other = apiOf(site.app, (await site.app.client('publisher')).token);
    for (const [api, status] of [
      [owner, 429],
      [other, 200],
      [other, 200],
      [other, 429],
    ] as const) {
      const answer = await api.post('/skills/register', body({ space_id: 'space-of-two' }));
      expect(answer.status).toBe(status);
    }
  });

  it('hold for channels that are open', async () => {
    const skill = await site.register([{ url: url() }]);
    const agent = apiOf(site.app, (await site.app.client('agent')).token);
    const open = () => agent.post('/channels/create', { skill_id: skill.skillId, capability_id: skill.capabilityId });
    const answers = await Promise.all(Array.from({ length: 20 }, open));
    expect(answers.filter(({ status }) => status < 300)).toHaveLength(3);
    const opened = answers.find(({ status }) => status < 300);
    expect(answers.find(({ status }) => status === 429)?.body).toMatchObject(refusal('channels', 3));
    await agent.post(`/channels/${opened?.body.data.channel_id}/close`).expect(200);
    expect((await open()).status).toBeLessThan(300);
    expect(await usedBy(agent)).toMatchObject({ channels: 3 });
  });

  it('count unfinished asynchronous calls, and not finished ones', async () => {
    const server = await site.serveOne(BEHAVIOURS.hangs);
    const { skillId } = await site.register([{ url: server.url }]);
    const agent = apiOf(site.app, (await site.app.client('agent')).token);
    const names = Array.from({ length: 12 }, commandId);
    const call = (command_id: string, api = agent) =>
      site.execute(skillId, { command_id }, api).set('prefer', 'respond-async');
    const statuses = await Promise.all(names.map(async (name) => (await call(name)).status));
    expect(statuses.filter((status) => status === 202)).toHaveLength(4);
    expect(statuses.filter((status) => status === 429)).toHaveLength(8);
    // The same call again is no other.
    expect((await call(names[statuses.indexOf(202)] ?? '')).status).toBe(202);
    expect((await call(commandId())).body).toMatchObject(refusal('pending_executions', 4));
    const items = {
      commands: [
        {
          command_id: commandId(),
          skill_id: skillId,
          capability_id: 'forecast',
          parameters: { city: 'x' },
          callback_url: url(),
        },
      ],
    };
    const batch = await agent.post('/commands/batch', items).expect(200);
    expect(JSON.stringify(batch.body)).toContain('pending_executions of one client are limited to 4');
    // A call that failed in place is made anew, and is one more.
    const gone = await site.register([{ url: url() }]);
    const again = commandId();
    expect((await site.execute(gone.skillId, { command_id: again }, agent)).status).toBe(503);
    const anew = await site.execute(gone.skillId, { command_id: again }, agent).set('prefer', 'respond-async');
    expect([anew.status, anew.body]).toEqual([429, expect.objectContaining(refusal('pending_executions', 4))]);
    // Another client's calls of the same Skill, and calls in place, are none of these.
    const other = apiOf(site.app, (await site.app.client('agent')).token);
    expect((await call(commandId(), other)).status).toBe(202);
    expect(await usedBy(agent)).toMatchObject({ pending_executions: 4 });
  });

  it('keep the newest history of each owner, and refuse nothing because of it', async () => {
    const { clientId, token } = await site.app.client('publisher');
    const api = apiOf(site.app, token);
    const skill = body();
    const { skill_id: id } = (await api.post('/skills/register', skill)).body.data as { skill_id: string };
    const keeper = await owner.post('/skills/register', body());
    expect(keeper.status).toBe(200);
    for (let change = 0; change < 12; change += 1) {
      await api.put(`/skills/${id}`, { ...skill, description: `change ${change}` }).expect(200);
    }
    // Another client's change is history of the owner as well.
    await site.admin.delete(`/skills/${id}`).expect(204);
    const history = () =>
      site.app.database.query<{ event: string; actor: string }>(
        'SELECT event, actor FROM skill_events WHERE owner = $1 ORDER BY id',
        [clientId],
      );
    expect(await history()).toHaveLength(14);
    expect(await usedBy(api)).toMatchObject({ events: 14 });
    const upkeep = site.app.app.get(SkillHistoryUpkeep, { strict: false });
    while (!site.app.app.get(LeaderElection, { strict: false }).isLeader) await delay(20);
    await upkeep.runAnew();
    const left = await history();
    expect(left.map(({ event }) => event)).toEqual([...Array<string>(9).fill('updated'), 'unregistered']);
    expect(left.at(-1)?.actor).not.toBe(clientId);
    expect(await usedBy(api)).toMatchObject({ events: 10 });
    expect(await usedBy(owner)).toMatchObject({ events: 1 });
  });
});
