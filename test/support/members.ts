import { setMaxListeners } from 'node:events';
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, call } from './service-api.js';

/** An endpoint whose process sends heartbeats: a Skill of its own. */
export interface Member {
  readonly name: string;
  readonly url: string;
  skillId: string;
  /** Of its registration; a registration together with others does not tell. */
  generation?: number;
  alive: boolean;
  /** When the last heartbeat that was answered with ok was sent, by `performance.now()`. */
  beatAt: number;
}

/** A heartbeat that was not answered with ok. */
export interface Refusal {
  registry: string;
  /** Of HTTP; 0 when there was no answer. */
  status: number;
  /** Of the protocol, or why there was no answer. */
  reason: string;
}

export interface MembersOptions {
  count: number;
  /** Milliseconds. */
  interval?: number;
  /** Members whose heartbeats go in one request, as those of a fleet behind an agent; 1: each by itself. */
  perRequest?: number;
}

interface Group {
  readonly members: Member[];
  /** When in the interval it beats, in milliseconds: groups are spread over it. */
  readonly phase: number;
  turn: number;
}

interface Result {
  status: 'ok' | 'unknown' | 'stale';
  code?: number;
}

/** Of one registration, as of one request with heartbeats (MAX_HEARTBEATS of the service). */
const MAX_ITEMS = 1000;
/**
 * Intervals that a member waits for an answer. Silent for less than a lease even when one registry stands still: an
 * interval until its turn comes, this, and the answer of the next registry.
 */
const PATIENCE = 1.5;

let population = 0;

/**
 * Members that beat as they should: every interval, each time at the next of the registries; a heartbeat that fails is
 * made up for at the next turn; who is unknown registers again.
 */
export class Members {
  readonly all: Member[];
  readonly refusals: Refusal[] = [];
  private readonly interval: number;
  /** Whether many beat in one request. */
  private readonly isFleet: boolean;
  private readonly groups: Group[];
  private readonly agent = new Agent({ keepAlive: true });
  private readonly halt = new AbortController();
  private beating: Promise<void>[] = [];

  /** `registries`: the URLs of the replicas that they beat to; may be set anew while they do. */
  constructor(
    public registries: readonly string[],
    private readonly token: string,
    { count, interval = 1000, perRequest = 100 }: MembersOptions,
  ) {
    population += 1;
    this.interval = interval;
    this.all = Array.from({ length: count }, (_, index) => ({
      name: `member-${process.pid}-${population}-${index}`,
      url: `http://localhost:9/${population}/${index}`,
      skillId: '',
      alive: true,
      beatAt: 0,
    }));
    // One of each group.
    setMaxListeners(0, this.halt.signal);
    this.isFleet = perRequest > 1;
    const size = Math.min(perRequest, MAX_ITEMS);
    const groups = Math.ceil(count / size);
    this.groups = Array.from({ length: groups }, (_, index) => ({
      members: this.all.slice(index * size, (index + 1) * size),
      phase: (index / groups) * interval,
      turn: index,
    }));
  }

  get living(): Member[] {
    return this.all.filter(({ alive }) => alive);
  }

  get dead(): Member[] {
    return this.all.filter(({ alive }) => !alive);
  }

  /** Registers all of them, as they beat: together or each by itself; and lets them beat. */
  async start(): Promise<void> {
    const [registry = ''] = this.registries;
    if (this.isFleet) {
      for (let start = 0; start < this.all.length; start += MAX_ITEMS) {
        await this.registerFleet(registry, this.all.slice(start, start + MAX_ITEMS));
      }
    } else for (const member of this.all) await this.register(registry, member);
    this.beating = this.groups.map((group) => this.beat(group));
  }

  /** They fall silent, all at once; returns when nothing is under way any more. */
  async stop(): Promise<void> {
    this.halt.abort();
    await Promise.all(this.beating);
    this.agent.destroy();
  }

  /** So many of the living fall silent for good, from all over the population. */
  kill(count: number): Member[] {
    const { living } = this;
    const killed = Array.from({ length: count }, (_, index) => living[Math.floor((index * living.length) / count)]);
    return killed.flatMap((member) => {
      if (member === undefined) return [];
      member.alive = false;
      return [member];
    });
  }

  /** They beat again at their next turn. */
  revive(members: readonly Member[]): void {
    for (const member of members) member.alive = true;
  }

  private async beat(group: Group): Promise<void> {
    const { signal } = this.halt;
    let due = performance.now() + group.phase;
    while (!signal.aborted) {
      await delay(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => undefined);
      // One that took longer than an interval is followed by the next at once.
      due = Math.max(due + this.interval, performance.now());
      if (!this.halt.signal.aborted) await this.takeTurn(group);
    }
  }

  private async takeTurn(group: Group): Promise<void> {
    const members = group.members.filter(({ alive }) => alive);
    if (members.length === 0) return;
    const registry = this.registries[group.turn % this.registries.length] ?? '';
    group.turn += 1;
    const at = performance.now();
    try {
      const results = await (this.isFleet ? this.many(registry, members) : this.single(registry, members));
      for (const [index, member] of members.entries()) {
        const result = results[index];
        if (result?.status === 'ok') member.beatAt = at;
        else await this.refused(registry, member, result);
      }
    } catch (error) {
      if (!this.halt.signal.aborted) this.refuse(registry, error);
    }
  }

  private async many(registry: string, members: readonly Member[]): Promise<Result[]> {
    const heartbeats = members.map(({ skillId, url, generation }) => ({
      skill_id: skillId,
      endpoint_url: url,
      generation,
    }));
    const { body } = await this.post<{ data: { results: Result[] } }>(registry, 'heartbeats', { heartbeats });
    return body.data.results;
  }

  private async single(registry: string, members: readonly Member[]): Promise<Result[]> {
    const results = members.map(async ({ skillId, url, generation }): Promise<Result> => {
      try {
        await this.post(registry, `skills/${skillId}/heartbeat`, { endpoint_url: url, generation });
        return { status: 'ok' };
      } catch (error) {
        if (error instanceof RefusedError && error.code === 1004) return { status: 'unknown', code: error.code };
        throw error;
      }
    });
    return Promise.all(results);
  }

  private async refused(registry: string, member: Member, result: Result | undefined): Promise<void> {
    this.refusals.push({ registry, status: 200, reason: `${result?.status ?? 'no result'} ${result?.code ?? ''}` });
    if (result?.status === 'unknown') await this.register(registry, member);
  }

  private async register(registry: string, member: Member): Promise<void> {
    const { body } = await this.post<{ data: { skill_id: string; generation: number } }>(
      registry,
      'skills/register',
      registrationOf(member),
    );
    member.skillId = body.data.skill_id;
    member.generation = body.data.generation;
    member.beatAt = performance.now();
  }

  private async registerFleet(registry: string, members: readonly Member[]): Promise<void> {
    const { body } = await this.post<{ data: { results: { skill_id: string; status: string }[] } }>(
      registry,
      'skills/batch',
      { skills: members.map(registrationOf) },
      AbortSignal.timeout(30_000),
    );
    for (const [index, member] of members.entries()) {
      const result = body.data.results[index];
      if (result?.status !== 'created') throw new Error(`${member.name}: ${JSON.stringify(result)}`);
      member.skillId = result.skill_id;
      member.beatAt = performance.now();
    }
  }

  /** @throws RefusedError */
  private async post<T>(
    registry: string,
    path: string,
    body: object,
    signal: AbortSignal = AbortSignal.timeout(this.interval * PATIENCE),
  ): Promise<Answer<T>> {
    const { token, agent } = this;
    const answer = await call<T>(`${registry}/api/v1/${path}`, { token, agent, body, signal });
    if (answer.status !== 200) throw new RefusedError(answer);
    return answer;
  }

  private refuse(registry: string, error: unknown): void {
    const status = error instanceof RefusedError ? error.status : 0;
    this.refusals.push({ registry, status, reason: String(error) });
  }
}

class RefusedError extends Error {
  readonly status: number;
  readonly code: unknown;

  constructor({ status, body }: Answer<unknown>) {
    super(`${status} ${JSON.stringify(body)}`);
    this.status = status;
    this.code = (body as { code?: unknown }).code;
  }
}

function registrationOf({ name, url }: Member): object {
  return { name, version: '1.0.0', endpoints: [{ url, protocol: 'http', weight: 1 }] };
}
