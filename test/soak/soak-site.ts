import { randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { createClient } from 'redis';
import { CallbackServer } from '../support/callback-server.js';
import { startRedisServer } from '../support/redis-server.js';
import { adminToken, call, createSkill } from '../support/service-api.js';
import { endServices, type ServiceProcess, startService } from '../support/service-process.js';
import { skillBody } from '../support/skill.factory.js';
import { SkillServer } from '../support/skill-server.js';
import { createTestDatabase } from '../support/test-database.js';
import { Lane } from './load/lane.js';
import { Collector, INSPECTED } from './measure/collector.js';
import { Sampler } from './measure/sampler.js';
import { Tally } from './measure/tally.js';

const LANES = 6;
/** As in production, except for how long data is kept: sizes must become steady within minutes. */
const ENV = {
  RATE_LIMIT_READS: '0',
  RATE_LIMIT_WRITES: '0',
  OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8',
  CATALOGUE_MAX_BYTES: String(4 * 2 ** 20),
  COMMAND_RETENTION: '60',
  CHANNEL_RETENTION: '60',
  SECURITY_JWT_EXPIRY: '300',
  SECURITY_REFRESH_EXPIRY: '120',
};

/** One service with its servers, a Skill, and the clients. */
export class SoakSite {
  private constructor(
    readonly service: ServiceProcess,
    readonly sampler: Sampler,
    readonly tally: Tally,
    readonly lanes: readonly Lane[],
    private readonly skill: SkillServer,
    private readonly callbacks: CallbackServer,
    private readonly closers: readonly (() => unknown)[],
  ) {}

  /** Executions whose callback has arrived. */
  readonly delivered = new Set<string>();

  /** Limits what the Skill and the receiver of callbacks remember. */
  forgetCalls(): void {
    this.skill.calls.length = 0;
    for (const { body } of this.callbacks.received.splice(0)) this.delivered.add(body.execution_id);
  }

  static async start(): Promise<SoakSite> {
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const [database, redis, skill, callbacks] = await Promise.all([
      createTestDatabase(),
      startRedisServer(),
      SkillServer.start(),
      CallbackServer.start(secret),
    ]);
    const env = {
      ...ENV,
      ...INSPECTED,
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      CALLBACK_SIGNING_SECRET: secret,
    };
    const service = await startService({ env });
    const token = await adminToken(service.url, service.adminSecret);
    const body = skillBody({ endpoints: [{ url: skill.url, protocol: 'http', weight: 1 }] });
    const called = await createSkill(service.url, token, body);
    const collector = await Collector.of(service);
    const client = await createClient({ url: redis.url }).connect();
    const agent = new Agent({ keepAlive: true });
    const tally = new Tally();
    const lanes = await Promise.all(
      Array.from({ length: LANES }, async (_, number) => {
        const { body: made } = await call<{ client_id: string; client_secret: string }>(
          `${service.url}/api/v1/auth/clients`,
          { token, body: { client_id: `soak-${number}`, name: 'Soak', role: 'admin' } },
        );
        const credentials = { client_id: made.client_id, client_secret: made.client_secret };
        return new Lane(number, {
          base: service.url,
          agent,
          credentials,
          called,
          callbackUrl: callbacks.url,
          tally,
        });
      }),
    );
    return new SoakSite(service, new Sampler(service, database, collector, client), tally, lanes, skill, callbacks, [
      () => {
        agent.destroy();
      },
      () => client.quit(),
      () => {
        collector.close();
      },
      endServices,
      () => skill.stop(),
      () => callbacks.stop(),
      () => redis.stop(),
      () => database.drop(),
    ]);
  }

  async close(): Promise<void> {
    for (const close of this.closers) await close();
  }
}
