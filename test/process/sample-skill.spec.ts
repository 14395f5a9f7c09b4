import { UnsecuredJWT } from 'jose';
import { freePort } from '../support/free-port.js';
import {
  endServices,
  newFolderWithDatabase,
  type ServiceProcess,
  spawnService,
  startService,
} from '../support/service-process.js';
import { SwaggerUi } from '../support/swagger-ui.js';
import { operationsOf } from '../e2e/openapi.model.js';
import { findPython, TemplateSkill } from '../support/template-skill.js';
import { until } from '../support/until.js';
import { adminToken, call } from '../support/service-api.js';

interface Discovered {
  data: { skills: { skill_id: string; endpoints: { url: string }[] }[] };
}

describe('npm run sample-skill', () => {
  // The Skill needs no more than the folder of the registry.
  const cwd = newFolderWithDatabase();
  let registry: ServiceProcess;
  let token: string;
  let port: number;

  afterAll(async () => {
    // The Skills share its folder, and so do the processes that are waited for.
    await registry.stop();
    TemplateSkill.endAll();
    await endServices();
  });

  function spawnSkill(env: Record<string, string> = {}): ServiceProcess {
    return spawnService({
      cwd,
      program: '../../sample-skill/src/main.js',
      env: { SKILL_REGISTRY_URL: `http://127.0.0.1:${port}/api/v1`, SAMPLE_SKILL_PORT: '0', ...env },
    });
  }

  const untilReady = (skill: ServiceProcess): Promise<void> =>
    until(
      () => skill.output.includes('ready'),
      15_000,
      () => skill.output,
    );

  async function discovered(): Promise<Discovered['data']['skills']> {
    const url = `${registry.url}/api/v1/skills/discover?capability=weather.forecast`;
    return (await call<Discovered>(url, { token })).body.data.skills;
  }

  it('waits for the registry, registers, is found, and unregisters when it is stopped', async () => {
    port = await freePort();
    const skill = spawnSkill();
    await until(() => skill.output.includes('out of reach'));
    registry = await startService({ cwd, env: { APP_PORT: String(port), AI_BRIDGE_HEARTBEAT_INTERVAL: '1' } });
    token = await adminToken(registry.url, registry.adminSecret);
    await untilReady(skill);
    const [found, ...others] = await discovered();
    const [, url = ''] = /registered weather 1\.0\.0 at (\S+) as/.exec(skill.output) ?? [];
    expect([found?.endpoints[0]?.url, others]).toEqual([url, []]);
    expect((await call(`${url}/health`)).body).toMatchObject({ status: 'healthy', version: '1.0.0' });
    await expect(skill.stop()).resolves.toEqual({ code: 0, signal: null });
    expect(skill.output).toContain('unregistered weather 1.0.0');
    expect(await discovered()).toEqual([]);
  });

  it('makes every example of Swagger UI succeed, in the order of the document', async () => {
    const skill = spawnSkill();
    await untilReady(skill);
    const wrong = { clientId: 'admin', clientSecret: 'of somebody else' };
    await expect(SwaggerUi.open(registry.url, wrong)).rejects.toThrow(/invalid_client, description: .*secret is wrong/);
    const ui = await SwaggerUi.open(registry.url, { clientId: 'admin', clientSecret: registry.adminSecret });
    const failed: unknown[] = [];
    const found = new Map<string, unknown>();
    for (const route of operationsOf(ui.document)) {
      const { status, body } = await ui.execute(route);
      if (status < 200 || status > 299) failed.push([route.id, status, body]);
      found.set(route.id, body);
    }
    expect(failed).toEqual([]);
    const some = expect.arrayContaining([expect.anything()]) as unknown;
    expect(found.get('registerSkills')).toMatchObject({
      data: { results: [{ status: 'created' }, { status: 'created' }] },
    });
    expect(found.get('heartbeats')).toMatchObject({ data: { results: [{ status: 'ok' }, { status: 'ok' }] } });
    const completed = { status: 'completed', result: { city: 'Berlin' } };
    expect(found.get('executeCommand')).toMatchObject({ data: completed });
    expect(found.get('executeCommands')).toMatchObject({
      data: { results: [{ execution: completed }, { execution: { status: 'pending' } }] },
    });
    expect(found.get('checkSkill')).toMatchObject({ data: { endpoints: [{ result: 'healthy' }] } });
    expect(found.get('listExecutions')).toMatchObject({ data: { executions: some } });
    expect(found.get('discoverSkills')).toMatchObject({ data: { skills: [{ skill_id: 'weather' }] } });
    expect(found.get('listSkills')).toMatchObject([{ skill_id: 'weather' }]);
    expect(found.get('listCapabilities')).toMatchObject({ data: { capabilities: some } });
    expect(found.get('listAuditEntries')).toMatchObject({ data: { entries: some } });
    await skill.stop();
  });

  it.each([
    ['first-skill.mjs', () => process.execPath],
    ['first_skill.py', findPython],
  ])('is not the only Skill: docs/examples/%s does all that a Skill must do', async (file, findProgram) => {
    const program = findProgram();
    if (program === undefined) return;
    const api = `${registry.url}/api/v1`;
    const client = { client_id: `team-${file.slice(-2)}`, name: 'Greeters', role: 'publisher' };
    const created = await call<{ client_secret: string }>(`${api}/auth/clients`, { token, body: client });
    const env = {
      SKILL_REGISTRY_URL: api,
      SKILL_REGISTRY_CLIENT_ID: client.client_id,
      SKILL_REGISTRY_CLIENT_SECRET: created.body.client_secret,
    };
    const skill = new TemplateSkill(program, file, env);
    const { skill_id, url } = await skill.registered();
    expect((await call(`${url}/health`)).body).toEqual({ status: 'healthy' });

    // Its heartbeat is answered 404.
    await call(`${api}/skills/${skill_id}`, { token, method: 'DELETE' });
    await skill.registered(2);

    const channel = await call<{ data: { channel_id: string } }>(`${api}/channels/create`, {
      token,
      body: { skill_id, capability_id: 'greet' },
    });
    const { channel_id } = channel.body.data;
    for (const greetings of [1, 2]) {
      const body = { channel_id, parameters: { name: 'Zoë' } };
      const result = { text: 'Hello Zoë', caller: 'admin', greetings };
      const { body: executed } = await call(`${api}/commands/execute`, { token, body });
      expect([executed, skill.output]).toMatchObject([{ data: { status: 'completed', result } }, expect.any(String)]);
    }
    const forged = new UnsecuredJWT({ sub: 'admin', aud: `skill:${skill_id}`, exp: Date.now() }).encode();
    const command = { command_id: 'a', capability: 'greet', parameters: { name: 'Eve' } };
    const forgeries: Record<string, string>[] = [{}, { 'x-ooder-caller': forged, authorization: 'Bearer forged' }];
    for (const headers of forgeries) {
      const answer = await call(`${url}/api/v1/commands/execute`, { headers, body: command });
      expect([answer.status, answer.body.code]).toEqual([401, 1002]);
    }

    // Its heartbeat is answered 409.
    const successor = new TemplateSkill(program, file, { ...env, SKILL_URL: url });
    await successor.registered();
    expect([await skill.ended, skill.output]).toEqual([1, expect.stringContaining('has replaced this one')]);
    expect(await successor.stop()).toBe(0);
    expect(successor.output).toMatch(/drain: done\nunregister: done\n$/);
    expect((await call(`${api}/skills/${skill_id}`, { token })).status).toBe(404);
  });

  it('says what is wrong', async () => {
    const refused = spawnSkill({ SKILL_REGISTRY_API_KEY: 'osk_of_nobody' });
    const badPort = spawnSkill({ SAMPLE_SKILL_PORT: 'x' });
    const taken = spawnSkill({ SAMPLE_SKILL_PORT: String(port) });
    await expect(refused.ended).resolves.toMatchObject({ code: 1 });
    expect(refused.output).toMatch(/^the registry answers 401: .*\n$/);
    await expect(badPort.ended).resolves.toMatchObject({ code: 1 });
    expect(badPort.output).toBe('SAMPLE_SKILL_PORT must be a port\n');
    await expect(taken.ended).resolves.toMatchObject({ code: 1 });
    expect(taken.output).toContain('set SAMPLE_SKILL_PORT');
  });
});
