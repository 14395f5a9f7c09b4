import { Agent } from 'node:http';
import pg from 'pg';
import { endServices, type ServiceProcess, startService } from '../support/service-process.js';
import { until } from '../support/until.js';
import { skillBody } from '../support/skill.factory.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { adminToken, type Answer, call, createSkill } from '../support/service-api.js';

const ADMIN_SECRET = 'an-admin-secret-of-many-letters';

describe('a stop with a request in flight', () => {
  let database: TestDatabase;
  let holder: pg.Client | undefined;
  let service: ServiceProcess;
  let token: string;
  let inFlight: Promise<Answer>;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await endServices();
    await database.drop();
  });
  afterEach(async () => {
    await holder?.end();
    holder = undefined;
  });

  /** Starts the service, and a change of a Skill that waits for the lock that `holder` has on it. */
  async function startWithRequestInFlight(env: Record<string, string> = {}): Promise<void> {
    const common = { DATABASE_URL: database.url, SECURITY_ADMIN_CLIENT_SECRET: ADMIN_SECRET };
    service = await startService({ env: { ...common, ...env } });
    token = await adminToken(service.url, ADMIN_SECRET);
    const body = skillBody();
    const id = await createSkill(service.url, token, body);
    holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM skills WHERE id = $1 FOR UPDATE', [id]);
    const changed = { ...body, description: 'changed at the last moment' };
    inFlight = call(`${service.url}/api/v1/skills/${id}`, { method: 'PUT', token, body: changed });
    inFlight.catch(() => undefined);
    await until(async () => {
      const [row] = await database.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return row?.waiting === 1;
    });
  }

  it('lets it finish, takes no new work meanwhile, and ends with 0', async () => {
    await startWithRequestInFlight();
    const { url } = service;
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await call(`${url}/readyz`, { agent: kept })).toMatchObject({ status: 200 });
    service.kill('SIGTERM');
    await until(() => service.messages.includes('SIGTERM: stopping'));
    const probe = await call(`${url}/readyz`, { agent: kept });
    expect(probe).toMatchObject({ status: 503, body: { status: 'not_ready', reason: 'draining' } });
    expect(await call(`${url}/readyz`)).toMatchObject({ status: 503 });
    expect(await call(`${url}/livez`)).toMatchObject({ status: 200 });
    for (const agent of [kept, undefined]) {
      const refused = await call(`${url}/api/v1/skills/`, { token, agent });
      expect(refused).toMatchObject({ status: 503, headers: { connection: 'close' }, body: { code: 1008 } });
    }
    expect(service.isRunning).toBe(true);
    await holder?.query('ROLLBACK');
    const answer = await inFlight;
    expect(answer).toMatchObject({ status: 200, body: { description: 'changed at the last moment' } });
    expect(answer.headers.connection).toBe('close');
    await expect(service.ended).resolves.toEqual({ code: 0, signal: null });
    expect(service.messages.at(-1)).toBe('stopped');
    kept.destroy();
  });

  it('serves on for APP_DRAIN_DELAY, while /readyz says no and every answer ends its connection', async () => {
    await startWithRequestInFlight({ APP_DRAIN_DELAY: '3' });
    const { url } = service;
    service.kill('SIGTERM');
    const began = performance.now();
    await until(() => service.messages.includes('SIGTERM: stopping'));
    expect(await call(`${url}/readyz`)).toMatchObject({ status: 503, body: { reason: 'draining' } });
    const served = await call(`${url}/api/v1/skills/`, { token });
    expect(served).toMatchObject({ status: 200, headers: { connection: 'close' } });
    // Longer than the delay, and it is in flight all the time.
    await until(async () => (await call(`${url}/api/v1/skills/`, { token })).status === 503);
    expect(performance.now() - began).toBeGreaterThan(2_900);
    await holder?.query('ROLLBACK');
    expect(await inFlight).toMatchObject({ status: 200 });
    await expect(service.ended).resolves.toEqual({ code: 0, signal: null });
  });

  it('cuts it off after APP_SHUTDOWN_TIMEOUT', async () => {
    await startWithRequestInFlight({ APP_SHUTDOWN_TIMEOUT: '1' });
    const began = performance.now();
    service.kill('SIGTERM');
    await expect(inFlight).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect(performance.now() - began).toBeGreaterThan(950);
    expect(performance.now() - began).toBeLessThan(4_000);
    await expect(service.ended).resolves.toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(service.messages).toContain('requests still in flight are cut off');
  });

  it('ends at once on a second signal', async () => {
    await startWithRequestInFlight();
    service.kill('SIGTERM');
    await until(() => service.messages.includes('SIGTERM: stopping'));
    const began = performance.now();
    // What comes within half a second may be the echo of the first one.
    const again = setInterval(() => {
      service.kill('SIGINT');
    }, 100);
    await expect(service.ended).resolves.toEqual({ code: 1, signal: null });
    clearInterval(again);
    expect(performance.now() - began).toBeGreaterThan(400);
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('happens too when npm, and the shell that npm runs it in, are ended', async () => {
    const env = { DATABASE_URL: database.url, SECURITY_ADMIN_CLIENT_SECRET: ADMIN_SECRET };
    const started = await startService({ asNpmStart: true, env });
    started.kill('SIGTERM');
    await started.ended;
    expect(started.messages.at(-1)).toBe('stopped');
  });
});
