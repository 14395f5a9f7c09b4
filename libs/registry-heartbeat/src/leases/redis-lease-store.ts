import type { RedisConnection, RedisScript } from '#cache';
import type { Health, LeaseTerms } from '#skills';
import {
  type Beat,
  type LeaseCensus,
  type LeasedSkill,
  type LeaseRef,
  LeaseStore,
  type RenewOutcome,
  type SweepMarks,
  type SweepState,
} from './lease-store.js';
import * as scripts from './redis-lease.scripts.js';

/** Codes for a health in Redis. */
const CODES: Readonly<Record<Health, string>> = { healthy: 'h', warning: 'w', unhealthy: 'u' };
const HEALTH_OF: Readonly<Record<string, Health>> = { h: 'healthy', w: 'warning', u: 'unhealthy' };

/**
 * Leases that all replicas share. Every call is one atomic script. The keys of a registry have one hash tag, because a
 * script in a Redis Cluster needs all its keys on one node.
 */
export class RedisLeaseStore extends LeaseStore {
  private readonly prefix: string;
  private readonly sets: string[];

  /** `registryId` separates registries that share one Redis. */
  constructor(
    private readonly redis: RedisConnection,
    private readonly terms: LeaseTerms,
    registryId: string,
  ) {
    super();
    this.prefix = `ooder:v1:{leases:${registryId}}`;
    this.sets = [`${this.prefix}:on-time`, `${this.prefix}:overdue`, this.marksKey];
  }

  async renew(beats: readonly Beat[]): Promise<RenewOutcome[]> {
    const args: string[] = [];
    for (const { url = '', generation = '', boundTo = '', health } of beats) {
      args.push(url, String(generation), boundTo, CODES[health]);
    }
    const answers = await this.run(
      scripts.RENEW,
      args,
      beats.map(({ skillId }) => skillId),
    );
    return (answers as string[]).map(parseOutcome);
  }

  async open(skills: readonly LeasedSkill[]): Promise<void> {
    const args = skills.flatMap(({ skillId, owner, endpoints, isWhole = false }) => [
      skillId,
      owner,
      isWhole ? '1' : '0',
      String(endpoints.length),
      ...endpoints.flatMap(({ endpointId, url, generation, reported, live }) => [
        endpointId,
        url,
        String(generation),
        CODES[reported],
        live ? '1' : '0',
      ]),
    ]);
    await this.run(
      scripts.OPEN,
      args,
      skills.map(({ skillId }) => skillId),
    );
  }

  async forget(skillIds: readonly string[]): Promise<void> {
    await this.run(scripts.FORGET, [...skillIds], skillIds);
  }

  async remaining(skillId: string): Promise<Map<string, number>> {
    const found = (await this.run(scripts.SILENCE, [skillId], [skillId])) as (string | number)[];
    return new Map(toPairs(found).map(([id, silence]) => [String(id), this.terms.ttl - Number(silence)]));
  }

  async census(asOf: number): Promise<LeaseCensus> {
    const { ttl, interval } = this.terms;
    const counts = await this.run(scripts.CENSUS, [String(asOf - (ttl - interval))]);
    const [onTime = 0, overdue = 0, expiring = 0] = counts as number[];
    return { onTime, overdue, expiring };
  }

  async claimExpired(asOf: number, limit: number): Promise<LeaseRef[]> {
    return parseRefs(await this.run(scripts.CLAIM_EXPIRED, [String(asOf - this.terms.warnAfter), String(limit)]));
  }

  async release(leases?: readonly LeaseRef[]): Promise<void> {
    if (leases === undefined) await this.run(scripts.RELEASE_ALL, []);
    else await this.run(scripts.RELEASE, leases.map(toMember));
  }

  async listEnding(asOf: number, limit: number): Promise<LeaseRef[]> {
    return parseRefs(await this.run(scripts.LIST_ENDING, [String(asOf - this.terms.ttl), String(limit)]));
  }

  async settle(leases: readonly LeaseRef[]): Promise<void> {
    await this.run(
      scripts.SETTLE,
      leases.flatMap((lease) => [toMember(lease), String(lease.renewedAt)]),
    );
  }

  async extend(leases: readonly LeaseRef[]): Promise<void> {
    await this.run(scripts.EXTEND, leases.map(toMember));
  }

  async beginSweep(): Promise<SweepState> {
    const state = await this.state();
    // Writes the time that was read: if Redis hangs and writes this late, the sweep must not look recent.
    await this.redis.run((client) => client.hSet(this.marksKey, 'sweptAt', String(state.now)));
    return state;
  }

  async state(): Promise<SweepState> {
    return parseState((await this.run(scripts.STATE, [])) as string[]);
  }

  async keep(marks: Partial<SweepMarks>): Promise<void> {
    const fields = Object.entries(marks).map(([name, value]) => [name, String(Number(value))] as [string, string]);
    await this.redis.run((client) => client.hSet(this.marksKey, fields));
  }

  async clampToNow(limit: number): Promise<number> {
    return (await this.run(scripts.CLAMP, [String(limit)])) as number;
  }

  private get marksKey(): string {
    return `${this.prefix}:sweep`;
  }

  private run(script: RedisScript, args: string[], skillIds: readonly string[] = []): Promise<unknown> {
    return script.run(this.redis, [...this.sets, ...skillIds.map((id) => `${this.prefix}:skill:${id}`)], args);
  }
}

function parseOutcome(answer: string): RenewOutcome {
  switch (answer[0]) {
    case 'm':
      return { status: 'missing' };
    case 's':
      return { status: 'stale' };
    case 'f':
      return { status: 'foreign' };
    default: {
      const [generation = '', ...endpoints] = answer.slice(1).split(';');
      return {
        status: 'renewed',
        generation: Number(generation),
        endpoints: endpoints.map((endpoint) => {
          const [endpointId = '', late, reported = ''] = endpoint.split('|');
          return { endpointId, wasLate: late === '1', reportedBefore: HEALTH_OF[reported] ?? 'healthy' };
        }),
      };
    }
  }
}

function toPairs<T>(flat: readonly T[]): [T, T][] {
  const pairs: [T, T][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) pairs.push([flat[index] as T, flat[index + 1] as T]);
  return pairs;
}

function toMember({ skillId, endpointId }: LeaseRef): string {
  return `${skillId}:${endpointId}`;
}

function parseRefs(found: unknown): LeaseRef[] {
  return toPairs(found as string[]).map(([member, score]) => {
    const [skillId = '', endpointId = ''] = member.split(':');
    return { skillId, endpointId, renewedAt: Number(score) };
  });
}

function parseState([now, ...marks]: readonly string[]): SweepState {
  const found = new Map(toPairs(marks));
  const number = (name: string): number => Number(found.get(name) ?? 0);
  return {
    now: Number(now),
    sweptAt: number('sweptAt'),
    graceUntil: number('graceUntil'),
    threatenedSince: number('threatenedSince'),
    frozen: number('frozen') === 1,
    complete: number('complete') === 1,
  };
}
