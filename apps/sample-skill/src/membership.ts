import { setTimeout as delay } from 'node:timers/promises';
import { CAPABILITIES } from './capabilities.js';
import type { Executor } from './executor.js';
import { type Leaving, type Registration, type RegistryClient, RegistryRefusal } from './registry-client.js';

export interface Description {
  name: string;
  /** The id for the registry; undefined: one that it makes. */
  skillId: string | undefined;
  version: string;
  /** URL of this process for the registry. */
  url: string;
  /** Share of the calls, relative to other endpoints. */
  weight: number;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** Keeps the Skill in the registry (docs/heartbeats.md, "What a member does"). */
export class Membership {
  registration: Registration | undefined;
  /** Heartbeats that the registry has accepted. */
  heartbeats = 0;
  private readonly started = performance.now();
  private readonly stopping = new AbortController();
  private failures = 0;

  constructor(
    private readonly registry: RegistryClient,
    private readonly skill: Description,
    private readonly executor: Executor,
    private readonly log: (line: string) => void,
  ) {}

  /** Registers; retries with back-off while the registry is away. @throws RegistryRefusal */
  async join(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await this.register();
        return;
      } catch (error) {
        if (error instanceof RegistryRefusal) throw error;
        await this.pause(this.retryAfter(error));
      }
    }
  }

  /**
   * Sends heartbeats until `abandon`, and then returns true. Returns false when a newer registration has replaced this one.
   * @throws RegistryRefusal
   */
  async stay(): Promise<boolean> {
    let wait = this.untilHeartbeat(this.registration?.interval ?? 1);
    while (await this.pause(wait)) {
      try {
        const answer = await this.sendHeartbeat();
        if (answer === 'replaced') return false;
        wait = this.untilHeartbeat(answer);
      } catch (error) {
        if (error instanceof RegistryRefusal) throw error;
        wait = this.retryAfter(error);
      }
    }
    return true;
  }

  /** Makes the registry route no new calls here. Heartbeats go on. Returns whether it does so. */
  async drain(): Promise<boolean> {
    if (!this.registration) return false;
    try {
      await this.registry.drain(this.registration.skillId, this.leaving(this.registration));
      return true;
    } catch (error) {
      this.log(`not drained: ${reasonOf(error)}`);
      return false;
    }
  }

  /** Unregisters this endpoint, and the Skill with its last one. Call it when `stay` has ended. */
  async leave(): Promise<void> {
    if (!this.registration) return;
    const { name, version } = this.skill;
    try {
      await this.registry.unregister(this.registration.skillId, this.leaving(this.registration));
      this.log(`unregistered ${name} ${version}`);
    } catch (error) {
      this.log(`not unregistered: ${reasonOf(error)}; its lease will end by itself`);
    }
  }

  private leaving({ generation }: Registration): Leaving {
    return { endpoint_url: this.skill.url, generation };
  }

  /** Stops the heartbeats without unregistering. */
  abandon(): void {
    this.stopping.abort();
  }

  private async register(): Promise<void> {
    const { name, skillId, version, url, weight } = this.skill;
    const registration = await this.registry.register({
      skill_id: skillId,
      name,
      version,
      description: 'Weather of some cities, made up by a formula',
      endpoints: [{ url, weight }],
      capabilities: CAPABILITIES.map(({ run: _, ...declared }) => ({ capability_id: declared.name, ...declared })),
    });
    const { capabilities } = await this.registry.read(registration.skillId);
    this.executor.capabilityNames = new Map(capabilities.map(({ capability_id, name: of }) => [capability_id, of]));
    this.registration = registration;
    this.failures = 0;
    this.log(`registered ${name} ${version} at ${url} as ${registration.skillId}`);
  }

  /** Returns the seconds until the next heartbeat. */
  private async sendHeartbeat(): Promise<number | 'replaced'> {
    if (!this.registration) return this.registerAgain();
    const { skillId, generation } = this.registration;
    const answer = await this.registry.heartbeat(skillId, {
      endpoint_url: this.skill.url,
      generation,
      health: 'healthy',
      uptime: Math.floor((performance.now() - this.started) / 1000),
      request_count: this.executor.executions,
      error_count: this.executor.failures,
    });
    if (answer === 'unknown') return this.registerAgain();
    if (answer === 'replaced') return answer;
    this.heartbeats += 1;
    this.failures = 0;
    return answer.interval;
  }

  private async registerAgain(): Promise<number> {
    this.registration = undefined;
    await this.register();
    return 1;
  }

  /** Milliseconds until the next heartbeat: a little early, so that a slow one is not late. */
  private untilHeartbeat(interval: number): number {
    return Math.max(200, interval * 1000 * (0.9 + Math.random() * 0.1));
  }

  private retryAfter(error: unknown): number {
    if (this.failures === 0) this.log(`the registry is out of reach (${reasonOf(error)}); trying again`);
    this.failures += 1;
    return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.failures, 10)) * (0.5 + Math.random() / 2);
  }

  /** Returns false if `abandon` was called. */
  private async pause(ms: number): Promise<boolean> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    return !this.stopping.signal.aborted;
  }
}

/** The error of `fetch` has the reason in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? message;
}
