import { Inject, Injectable, Logger } from '@nestjs/common';
import { slicesOf } from '#common';
import { type RegistrySettings, registrySettings } from '#config';
import type { Transaction } from '#database';
import { EndpointTransitions, LeaseTerms, SkillObservers } from '#skills';
import { type LeaseRef, LeaseStore } from '../leases/lease-store.js';
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
    private readonly transitions: EndpointTransitions,
    private readonly terms: LeaseTerms,
    @Inject(registrySettings.KEY) private readonly settings: RegistrySettings,
  ) {}

  /** Leases that are overdue: a batch, and more while there is time. Returns how many it went through. */
  async warn(session: Transaction, asOf: number, isTime: () => boolean): Promise<number> {
    const passedOver: LeaseRef[] = [];
    let late: LeaseRef[];
    let count = 0;
    do {
      late = await this.store.takeLate(asOf, BATCH);
      if (late.length > 0) {
        const warned = await this.repository.warn(session, late);
        await this.transitions.changed(warned.changed);
        passedOver.push(...warned.passedOver);
      }
      count += late.length;
    } while (late.length === BATCH && isTime());
    // Not before the last batch: they would be taken again at once.
    await this.putBack(passedOver);
    return count;
  }

  /**
   * Finds out who of those that would end within one interval is only said to be silent, and gives them a full lease: a
   * replica that cannot reach the lease store takes heartbeats all the same. Those that are no more are forgotten.
   */
  async reprieve(session: Transaction, asOf: number, isTime: () => boolean): Promise<void> {
    let expiring: LeaseRef[];
    let cleared: number;
    do {
      expiring = await this.store.expired(asOf + this.terms.interval, MAX_REPRIEVED);
      const { heard, gone } = await this.repository.testimony(session, expiring);
      for (const batch of slicesOf(heard, BATCH)) await this.store.reprieve(batch);
      await this.forget(gone);
      cleared = heard.length + gone.length;
    } while (expiring.length === MAX_REPRIEVED && cleared > 0 && isTime());
  }

  /**
   * Leases that end: a batch, even when warnings took all the time, and more while there is time. Returns those that it
   * went through, longest silent first.
   */
  async end(session: Transaction, asOf: number, isTime: () => boolean): Promise<LeaseRef[]> {
    const all: LeaseRef[] = [];
    let expired: LeaseRef[];
    do {
      expired = await this.store.expired(asOf, BATCH);
      if (expired.length > 0) await this.endBatch(session, expired);
      all.push(...expired);
    } while (expired.length === BATCH && isTime());
    return all;
  }

  private async endBatch(session: Transaction, expired: readonly LeaseRef[]): Promise<void> {
    const { changed, ended, alive, gone, passedOver } = await this.repository.end(session, expired);
    await this.transitions.changed(changed);
    if (ended.length > 0) await this.store.settle(ended);
    if (alive.length > 0) await this.store.reprieve(alive);
    await this.forget(gone);
    await this.putBack(passedOver);
    if (changed.length > 0) this.logger.log(`${changed.length} endpoints are unhealthy: their leases have ended`);
  }

  /** For the next sweep, as old as they are. One that dies before this leaves it to the next, too: see `returnLate`. */
  private async putBack(leases: readonly LeaseRef[]): Promise<void> {
    if (leases.length > 0) await this.store.returnLate(leases);
  }

  private async forget(gone: readonly LeaseRef[]): Promise<void> {
    if (gone.length > 0) await this.skills.changed([...new Set(gone.map(({ skillId }) => skillId))]);
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
