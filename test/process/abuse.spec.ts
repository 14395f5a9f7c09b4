import { Agent } from 'node:http';
import { endServices, type ServiceProcess, startService } from '../support/service-process.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { adminToken, type Answer, call } from '../support/service-api.js';

const ADMIN_SECRET = 'an-admin-secret-of-many-letters';
const READS = 50;
/** Reads of one who floods, nearly all of which are refused. */
const FLOOD = 4_000;
const GUESSES = 3_000;
/** Requests at a time, of one who floods. */
const LANES = 32;
/** Milliseconds: what an answer may take on a machine that also does the flooding, unless it is a slow one. */
const FLAT_MS = 250;

describe('a client that sends too many requests', () => {
  let database: TestDatabase;
  let service: ServiceProcess;
  let admin: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const env = { DATABASE_URL: database.url, SECURITY_ADMIN_CLIENT_SECRET: ADMIN_SECRET };
    const limits = { RATE_LIMIT_READS: String(READS), RATE_LIMIT_TOKEN: '60', TRUST_PROXY: '127.0.0.1' };
    service = await startService({ env: { ...env, ...limits } });
    admin = await adminToken(service.url, ADMIN_SECRET);
  });
  afterAll(async () => {
    await endServices();
    await database.drop();
  });

  /** Statuses of so many calls, a few at a time, over connections that stay. */
  async function flood(times: number, send: (agent: Agent) => Promise<Answer>): Promise<Map<number, number>> {
    const agent = new Agent({ keepAlive: true, maxSockets: LANES });
    const statuses = new Map<number, number>();
    let left = times;
    const lane = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const { status } = await send(agent);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    agent.destroy();
    return statuses;
  }

  const tokenFor = async (clientId: string, role: string): Promise<string> => {
    const api = `${service.url}/api/v1/auth`;
    const { body: made } = await call<{ client_secret: string }>(`${api}/clients`, {
      token: admin,
      body: { client_id: clientId, name: clientId, role },
    });
    const { body } = await call<{ access_token: string }>(`${api}/token`, {
      body: { grant_type: 'client_credentials', client_id: clientId, client_secret: made.client_secret },
    });
    return body.access_token;
  };

  it('leaves the latency of others as it is', async () => {
    const [noisy, quiet] = [await tokenFor('noisy', 'viewer'), await tokenFor('quiet', 'publisher')];
    const url = `${service.url}/api/v1`;
    // Writes: the quiet one's own reads would be used up. Nothing is there to delete, which costs as much as a read.
    const ask = () => call(`${url}/skills/00000000-0000-4000-8000-000000000000`, { token: quiet, method: 'DELETE' });
    await ask();
    /** The latency that 95 of 100 such calls stay below meanwhile. */
    const latencyDuring = async (flooding: Promise<unknown>): Promise<number> => {
      const state = { isOver: false };
      const over = flooding.finally(() => (state.isOver = true));
      const times: number[] = [];
      while (!state.isOver) {
        const { status, ms } = await ask();
        expect(status).toBe(404);
        times.push(ms);
      }
      await over;
      times.sort((one, other) => one - other);
      expect(times.length).toBeGreaterThan(10);
      return times[Math.floor(times.length * 0.95)] ?? Number.NaN;
    };
    // What costs nothing to answer is the measure of this machine.
    const least = await latencyDuring(flood(FLOOD, (agent) => call(`${service.url}/livez`, { agent })));
    const flooding = flood(FLOOD, (agent) => call(`${url}/skills/`, { token: noisy, agent }));
    expect(await latencyDuring(flooding)).toBeLessThan(Math.max(FLAT_MS, 3 * least));
    const statuses = await flooding;
    expect(statuses.get(200)).toBe(READS);
    expect(statuses.get(429)).toBe(FLOOD - READS);
  }, 120_000);

  it('with 3,000 wrong secrets, has few of them looked at, and keeps nobody out', async () => {
    const began = performance.now();
    const guess = { grant_type: 'client_credentials', client_id: 'admin', client_secret: 'a-guess-of-many-letters' };
    const statuses = await flood(GUESSES, (agent) =>
      call(`${service.url}/api/v1/auth/token`, { agent, body: guess, headers: { 'x-forwarded-for': '10.9.0.1' } }),
    );
    const seconds = (performance.now() - began) / 1000;
    expect([...statuses.keys()].sort()).toEqual([401, 429]);
    // 5 are free; those that come at the same moment are under way before the first of them has failed.
    expect(statuses.get(401)).toBeLessThanOrEqual(5 + LANES + seconds);
    // From elsewhere the right secret is taken at once.
    expect(await adminToken(service.url, ADMIN_SECRET)).toMatch(/^ey/);
    const told = service.messages.filter((message) => message.includes('10.9.0.1'));
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(2 + 2 * Math.ceil(seconds / 60));
    const [{ count } = { count: 0 }] = await database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM audit_entries WHERE address = '10.9.0.1'`,
    );
    expect(count).toBeLessThanOrEqual((statuses.get(401) ?? 0) + told.length + 2);
  }, 60_000);
});
