import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/free-port.js';
import { skillBody } from '../support/skill.factory.js';
import { ADMIN_SECRET, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { apiOf } from './api.js';
import {
  close,
  closeAll,
  create,
  find,
  has,
  hasNot,
  health,
  namesOf,
  type Registered,
  start,
  warnings,
} from './registries.js';

describe('a member and its upstream registry', () => {
  let upstream: TestApp;
  let member: TestApp;
  let own: Registered;
  let owner: string;
  let registeredAt: number;
  let generations: (number | undefined)[];
  beforeAll(async () => {
    upstream = await start('upstream');
    const client = await upstream.client('publisher');
    owner = client.clientId;
    member = await start('member', upstream.url, {
      AI_BRIDGE_CLIENT_ID: client.clientId,
      AI_BRIDGE_CLIENT_SECRET: client.secret,
      APP_PUBLIC_URL: 'http://member.example.com/',
      AI_BRIDGE_MIRROR_SPACES: 'public, other',
    });
    own = await create(member, { name: 'own' });
    await until(has(upstream, 'own'));
    registeredAt = performance.now();
    generations = [await find(upstream, 'member'), await find(upstream, 'own')].map((skill) => skill?.generation);
  });
  afterAll(closeAll);

  it('is discovered there, and so is its Skill, with all its parts', async () => {
    const registry = 'http://member.example.com';
    const { body } = await apiOf(upstream).get(`/skills/discover?metadata.ooder.registry=${registry}`).expect(200);
    const found = body.data.skills as Registered[];
    expect(found.map(({ name }) => name).sort()).toEqual(['member', 'own']);
    for (const skill of found) expect(skill).toMatchObject({ owner, metadata: { 'ooder.registry': registry } });
    expect(found.find(({ name }) => name === 'member')).toMatchObject({
      version: '0.6.0',
      endpoints: [{ url: registry }],
    });
    const { body: here } = await apiOf(member).get(`/skills/${own.id}`).expect(200);
    expect(found.find(({ name }) => name === 'own')).toMatchObject({
      id: own.id,
      description: here.description,
      endpoints: [{ url: here.endpoints[0].url, weight: 1 }],
      capabilities: [{ name: 'forecast', category: 'weather', parameters: here.capabilities[0].parameters }],
      metadata: { region: 'eu' },
    });
    expect(await health(member)).toMatchObject({ status: 'healthy', checks: { upstream: { status: 'up' } } });
    const { text } = await member.http.get('/metrics').expect(200);
    expect(text).toContain('registry_upstream_up 1');
    expect(text).toContain('registry_upstream_skills 1');
  });

  it('passes on what its owner says of it, as it is written', async () => {
    const input_schema = { type: 'object', properties: { amount: { type: 'number', enum: [1, 2] } } };
    await create(member, {
      name: 'described',
      tags: ['b', 'a'],
      deprecated: { message: 'old' },
      capabilities: [
        { name: 'convert', capability_id: 'convert-1', input_schema, examples: ['how much is it', 'in euros'] },
        { name: 'plain', parameters: { unit: { type: 'string', required: true, enum: ['m', 'km'] } } },
      ],
    });
    await until(has(upstream, 'described'));
    expect(await find(upstream, 'described')).toMatchObject({
      tags: ['b', 'a'],
      deprecated: { message: 'old' },
      capabilities: [
        { capability_id: 'convert-1', input_schema, examples: ['how much is it', 'in euros'] },
        { parameters: { unit: { enum: ['m', 'km'] } } },
      ],
    });
  });

  it('passes on what becomes of a Skill: its endpoints, and its end', async () => {
    const skill = await create(member, { name: 'changing' });
    await until(has(upstream, 'changing'));
    const endpoints = [{ url: 'https://elsewhere.example.com', weight: 7 }];
    await apiOf(member).patch(`/skills/${skill.id}`, { endpoints }).expect(200);
    await until(async () => (await find(upstream, 'changing'))?.endpoints[0]?.url === endpoints[0]?.url);
    expect((await find(upstream, 'changing'))?.endpoints).toEqual([expect.objectContaining(endpoints[0])]);
    await apiOf(member).post(`/skills/${skill.id}/unregister`).expect(200);
    await until(hasNot(upstream, 'changing'));
  });

  it('keeps Skills of a Space to itself, unless the settings name it', async () => {
    const inside = await create(member, { name: 'inside', space_id: 'private' });
    await create(member, { name: 'shown', space_id: 'public' });
    const moved = await create(member, { name: 'moving' });
    await until(async () => (await has(upstream, 'shown')()) && (await has(upstream, 'moving')()));
    await apiOf(member).patch(`/skills/${moved.id}`, { space_id: 'private' }).expect(200);
    await until(hasNot(upstream, 'moving'));
    expect(await find(upstream, 'inside')).toBeUndefined();
    // Nor does its Space go with one that is shown.
    expect(JSON.stringify(await find(upstream, 'shown'))).not.toContain('public');
    await apiOf(member).patch(`/skills/${inside.id}`, { space_id: null }).expect(200);
    await until(has(upstream, 'inside'));
  });

  it('passes on that a Skill is not to be used', async () => {
    const skill = await create(member, { name: 'resting' });
    await until(has(upstream, 'resting'));
    await apiOf(member).put(`/skills/${skill.id}/status`, { status: 'maintenance' }).expect(200);
    await until(hasNot(upstream, 'resting'));
    await apiOf(member).put(`/skills/${skill.id}/status`, { status: 'active' }).expect(200);
    await until(has(upstream, 'resting'));
    await apiOf(member).delete(`/skills/${skill.id}`).expect(204);
    await until(hasNot(upstream, 'resting'));
  });

  it('passes on that a Skill fell silent', async () => {
    const { body: registered } = await apiOf(member)
      .post('/skills/register', skillBody({ name: 'silent' }))
      .expect(200);
    const discovered = async (): Promise<boolean> => {
      const { body } = await apiOf(upstream).get('/skills/discover?name=silent').expect(200);
      return body.data.total === 1;
    };
    await until(async () => {
      await apiOf(member).post(`/skills/${registered.data.skill_id}/heartbeat`).expect(200);
      return discovered();
    });
    await until(async () => !(await discovered()));
    expect(await has(upstream, 'silent')()).toBe(true);
  });

  it('is kept alive by heartbeats, without registering again', async () => {
    // Longer than a lease.
    await delay(Math.max(0, registeredAt + 4_000 - performance.now()));
    const { body } = await apiOf(upstream).get('/skills/discover').expect(200);
    expect((body.data.skills as Registered[]).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['member', 'own']),
    );
    expect([await find(upstream, 'member'), await find(upstream, 'own')].map((skill) => skill?.generation)).toEqual(
      generations,
    );
  });

  it('registers again what is forgotten upstream', async () => {
    for (const name of ['member', 'own']) {
      const skill = await find(upstream, name);
      await apiOf(upstream).delete(`/skills/${skill?.id}`).expect(204);
    }
    await until(has(upstream, 'member'));
    await until(has(upstream, 'own'));
    // That one is slow for a moment is no fault.
    expect(warnings(member).filter((warning) => !warning.includes('no answer within'))).toEqual([]);
  });

  it('is unregistered there when it stops, with its Skills', async () => {
    await close(member);
    expect(await namesOf(upstream)).toEqual([]);
  });
});

describe('a member whose upstream registry does not take it', () => {
  afterEach(closeAll);

  it('is healthy all the same, warns once, and registers when it comes', async () => {
    const port = await freePort();
    const member = await start('member', `http://127.0.0.1:${port}`);
    const reason = 'the upstream registry does not answer';
    await until(async () => JSON.stringify((await health(member)).checks.upstream).includes(reason));
    await delay(700);
    expect(await health(member)).toMatchObject({
      status: 'healthy',
      checks: { upstream: { status: 'degraded', reason } },
    });
    await member.http.get('/readyz').expect(200);
    expect(warnings(member)).toEqual([expect.stringMatching(/unavailable: .*ECONNREFUSED/)]);
    expect(member.logs.join('\n')).not.toContain(ADMIN_SECRET);
    const upstream = await start('upstream', undefined, { APP_PORT: String(port) });
    await until(has(upstream, 'member'), 20_000);
    await until(async () => JSON.stringify((await health(member)).checks.upstream) === '{"status":"up"}');
    // Applications of one process share the log of the last one.
    const ends = (): string[] => upstream.logs.filter((line) => line.includes('is available again after'));
    await until(() => ends().length > 0);
    await delay(700);
    expect(ends()).toHaveLength(1);
  });

  it('says that its name is taken there', async () => {
    const upstream = await start('upstream');
    await create(upstream, { name: 'popular', version: '0.6.0' });
    const client = await upstream.client('publisher');
    const member = await start('popular', upstream.url, {
      AI_BRIDGE_CLIENT_ID: client.clientId,
      AI_BRIDGE_CLIENT_SECRET: client.secret,
    });
    const reason = 'the upstream registry knows another service by this name';
    await until(async () => JSON.stringify((await health(member)).checks.upstream).includes(reason));
    await delay(700);
    expect((await health(member)).status).toBe('healthy');
    expect(warnings(member)).toEqual([expect.stringContaining('APP_NAME')]);
  });

  it('shows nothing of an upstream registry when there is none', async () => {
    const app = await start('alone');
    expect((await health(app)).checks).not.toHaveProperty('upstream');
    expect((await app.http.get('/metrics')).text).not.toContain('registry_upstream_up');
  });
});
