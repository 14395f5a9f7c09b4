import { Inject, Injectable, Logger } from '@nestjs/common';
import { slicesOf } from '#common';
import { type RegistrySettings, registrySettings } from '#config';
import type { Transaction } from '#database';
import { LeaseTerms, SkillObservers } from '#skills';
import { type LeaseRef, LeaseStore } from '../leases/lease-store.js';
import { Transitions } from '../transitions.js';
import { SweepRepository } from './sweep.repository.js';

/** Leases in one transaction; small enough that other requests get their turn. */
const BATCH = 200;
/** Leases that one look at PostgreSQL may save. */
const MAX_REPRIEVED = 5_000;

/** The transitions of one sweep: healthy → warning → unhealthy → unregistered. Every step may be done twice. */
@Injectable()
export class Sweep {
  private readonly logger = new Logger('leases');

  constructor(
    private readonly store: LeaseStore,
    private readonly repository: SweepRepository,
    private readonly skills: SkillObservers,
    private readonly transitions: Transitions,
    private readonly terms: LeaseTerms,
    @Inject(registrySettings.KEY) private readonly settings: RegistrySettings,
  ) {}

  /** A batch of leases that are overdue. Returns whether there may be more. */
  async warn(session: Transaction, asOf: number): Promise<boolean> {
    const late = await this.store.takeLate(asOf, BATCH);
    if (late.length > 0) await this.transitions.changed(await this.repository.warn(session, late));
    return late.length === BATCH;
  }

  /**
   * Gives those a full lease that would end within one interval and of which PostgreSQL has heard: a replica that cannot
   * reach the lease store takes heartbeats all the same.
   */
  async reprieve(session: Transaction, asOf: number): Promise<void> {
    const expiring = await this.store.expired(asOf + this.terms.interval, MAX_REPRIEVED);
    if (expiring.length === 0) return;
    const heard = await this.repository.heardOf(session, expiring);
    for (const batch of slicesOf(heard, BATCH)) await this.store.reprieve(batch);
  }

  /** A batch of leases that end. Returns those that it went through, longest silent first. */
  async end(session: Transaction, asOf: number): Promise<LeaseRef[]> {
    const expired = await this.store.expired(asOf, BATCH);
    if (expired.length === 0) return [];
    const { changed, ended, alive, gone } = await this.repository.end(session, expired);
    await this.transitions.changed(changed);
    if (ended.length > 0) await this.store.settle(ended);
    if (alive.length > 0) await this.store.reprieve(alive);
    if (gone.length > 0) await this.skills.changed([...new Set(gone.map(({ skillId }) => skillId))]);
    if (changed.length > 0) this.logger.log(`${changed.length} endpoints are unhealthy: their leases have ended`);
    return expired;
  }

  /** A batch of endpoints that stayed away for REGISTRY_DEREGISTER_AFTER. */
  async unregister(session: Transaction): Promise<void> {
    const { deregisterAfter } = this.settings;
    if (deregisterAfter === 0) return;
    const { skillIds, count } = await this.repository.unregister(session, deregisterAfter, BATCH);
    if (count === 0) return;
    await this.transitions.unregistered(skillIds, count);
    await this.skills.changed(skillIds);
    this.logger.log(`${count} endpoints were unregistered: they stayed away for ${deregisterAfter} s`);
  }
}
