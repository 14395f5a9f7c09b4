import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { RedisConnection } from '#cache';
import { RedisSettings } from '#config';
import { LeaseTerms } from '#skills';
import type {
  Beat,
  LeasedEndpoint,
  LeasedSkill,
  LeaseRef,
  LeaseStore,
  RenewOutcome,
} from '../../libs/registry-heartbeat/src/leases/lease-store.js';
import { MemoryLeaseStore } from '../../libs/registry-heartbeat/src/leases/memory-lease-store.js';
import { RedisLeaseStore } from '../../libs/registry-heartbeat/src/leases/redis-lease-store.js';
import { startRedisServer } from './redis-server.js';

/** Every implementation of the lease store, by where it keeps the leases. */
export const LEASE_STORES = ['memory', 'redis'] as const;
export type LeaseStoreKind = (typeof LEASE_STORES)[number];

/** Leases as by default: 30 s between heartbeats. */
export const TERMS = new LeaseTerms({ heartbeatInterval: 30 });
/** More leases than any test has. */
export const ALL = 10_000;

export interface LeaseStores {
  redis: RedisConnection;
  /** An empty store: in Redis, one of a registry of its own. */
  open(kind: LeaseStoreKind, options?: { terms?: LeaseTerms; registryId?: string }): LeaseStore;
  close(): Promise<void>;
}

/** Lease stores over a Redis of their own. */
export async function startLeaseStores(): Promise<LeaseStores> {
  Logger.overrideLogger(false);
  const server = await startRedisServer();
  const redis = new RedisConnection(Object.assign(new RedisSettings(), { url: server.url }));
  await redis.onModuleInit();
  return {
    redis,
    open: (kind, { terms = TERMS, registryId = randomUUID() } = {}) =>
      kind === 'memory' ? new MemoryLeaseStore(terms) : new RedisLeaseStore(redis, terms, registryId),
    close: async () => {
      await redis.onApplicationShutdown();
      await server.stop();
    },
  };
}

/** A live endpoint that registered once. */
export function leasedEndpoint(overrides: Partial<LeasedEndpoint> = {}): LeasedEndpoint {
  const endpointId = randomUUID();
  return { endpointId, url: `http://a/${endpointId}`, generation: 1, reported: 'healthy', live: true, ...overrides };
}

/** A Skill with these endpoints, by default one. */
export function leasedSkill(endpoints: LeasedEndpoint[] = [leasedEndpoint()]): LeasedSkill {
  return { skillId: randomUUID(), owner: 'owner', endpoints };
}

/** Plays members and sweepers on a store; `TERMS` apply, and each sweep gets the time as a parameter. */
export class LeaseScene {
  constructor(readonly store: LeaseStore) {}

  /** A Skill that the store knows, and its endpoints. */
  async opened(...endpoints: Partial<LeasedEndpoint>[]) {
    const skill = leasedSkill(endpoints.map((overrides) => leasedEndpoint(overrides)));
    await this.store.open([skill]);
    const [first = leasedEndpoint(), second = leasedEndpoint()] = skill.endpoints;
    return { skill, skillId: skill.skillId, first, second };
  }

  /** The Skill registers with these changes in each of its endpoints. */
  openAgain(skill: LeasedSkill, changes: Partial<LeasedEndpoint>): Promise<void> {
    return this.store.open([{ ...skill, endpoints: skill.endpoints.map((endpoint) => ({ ...endpoint, ...changes })) }]);
  }

  async beat(skillId: string, options: Partial<Beat> = {}): Promise<RenewOutcome | undefined> {
    const outcomes = await this.store.renew([{ skillId, health: 'healthy', ...options }]);
    expect(outcomes).toHaveLength(1);
    return outcomes[0];
  }

  /** The time of the store in so many intervals. */
  async later(intervals: number): Promise<number> {
    return (await this.store.state()).now + intervals * TERMS.interval;
  }

  /** Every lease that is on time becomes overdue. */
  async makeOverdue(): Promise<LeaseRef[]> {
    return this.store.claimExpired(await this.later(1.5), ALL);
  }

  /** Every lease ends. */
  async makeEnded(): Promise<void> {
    await this.makeOverdue();
    await this.store.settle(await this.store.listEnding(await this.later(3), ALL));
  }

  /** How many leases are on time, and how many overdue. */
  async counts(): Promise<[number, number]> {
    const { onTime, overdue } = await this.store.census(0);
    return [onTime, overdue];
  }

  /** The endpoints of a Skill that hold a lease. */
  async held({ skillId }: LeasedSkill): Promise<string[]> {
    return [...(await this.store.remaining(skillId)).keys()];
  }
}
