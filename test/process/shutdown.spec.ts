import { Agent } from 'node:http';
import pg from 'pg';
import { endServices, type ServiceOptions, type ServiceProcess, startService } from '../support/service-process.js';
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
  async function startWithRequestInFlight(
    env: Record<string, string> = {},
    options: Pick<ServiceOptions, 'asNpmStart'> = {},
  ): Promise<void> {
    const common = { DATABASE_URL: database.url, SECURITY_ADMIN_CLIENT_SECRET: ADMIN_SECRET };
    service = await startService({ ...options, env: { ...common, ...env } });
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

  it('serves on for APP_DRAIN_DELAY, then takes no new work, lets the request finish, and ends with 0', async () => {
    await startWithRequestInFlight({ APP_DRAIN_DELAY: '1' });
    const { url } = service;
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await call(`${url}/readyz`, { agent: kept })).toMatchObject({ status: 200 });
    const began = performance.now();
    service.kill('SIGTERM');
    await until(() => service.messages.includes('SIGTERM: stopping'));
    const [served, probe] = await Promise.all([
      call(`${url}/api/v1/skills/`, { token }),
      call(`${url}/readyz`, { agent: kept }),
    ]);
    expect(served).toMatchObject({ status: 200, headers: { connection: 'close' } });
    expect(probe).toMatchObject({ status: 503, body: { status: 'not_ready', reason: 'draining' } });
    await until(async () => (await call(`${url}/api/v1/skills/`, { token })).status === 503);
    expect(performance.now() - began).toBeGreaterThan(950);
    expect(await call(`${url}/readyz`)).toMatchObject({ status: 503 });
    expect(await call(`${url}/livez`)).toMatchObject({ status: 200 });
    for (const agent of [kept, undefined]) {
      const refused = await call(`${url}/api/v1/skills/`, { token, agent });
      expect(refused).toMatchObject({ status: 503, headers: { connection: 'close' }, body: { code: 1008 } });
    }
    // The request is in flight all the time.
    expect(service.isRunning).toBe(true);
    await holder?.query('ROLLBACK');
    const answer = await inFlight;
    expect(answer).toMatchObject({ status: 200, body: { description: 'changed at the last moment' } });
    expect(answer.headers.connection).toBe('close');
    await expect(service.ended).resolves.toEqual({ code: 0, signal: null });
    expect(service.messages.at(-1)).toBe('stopped');
    kept.destroy();
  });

  it('cuts it off after APP_SHUTDOWN_TIMEOUT, also when npm and the shell that npm runs it in are ended', async () => {
    await startWithRequestInFlight({ APP_SHUTDOWN_TIMEOUT: '1' }, { asNpmStart: true });
    const began = performance.now();
    service.kill('SIGTERM');
    await expect(inFlight).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect(performance.now() - began).toBeGreaterThan(950);
    await service.ended;
    expect(service.messages).toContain('requests still in flight are cut off');
    // The line of the request that was cut off may come after it.
    expect(service.messages).toContain('stopped');
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
  });
});
