import { setTimeout as delay } from 'node:timers/promises';
import { skillBody } from '../support/skill.factory.js';
import type { Balancer } from './balancer.js';

/** Skills that must never leave discovery. */
export const LEASED = 20;
/** What they can do. */
export const LEASED_CAPABILITY = 'upgrade.leased';
/** Milliseconds between two requests of one client. */
const PACE_MS = 10;
const BEAT_EVERY_MS = 500;
/** Of the Skills that it wrote, a client changes and reads the last. */
const RECENT = 50;
/** The status of calls that succeeded, in either version. */
export const COMPLETED = ['completed', 'success'];

interface Skill {
  skill_id: string;
  metadata: Record<string, string>;
}

/** Clients that never stop: they register, change, read, discover, beat, and call; and remember what they were told. */
export class Traffic {
  /** By id: the step of the last change that was acknowledged. */
  readonly written = new Map<string, number>();
  calls = 0;
  private readonly halt = new AbortController();
  private readonly working: Promise<void>[] = [];

  constructor(
    private readonly balancer: Balancer,
    /** Of both versions, in turns. */
    private readonly tokens: string[],
    private readonly callable: { skillId: string; capability: string },
    /** Skills that beat, and must never leave discovery. */
    readonly leased: string[],
  ) {}

  start(): void {
    const clients = [
      () => this.write(),
      () => this.write(),
      () => this.read(),
      () => this.discover(),
      () => this.beat(),
      () => this.execute(),
      () => this.converse(),
    ];
    for (const client of clients) this.working.push(this.repeat(client));
  }

  /** Every request that was begun is answered by then. */
  async stop(): Promise<void> {
    this.halt.abort();
    await Promise.all(this.working);
  }

  addToken(token: string): void {
    this.tokens.push(token);
  }

  private async repeat(client: () => Promise<number | undefined>): Promise<void> {
    while (!this.halt.signal.aborted) {
      const pause = (await client()) ?? PACE_MS;
      await delay(pause, undefined, { signal: this.halt.signal }).catch(() => undefined);
    }
  }

  private send<T>(path: string, body?: unknown, method?: string): Promise<T | undefined> {
    const token = this.tokens[Math.floor(Math.random() * this.tokens.length)];
    return this.balancer.send<T>(path, { token, body, ...(method && { method }) });
  }

  private async write(): Promise<undefined> {
    // Without a lease, so that it need not beat.
    const registered = await this.send<{ skill_id: string }>('/skills/', skillBody({ metadata: { step: '0' } }));
    if (!registered) return;
    this.written.set(registered.skill_id, 0);
    for (let step = 1; step <= 2; step += 1) {
      const metadata = { step: String(step) };
      const changed = await this.send<Skill>(`/skills/${registered.skill_id}`, { metadata }, 'PATCH');
      if (changed) this.written.set(registered.skill_id, step);
    }
  }

  private async read(): Promise<undefined> {
    const ids = [...this.written.keys()].slice(-RECENT);
    const id = ids[Math.floor(Math.random() * ids.length)];
    if (id !== undefined) await this.send(`/skills/${id}`);
    await this.send('/skills/?limit=20&sort=-created_at');
  }

  private async discover(): Promise<undefined> {
    const path = `/skills/discover?capability=${LEASED_CAPABILITY}`;
    const found = await this.send<{ total: number }>(path);
    if (found && found.total !== LEASED) this.balancer.fail('', path, `${found.total} of ${LEASED} Skills are there`);
  }

  private async beat(): Promise<number> {
    const heartbeats = this.leased.map((skill_id) => ({ skill_id, request_count: 1 }));
    const beaten = await this.send<{ results: { status: string }[] }>('/heartbeats', { heartbeats });
    const bad = beaten?.results.filter(({ status }) => status !== 'ok') ?? [];
    if (bad.length > 0) this.balancer.fail('', '/heartbeats', JSON.stringify(bad));
    return BEAT_EVERY_MS;
  }

  private async execute(): Promise<undefined> {
    const number = (this.calls += 1);
    const command = { command_id: `call-${number}`, skill_id: this.callable.skillId, parameters: { number } };
    const body = { ...command, capability_id: this.callable.capability };
    const done = await this.send<{ status: string; result: { number: number } }>('/commands/execute', body);
    if (done && (!COMPLETED.includes(done.status) || done.result.number !== number)) {
      this.balancer.fail('', '/commands/execute', JSON.stringify(done));
    }
  }

  /** A channel that is opened by one replica is used and closed by others. */
  private async converse(): Promise<undefined> {
    const { skillId, capability } = this.callable;
    const opening = { skill_id: skillId, capability_id: capability };
    const channel = await this.send<{ channel_id: string }>('/channels/create', opening);
    if (!channel) return;
    const path = `/channels/${channel.channel_id}`;
    await this.send(`${path}/context`, { topic: channel.channel_id }, 'PUT');
    const { context } = (await this.send<{ context?: Record<string, string> }>(`${path}/context`)) ?? {};
    if (context && context.topic !== channel.channel_id) this.balancer.fail('', path, JSON.stringify(context));
    await this.send(`${path}/close`, {});
  }
}
