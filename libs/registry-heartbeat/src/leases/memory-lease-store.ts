import type { Health, LeaseTerms } from '#skills';
import {
  type Beat,
  type LeaseCensus,
  type LeasedEndpoint,
  type LeasedSkill,
  type LeaseRef,
  LeaseStore,
  type RenewOutcome,
  type SteadyRenewal,
  type SweepMarks,
  type SweepState,
} from './lease-store.js';

interface Lease {
  readonly skillId: string;
  readonly endpointId: string;
  readonly generation: number;
  reported: Health;
  renewedAt: number;
}

interface Skill {
  owner: string;
  /** By url. */
  readonly leases: Map<string, Lease>;
}

/**
 * Leases of a service without Redis: one replica, in memory, on the monotonic clock. A Set iterates in the order of
 * insertion, so the oldest renewals come first without sorting.
 */
export class MemoryLeaseStore extends LeaseStore {
  private readonly skills = new Map<string, Skill>();
  private onTime = new Set<Lease>();
  private overdue = new Set<Lease>();
  private sweptAt = 0;
  private marks: SweepMarks = { graceUntil: 0, threatenedSince: 0, frozen: false, complete: false };

  constructor(private readonly terms: LeaseTerms) {
    super();
  }

  renew(beats: readonly Beat[]): Promise<RenewOutcome[]> {
    return Promise.resolve(beats.map((beat) => this.renewOne(beat)));
  }

  override renewSteady({ skillId, url, generation, boundTo, health }: Beat): SteadyRenewal | undefined {
    const skill = this.skills.get(skillId);
    if (!skill || (boundTo !== undefined && boundTo !== skill.owner)) return undefined;
    const leases = selectLeases(skill, url, generation);
    const isSteady = leases.every((lease) => lease.reported === health && this.onTime.has(lease));
    if (leases.length === 0 || !isSteady) return undefined;
    for (const lease of leases) this.hold(lease);
    return { generation: findHighestGeneration(leases), endpointIds: leases.map(({ endpointId }) => endpointId) };
  }

  open(skills: readonly LeasedSkill[]): Promise<void> {
    for (const { skillId, owner, endpoints, isWhole = false } of skills) {
      const skill = this.skills.get(skillId) ?? { owner, leases: new Map<string, Lease>() };
      skill.owner = owner;
      this.skills.set(skillId, skill);
      if (isWhole) this.keepOnly(skill, new Set(endpoints.map(({ url }) => url)));
      for (const endpoint of endpoints) this.openOne(skillId, skill, endpoint);
    }
    return Promise.resolve();
  }

  forget(skillIds: readonly string[]): Promise<void> {
    for (const skillId of skillIds) {
      for (const lease of this.skills.get(skillId)?.leases.values() ?? []) this.end(lease);
      this.skills.delete(skillId);
    }
    return Promise.resolve();
  }

  remaining(skillId: string): Promise<Map<string, number>> {
    const now = performance.now();
    const leases = [...(this.skills.get(skillId)?.leases.values() ?? [])].filter((lease) => this.isHeld(lease));
    return Promise.resolve(
      new Map(leases.map(({ endpointId, renewedAt }) => [endpointId, renewedAt + this.terms.ttl - now])),
    );
  }

  census(asOf: number): Promise<LeaseCensus> {
    const { ttl, interval } = this.terms;
    const limit = asOf - (ttl - interval);
    return Promise.resolve({
      onTime: this.onTime.size,
      overdue: this.overdue.size,
      expiring: countUntil(this.overdue, limit) + countUntil(this.onTime, limit),
    });
  }

  claimExpired(asOf: number, limit: number): Promise<LeaseRef[]> {
    const late = firstUntil(this.onTime, asOf - this.terms.warnAfter, limit);
    for (const lease of late) {
      this.onTime.delete(lease);
      this.overdue.add(lease);
    }
    return Promise.resolve(late.map(toRef));
  }

  release(leases?: readonly LeaseRef[]): Promise<void> {
    const late = leases?.flatMap((ref) => this.find(ref) ?? []) ?? [...this.overdue];
    const released = late.filter((lease) => this.overdue.delete(lease));
    // Claimed leases are usually older than those that were not claimed, but not if some were released before.
    this.onTime = new Set([...released, ...this.onTime].sort((a, b) => a.renewedAt - b.renewedAt));
    return Promise.resolve();
  }

  listEnding(asOf: number, limit: number): Promise<LeaseRef[]> {
    return Promise.resolve(firstUntil(this.overdue, asOf - this.terms.ttl, limit).map(toRef));
  }

  settle(leases: readonly LeaseRef[]): Promise<void> {
    for (const ref of leases) {
      const lease = this.find(ref);
      if (lease && this.overdue.has(lease) && lease.renewedAt === ref.renewedAt) this.end(lease);
    }
    return Promise.resolve();
  }

  extend(leases: readonly LeaseRef[]): Promise<void> {
    for (const ref of leases) {
      const lease = this.find(ref);
      if (lease && this.overdue.has(lease)) this.hold(lease);
    }
    return Promise.resolve();
  }

  async beginSweep(): Promise<SweepState> {
    const state = await this.state();
    this.sweptAt = state.now;
    return state;
  }

  state(): Promise<SweepState> {
    return Promise.resolve({ ...this.marks, now: performance.now(), sweptAt: this.sweptAt });
  }

  keep(marks: Partial<SweepMarks>): Promise<void> {
    this.marks = { ...this.marks, ...marks };
    return Promise.resolve();
  }

  /** This clock never steps back. */
  clampToNow(): Promise<number> {
    return Promise.resolve(0);
  }

  private renewOne({ skillId, url, generation, boundTo, health }: Beat): RenewOutcome {
    const skill = this.skills.get(skillId);
    if (!skill) return { status: 'missing' };
    if (boundTo !== undefined && boundTo !== skill.owner) return { status: 'foreign' };
    const leases = selectLeases(skill, url, generation);
    if (leases.length === 0) {
      const isGhost =
        generation !== undefined && selectLeases(skill, url).some((lease) => lease.generation > generation);
      return { status: isGhost ? 'stale' : 'missing' };
    }
    const endpoints = leases.map((lease) => {
      const renewed = {
        endpointId: lease.endpointId,
        wasLate: !this.onTime.has(lease),
        reportedBefore: lease.reported,
      };
      lease.reported = health;
      this.hold(lease);
      return renewed;
    });
    return { status: 'renewed', generation: findHighestGeneration(leases), endpoints };
  }

  private openOne(skillId: string, skill: Skill, endpoint: LeasedEndpoint): void {
    const { endpointId, url, generation, reported, live } = endpoint;
    const known = skill.leases.get(url);
    if (known?.endpointId === endpointId && known.generation > generation) return;
    if (known?.endpointId === endpointId && known.generation === generation) {
      if (live && !this.isHeld(known)) this.hold(known);
      return;
    }
    if (known) this.end(known);
    const lease = { skillId, endpointId, generation, reported, renewedAt: 0 };
    skill.leases.set(url, lease);
    if (live) this.hold(lease);
  }

  private keepOnly(skill: Skill, urls: ReadonlySet<string>): void {
    for (const [url, lease] of skill.leases) {
      if (urls.has(url)) continue;
      this.end(lease);
      skill.leases.delete(url);
    }
  }

  private hold(lease: Lease): void {
    lease.renewedAt = performance.now();
    this.overdue.delete(lease);
    // A lease that is deleted first becomes the last of the set.
    this.onTime.delete(lease);
    this.onTime.add(lease);
  }

  private end(lease: Lease): void {
    this.onTime.delete(lease);
    this.overdue.delete(lease);
  }

  private isHeld(lease: Lease): boolean {
    return this.onTime.has(lease) || this.overdue.has(lease);
  }

  private find({ skillId, endpointId }: LeaseRef): Lease | undefined {
    for (const lease of this.skills.get(skillId)?.leases.values() ?? []) {
      if (lease.endpointId === endpointId) return lease;
    }
    return undefined;
  }
}

/** Returns the leases of one url or of all, and of one generation or of any. */
function selectLeases({ leases }: Skill, url: string | undefined, generation?: number): Lease[] {
  const one = url === undefined ? undefined : leases.get(url);
  const meant = url === undefined ? [...leases.values()] : one ? [one] : [];
  return generation === undefined ? meant : meant.filter((lease) => lease.generation === generation);
}

function findHighestGeneration(leases: readonly Lease[]): number {
  return Math.max(...leases.map(({ generation }) => generation));
}

function toRef({ skillId, endpointId, renewedAt }: Lease): LeaseRef {
  return { skillId, endpointId, renewedAt };
}

/** Returns up to `limit` leases renewed at `renewedAt` or before. The set must be in the order of renewal. */
function firstUntil(leases: ReadonlySet<Lease>, renewedAt: number, limit: number): Lease[] {
  const found: Lease[] = [];
  for (const lease of leases) {
    if (lease.renewedAt > renewedAt || found.length >= limit) break;
    found.push(lease);
  }
  return found;
}

function countUntil(leases: ReadonlySet<Lease>, renewedAt: number): number {
  let count = 0;
  for (const lease of leases) {
    if (lease.renewedAt > renewedAt) break;
    count += 1;
  }
  return count;
}
