import { CallbackServer } from '../support/callback-server.js';
import { BEHAVIOURS, type Behaviour, type SkillServer } from '../support/skill-server.js';
import { until } from '../support/until.js';
import type { Api } from './api.js';
import { type CallableSkill, CallSite } from './calls.js';

/** The secret that callbacks are signed with here. */
export const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** Everything that takes time takes little. */
export const ASYNC_ENV = {
  COMMAND_TRY_TIMEOUT: '300',
  COMMAND_KEPT_RESULT_BYTES: '1000',
  COMMAND_QUEUE_POLL: '100',
  // A busy machine may stand still for a second.
  COMMAND_QUEUE_LEASE: '2000',
  COMMAND_QUEUE_RETRY_FOR: '4',
  COMMAND_BREAKER_PAUSE: '200',
  // Longer than the ten seconds that a receiver may take.
  CALLBACK_RETRY_FOR: '12',
  CALLBACK_SIGNING_SECRET: SIGNING_SECRET,
};

/** An execution as it is read. */
export interface Details {
  execution_id: string;
  status: string;
  result: unknown;
  result_kept: boolean;
  error: string | null;
  error_detail: { code: number | string; message: string } | null;
  mode: string;
  try_count: number;
  tries: { endpoint: string; outcome: string | null }[];
  callback: {
    url: string;
    status: string;
    attempts: number;
    last_error: string | null;
    last_status: number | null;
    next_attempt_at: string | null;
    delivered_at: string | null;
  } | null;
}

/** The service, Skills, and somebody who is called back. */
export class AsyncSite {
  private constructor(
    readonly calls: CallSite,
    readonly receiver: CallbackServer,
  ) {}

  static async start(): Promise<AsyncSite> {
    return new AsyncSite(await CallSite.start(ASYNC_ENV), await CallbackServer.start(SIGNING_SECRET));
  }

  async stop(): Promise<void> {
    await this.calls.app.close();
    await this.receiver.stop();
  }

  /** Between two tests. */
  async clear(): Promise<void> {
    await this.calls.stopSkills();
    this.receiver.received.length = 0;
  }

  /** A Skill with one endpoint. */
  async registered(
    behaviour: Behaviour = BEHAVIOURS.echo,
    overrides = {},
  ): Promise<CallableSkill & { skill: SkillServer }> {
    const skill = await this.calls.serveOne(behaviour);
    return { skill, ...(await this.calls.register([{ url: skill.url }], overrides)) };
  }

  /** Returns the id of the execution. */
  async accept(skillId: string, overrides: object = {}, api?: Api): Promise<string> {
    const body = { callback_url: this.receiver.url, ...overrides };
    const accepted = await this.calls.execute(skillId, body, api).expect(202);
    return accepted.body.data.execution_id as string;
  }

  async read(id: string): Promise<Details> {
    return (await this.calls.agent.get(`/commands/executions/${id}`).expect(200)).body.data as Details;
  }

  async untilCallback(id: string, status: string): Promise<Details> {
    await until(async () => (await this.read(id)).callback?.status === status, 20_000);
    return this.read(id);
  }
}
