import type { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { call, type CallOptions } from '../../support/service-api.js';
import { skillBody } from '../../support/skill.factory.js';
import type { Tally } from '../measure/tally.js';

/** Milliseconds between two requests of a client. */
const PACE_MS = 20;
/** Skills of a client: a new one replaces the oldest, so that the registry keeps its size. */
const SKILLS = 60;
const WORDS = ['weather', 'forecast', 'translate', 'city', 'route', 'summary', 'vision', 'speech'];

export interface Credentials {
  client_id: string;
  client_secret: string;
}

export interface LaneOptions {
  base: string;
  agent: Agent;
  credentials: Credentials;
  /** A Skill that answers calls, with the capability `forecast`. */
  called: string;
  callbackUrl: string;
  tally: Tally;
}

interface Tokens {
  access_token: string;
  refresh_token: string;
}

/** One client that does in turn all that clients do, with its own Skills, so that clients do not disturb each other. */
export class Lane {
  private readonly own: string[] = [];
  private tokens: Tokens | undefined;
  private step = 0;
  private isStopped = false;
  private work: Promise<void> | undefined;
  /** Asynchronous calls that were accepted. */
  readonly accepted: string[] = [];

  constructor(
    private readonly number: number,
    private readonly options: LaneOptions,
  ) {}

  start(): void {
    this.work = this.run();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.work;
  }

  private async run(): Promise<void> {
    await this.token({ grant_type: 'client_credentials', ...this.options.credentials });
    while (!this.isStopped) {
      this.step += 1;
      await this.act(this.step);
      await delay(PACE_MS);
    }
  }

  private async act(step: number): Promise<void> {
    if (step % 500 === 0) {
      const { refresh_token } = this.tokens ?? {};
      await this.token({ grant_type: 'refresh_token', refresh_token, ...this.options.credentials });
    }
    if (this.own.length < SKILLS || step % 10 === 0) await this.register(step);
    else if (step % 10 === 1) await this.patch(step);
    else if (step % 10 === 2) await this.execute(step, {});
    else if (step % 20 === 3) await this.execute(step, { callback_url: this.options.callbackUrl });
    else if (step % 20 === 13) await this.channel(step);
    else if (step % 10 === 4) await this.beatAll();
    else if (step % 10 < 8) await this.discover(step);
    else await this.beat(step);
  }

  private async token(body: object): Promise<void> {
    const granted = await this.ask<Tokens>('token', 'auth/token', { body });
    if (granted !== undefined) this.tokens = granted;
  }

  private async register(step: number): Promise<void> {
    const body = skillBody({ description: `${this.word(step)} and ${this.word(step + 3)}` });
    const made = await this.ask<{ data: { skill_id: string } }>('register', 'skills/register', { body });
    if (made !== undefined) this.own.push(made.data.skill_id);
    const oldest = this.own.length > SKILLS ? this.own.shift() : undefined;
    if (oldest !== undefined) await this.ask('unregister', `skills/${oldest}/unregister`, { method: 'POST' });
  }

  private async patch(step: number): Promise<void> {
    const body = { description: `${this.word(step)} ${step}`, metadata: { step: String(step) } };
    await this.ask('patch', `skills/${this.skill(step)}`, { method: 'PATCH', body });
  }

  private async beat(step: number): Promise<void> {
    await this.ask('heartbeat', `skills/${this.skill(step)}/heartbeat`, { body: { request_count: step } });
  }

  private async beatAll(): Promise<void> {
    await this.ask('heartbeats', 'heartbeats', { body: { heartbeats: this.own.map((skill_id) => ({ skill_id })) } });
  }

  private async discover(step: number): Promise<void> {
    const page = 1 + (step % 5);
    const queries = [
      `skills/discover?capability=forecast&page=${page}`,
      `skills/discover?category=weather&page_size=${10 + (step % 50)}`,
      `skills/?limit=20&skip=${step % 200}`,
      `capabilities?name=forecast&page=${page}`,
      `skills/${this.skill(step)}`,
      `skills/${this.skill(step)}/status`,
    ];
    await this.ask('read', queries[step % queries.length] ?? '');
  }

  private async execute(step: number, more: object): Promise<void> {
    const body = {
      command_id: `soak-${this.number}-${step}`,
      skill_id: this.options.called,
      capability_id: 'forecast',
      parameters: { city: 'Berlin' },
      ...more,
    };
    const isAsync = 'callback_url' in more;
    const kind = isAsync ? 'asynchronous call' : 'call';
    const called = await this.ask<{ data: { execution_id: string; status: string } }>(kind, 'commands/execute', {
      body,
    });
    if (isAsync && called !== undefined) this.accepted.push(called.data.execution_id);
  }

  private async channel(step: number): Promise<void> {
    const body = { skill_id: this.options.called, capability_id: 'forecast' };
    const opened = await this.ask<{ data: { channel_id: string } }>('channel', 'channels/create', { body });
    if (opened === undefined) return;
    const path = `channels/${opened.data.channel_id}`;
    await this.ask('channel', `${path}/context`, { method: 'PUT', body: { step: String(step), city: 'Berlin' } });
    await this.ask('channel', `${path}/context`);
    await this.ask('channel', `${path}/close`, { method: 'POST' });
  }

  /** Returns the body of a success; records anything else as a fault. */
  private async ask<T>(kind: string, path: string, options: CallOptions = {}): Promise<T | undefined> {
    const { base, agent, tally } = this.options;
    try {
      const token = this.tokens?.access_token;
      const signal = AbortSignal.timeout(30_000);
      const answer = await call<T>(`${base}/api/v1/${path}`, { token, agent, signal, ...options });
      const isSuccess = answer.status >= 200 && answer.status < 300;
      tally.add(kind, answer, isSuccess);
      return isSuccess ? answer.body : undefined;
    } catch (error) {
      tally.lost(kind, error);
      return undefined;
    }
  }

  private skill(step: number): string {
    return this.own[step % Math.max(this.own.length, 1)] ?? '';
  }

  private word(step: number): string {
    return WORDS[step % WORDS.length] ?? '';
  }
}
