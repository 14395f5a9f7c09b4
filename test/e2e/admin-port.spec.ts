import { createServer } from 'node:net';
import { AdminPort } from '../../apps/skill-service/src/admin-port.js';
import { BEHAVIOURS } from '../support/skill-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { apiOf } from './api.js';
import { CallSite } from './calls.js';

const PROBES = ['/livez', '/readyz', '/health'];
const DOCUMENTS = ['/metrics', '/docs', '/docs/swagger-ui-init.js', '/openapi.json', '/openapi.yaml'];
/** The same, spelled in other ways that the router takes. */
const OTHER_SPELLINGS = ['/metrics/', '/%6detrics', '/metrics?x=1', '/docs/', '/openapi.json/'];
const API = ['/api/v1/skills', '/api/v1/auth/me', '/.well-known/jwks.json', '/nowhere'];

describe('a port for operators', () => {
  let app: TestApp;
  let admin: string;
  beforeAll(async () => {
    app = await startTestApp({ env: { ADMIN_PORT: '0', METRICS_SKILL_NAMES: 'all' } });
    admin = app.app.get(AdminPort).url ?? '';
  });
  afterAll(() => app.close());

  const statusOf = async (url: string, init: RequestInit = {}) => (await fetch(url, init)).status;
  const token = () => ({ headers: { authorization: `Bearer ${app.admin}` } });

  it('has the documents, which the main port then has not', async () => {
    expect(admin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    for (const path of [...DOCUMENTS, ...OTHER_SPELLINGS]) {
      expect([path, await statusOf(`${admin}${path}`)]).toEqual([path, 200]);
      for (const method of ['GET', 'HEAD', 'POST']) {
        expect([path, await statusOf(`${app.url}${path}`, { method, ...token() })]).toEqual([path, 404]);
      }
      const { headers, body } = await app.http.get(path);
      expect([headers['x-frame-options'], (body as { code: number }).code]).toEqual(['DENY', 1010]);
    }
  });

  it('has the probes, as the main port has', async () => {
    for (const url of [app.url, admin])
      for (const path of PROBES) expect([path, await statusOf(`${url}${path}`)]).toEqual([path, 200]);
  });

  it('has nothing else, with a token or without', async () => {
    for (const path of API) {
      for (const init of [{}, token(), { method: 'POST', ...token() }]) {
        expect([path, await statusOf(`${admin}${path}`, init)]).toEqual([path, 404]);
      }
    }
    expect(await statusOf(`${app.url}/api/v1/skills`, token())).toBe(200);
  });

  it('logs, measures and protects as the main port does', async () => {
    const answer = await fetch(`${admin}/metrics`, { headers: { 'user-agent': 'scraper' } });
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await answer.text()).toMatch(/route="\/metrics",status="200"/);
    await fetch(`${admin}/nowhere`, { headers: { 'user-agent': 'lost-scraper' } });
    expect(app.logs.some((line) => line.includes('lost-scraper'))).toBe(true);
  });

  it('ends a start that cannot have it, and says which setting is to change', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const start = startTestApp({ database: app.database, env: { ADMIN_PORT: String(port) } });
    await expect(start).rejects.toThrow(/^Port \d+ on 127\.0\.0\.1 is in use\..*ADMIN_PORT/);
    taken.close();
    await expect(
      startTestApp({ database: app.database, env: { ADMIN_PORT: '8000', APP_PORT: '8000' } }),
    ).rejects.toThrow('ADMIN_PORT must be another port than APP_PORT');
  });
});

describe('documents for callers with a token', () => {
  let site: CallSite;
  beforeAll(async () => {
    site = await CallSite.start({ ADMIN_TOKEN_REQUIRED: 'true' });
  }, 300_000);
  afterAll(async () => {
    await site.stopSkills();
    await site.app.close();
  });

  const statusOf = async (path: string, headers: Record<string, string> = {}) =>
    (await fetch(`${site.app.url}${path}`, { headers })).status;
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  it('are for operators only, those of Spaces excepted', async () => {
    const [operator, viewer] = [await site.app.client('operator'), await site.app.client('viewer')];
    const ofSpace = await site.app.client('operator', 'building-7');
    for (const path of [...DOCUMENTS, ...OTHER_SPELLINGS]) {
      expect([path, await statusOf(path)]).toEqual([path, 401]);
      expect([path, await statusOf(path, bearer('not.a.token'))]).toEqual([path, 401]);
      for (const { token } of [viewer, ofSpace])
        expect([path, await statusOf(path, bearer(token))]).toEqual([path, 403]);
      for (const token of [operator.token, site.app.admin])
        expect([path, await statusOf(path, bearer(token))]).toEqual([path, 200]);
    }
    for (const path of PROBES) expect([path, await statusOf(path)]).toEqual([path, 200]);
  });

  it('are scraped with a key that can do nothing else, as a bearer token or as X-API-Key', async () => {
    const { clientId } = await site.app.client('operator');
    const created = await apiOf(site.app).post(`/auth/clients/${clientId}/api-keys`, {
      name: 'p',
      scopes: ['audit:read'],
    });
    const key = created.body.api_key as string;
    for (const headers of [bearer(key), { 'x-api-key': key }]) {
      expect(await statusOf('/metrics', headers)).toBe(200);
      expect(await statusOf('/api/v1/skills', headers)).toBe(403);
    }
    expect(await statusOf('/metrics', bearer(`${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`))).toBe(401);
  });

  it('tell no name of a Skill that lives in a Space', async () => {
    const [skill] = await site.serve(BEHAVIOURS.echo);
    const endpoints = [{ url: skill?.url ?? '' }];
    const capabilities = [{ name: 'private-capability', version: '1.0.0' }];
    const hidden = await site.register(endpoints, { name: 'private-skill', space_id: 'building-7', capabilities });
    const open = await site.register(endpoints, { name: 'open-skill' });
    await site.execute(hidden.skillId, { capability_id: 'private-capability', parameters: {} }).expect(200);
    await site.execute(open.skillId).expect(200);
    const metrics = await (await fetch(`${site.app.url}/metrics`, { headers: bearer(site.app.admin) })).text();
    expect(metrics).not.toMatch(/private-|building-7/);
    for (const { skillId, capabilityId } of [hidden, open]) {
      expect(metrics).not.toContain(skillId);
      expect(metrics).not.toContain(capabilityId);
    }
    expect(metrics).toContain('command_skill_executions_total{skill="open-skill",status="completed"} 1');
    expect(metrics).toContain('command_skill_executions_total{skill="in a Space",status="completed"} 1');
  });
});
