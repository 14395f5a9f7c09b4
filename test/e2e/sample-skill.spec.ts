import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { type SampleSkill, type SampleSkillOptions, startSampleSkill } from '../../apps/sample-skill/src/index.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('the sample Skill at this registry', () => {
  let site: TestApp;
  let token: string;
  let running: SampleSkill[] = [];

  beforeAll(async () => {
    site = await startTestApp({ env: { AI_BRIDGE_HEARTBEAT_INTERVAL: '1' } });
    token = (await site.client('publisher')).token;
  });

  afterEach(async () => {
    for (const skill of running) await skill.kill();
    for (const { skillId } of running) {
      await site.http.delete(`/api/v1/skills/${skillId}`).auth(site.admin, { type: 'bearer' });
    }
    running = [];
  });

  afterAll(async () => {
    await site.close();
  });

  async function start(options: Partial<SampleSkillOptions> = {}): Promise<SampleSkill> {
    const skill = await startSampleSkill({ registryUrl: `${site.url}/api/v1`, token, port: 0, drainMs: 0, ...options });
    running.push(skill);
    return skill;
  }

  async function discovered(): Promise<{ skill_id: string; endpoints: { url: string }[] }[]> {
    const { body } = await site.http
      .get('/api/v1/skills/discover?capability=weather.current')
      .auth(site.admin, { type: 'bearer' })
      .expect(200);
    return (body as { data: { skills: { skill_id: string; endpoints: { url: string }[] }[] } }).data.skills;
  }

  it('is found by what it can do, beats and reports, and is gone when it stops', async () => {
    const skill = await start();
    expect(await discovered()).toMatchObject([{ skill_id: skill.skillId, endpoints: [{ url: skill.url }] }]);
    expect([...skill.capabilityIds.keys()].toSorted()).toEqual(['weather.current', 'weather.forecast']);
    const capability_id = skill.capabilityIds.get('weather.current');
    const answer = await fetch(`${skill.url}/api/v1/commands/execute`, {
      method: 'POST',
      body: JSON.stringify({ command_id: 'c', capability_id, parameters: { city: 'Cairo' } }),
    });
    expect(await answer.json()).toMatchObject({ data: { status: 'completed', result: { city: 'Cairo' } } });
    const statusOf = () => site.http.get(`/api/v1/skills/${skill.skillId}/status`).auth(site.admin, { type: 'bearer' });
    await until(async () => (await statusOf()).body.data.request_count === 1);
    expect((await statusOf()).body.data.health).toBe('healthy');
    await skill.stop();
    await expect(skill.ended).resolves.toBe(true);
    expect(await discovered()).toEqual([]);
    await expect(fetch(`${skill.url}/health`)).rejects.toThrow('fetch failed');
  });

  it('serves the registry, and nobody who forges its signature', async () => {
    const skill = await start();
    const execute = { skill_id: skill.skillId, capability: 'weather.current', parameters: { city: 'Cairo' } };
    await site.http.post('/api/v1/commands/execute').auth(site.admin, { type: 'bearer' }).send(execute).expect(200);
    expect(skill.executions).toBe(1);
    const { body } = await site.http.get('/.well-known/jwks.json').expect(200);
    const { kid, alg } = (body as { keys: { kid: string; alg: string }[] }).keys[0] ?? { kid: '', alg: '' };
    const own = readFileSync(join(site.dataDir, 'caller-key'), 'utf8');
    const genuine = createPrivateKey({ key: Buffer.from(own, 'base64'), format: 'der', type: 'pkcs8' });
    const { privateKey: other } = generateKeyPairSync('ed25519');
    const sign = (key: KeyObject, claims: object, header = { kid, alg }) =>
      new SignJWT({ sub: 'me', aud: `skill:${skill.skillId}`, ...claims })
        .setProtectedHeader(header)
        .setExpirationTime('1m')
        .sign(key);
    const statusWith = async (caller: string) => {
      const command = JSON.stringify({ command_id: caller, ...execute });
      const init = { method: 'POST', body: command, headers: { 'x-ooder-caller': caller } };
      return (await fetch(`${skill.url}/api/v1/commands/execute`, init)).status;
    };
    expect(await statusWith(await sign(genuine, {}))).toBe(200);
    const forged = [
      await sign(other, {}),
      await sign(other, {}, { kid: 'another', alg }),
      await sign(genuine, { aud: 'skill:another' }),
      (await sign(genuine, {})).slice(0, -9),
      'not a token',
    ];
    for (const caller of forged) expect([caller, await statusWith(caller)]).toEqual([caller, 401]);
    expect(skill.executions).toBe(2);
  });

  it('registers again where it was forgotten', async () => {
    const skill = await start();
    const before = skill.skillId;
    await site.http.delete(`/api/v1/skills/${before}`).auth(site.admin, { type: 'bearer' }).expect(204);
    await until(async () => (await discovered()).length === 1);
    const [found] = await discovered();
    await until(() => skill.skillId === found?.skill_id);
    expect(skill.skillId).not.toBe(before);
  });

  it('ends when another process has registered in its place', async () => {
    const skill = await start();
    const successor = await start({ publicUrl: skill.url });
    await expect(skill.ended).resolves.toBe(false);
    expect(successor.skillId).toBe(skill.skillId);
  });

  it('leaves the others of its kind registered, and unregisters as the last', async () => {
    const [first, second] = [await start(), await start()];
    expect(second.skillId).toBe(first.skillId);
    await first.stop();
    const [found, ...others] = await discovered();
    expect([found?.endpoints.map(({ url }) => url), others]).toEqual([[second.url], []]);
    await second.stop();
    await site.http.get(`/api/v1/skills/${second.skillId}`).auth(site.admin, { type: 'bearer' }).expect(404);
  });

  it('says why it cannot start, and leaves nothing behind', async () => {
    await expect(start({ token: 'of nobody' })).rejects.toThrow('401');
    const viewer = (await site.client('viewer')).token;
    await expect(start({ token: viewer })).rejects.toThrow('403');
  });
});
