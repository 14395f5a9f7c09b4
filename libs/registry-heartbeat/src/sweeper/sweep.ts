import { Inject, Injectable, Logger } from '@nestjs/common';
import { splitIntoSlices } from '#common';
import { type RegistrySettings, registrySettings } from '#config';
import type { Transaction } from '#database';
import { EndpointTransitions, LeaseTerms, SkillObservers } from '#skills';
import { type LeaseRef, LeaseStore } from '../leases/lease-store.js';
import { SweepRepository } from './sweep.repository.js';

/** Leases in one transaction: few, so that other requests do not wait long. */
const BATCH = 200;
/** Leases that one query to PostgreSQL may extend. */
const MAX_EXTENDED = 5_000;

/** The transitions of one sweep: healthy → warning → unhealthy → unregistered. Every step can be repeated. */
@Injectable()
export class Sweep {
  private readonly logger = new Logger('leases');

  constructor(
    private readonly store: LeaseStore,
    private readonly repository: SweepRepository,
    private readonly skills: SkillObservers,
    private readonly transitions: EndpointTransitions,
    private readonly terms: LeaseTerms,
    @Inject(registrySettings.KEY) private readonly settings: RegistrySettings,
  ) {}

  /** Warns of overdue leases: one batch, and more while there is time. Returns how many it processed. */
  async warn(session: Transaction, asOf: number, isTime: () => boolean): Promise<number> {
    const skipped: LeaseRef[] = [];
    let claimed: LeaseRef[];
    let count = 0;
    do {
      claimed = await this.store.claimExpired(asOf, BATCH);
      if (claimed.length > 0) {
        const warned = await this.repository.warn(session, claimed);
        await this.transitions.changed(warned.changed);
        skipped.push(...warned.skipped);
      }
      count += claimed.length;
    } while (claimed.length === BATCH && isTime());
    // After the last batch: the next batch would claim them again.
    await this.release(skipped);
    return count;
  }

  /**
   * Extends leases that would end within one interval if PostgreSQL has a newer heartbeat: a replica that cannot reach
   * the lease store still takes heartbeats. Forgets the leases of endpoints that no longer exist.
   */
  async extendHeard(session: Transaction, asOf: number, isTime: () => boolean): Promise<void> {
    let expiring: LeaseRef[];
    let cleared: number;
    do {
      expiring = await this.store.listEnding(asOf + this.terms.interval, MAX_EXTENDED);
      const { heard, gone } = await this.repository.findEvidence(session, expiring);
      for (const batch of splitIntoSlices(heard, BATCH)) await this.store.extend(batch);
      await this.forget(gone);
      cleared = heard.length + gone.length;
    } while (expiring.length === MAX_EXTENDED && cleared > 0 && isTime());
  }

  /**
   * Ends leases: one batch, even when warnings took all the time, and more while there is time. Returns the leases that
   * it processed, oldest renewal first.
   */
  async end(session: Transaction, asOf: number, isTime: () => boolean): Promise<LeaseRef[]> {
    const all: LeaseRef[] = [];
    let expired: LeaseRef[];
    do {
      expired = await this.store.listEnding(asOf, BATCH);
      if (expired.length > 0) await this.endBatch(session, expired);
      all.push(...expired);
    } while (expired.length === BATCH && isTime());
    return all;
  }

  private async endBatch(session: Transaction, expired: readonly LeaseRef[]): Promise<void> {
    const { changed, ended, alive, gone, skipped } = await this.repository.end(session, expired);
    await this.transitions.changed(changed);
    if (ended.length > 0) await this.store.settle(ended);
    if (alive.length > 0) await this.store.extend(alive);
    await this.forget(gone);
    await this.release(skipped);
    if (changed.length > 0) this.logger.log(`${changed.length} endpoints are unhealthy: their leases have ended`);
  }

  /** The next sweep claims them again. After a crash before this, the next leader releases all leases. */
  private async release(leases: readonly LeaseRef[]): Promise<void> {
    if (leases.length > 0) await this.store.release(leases);
  }

  private async forget(gone: readonly LeaseRef[]): Promise<void> {
    if (gone.length > 0) await this.skills.changed([...new Set(gone.map(({ skillId }) => skillId))]);
  }

  /** Removes a batch of endpoints without a heartbeat for REGISTRY_DEREGISTER_AFTER. */
  async unregister(session: Transaction): Promise<void> {
    const { deregisterAfter } = this.settings;
    if (deregisterAfter === 0) return;
    const { skillIds, count } = await this.repository.unregister(session, deregisterAfter, BATCH);
    if (count === 0) return;
    await this.transitions.unregistered(skillIds, count);
    await this.skills.changed(skillIds);
    this.logger.log(`${count} endpoints were unregistered: no heartbeat for ${deregisterAfter} s`);
  }
}
