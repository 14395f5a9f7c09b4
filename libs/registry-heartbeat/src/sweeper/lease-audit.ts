import { Injectable } from '@nestjs/common';
import { LeaseTerms } from '#skills';
import { LeaseRepository, leasesOf } from '../leases/lease.repository.js';
import { LeaseStore } from '../leases/lease-store.js';

/** Skills in one step. */
const PAGE = 200;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/**
 * Goes through the leases that PostgreSQL knows, page by page, for ever, and tells the store of those that it lacks:
 * a registration that the store missed, and never a heartbeat after it, would otherwise be listed for ever.
 */
@Injectable()
export class LeaseAudit {
  private after = BEFORE_ALL;
  private restUntil = 0;

  constructor(
    private readonly store: LeaseStore,
    private readonly repository: LeaseRepository,
    private readonly terms: LeaseTerms,
  ) {}

  /** The next page; nothing for one lease after the last. */
  async step(): Promise<void> {
    if (performance.now() < this.restUntil) return;
    if (await this.page()) return;
    this.restUntil = performance.now() + this.terms.ttl;
  }

  /** Every page; `between` them. Rejects when that does. */
  async all(between: () => Promise<unknown>): Promise<void> {
    this.after = BEFORE_ALL;
    while (await this.page()) await between();
  }

  /** Returns whether there may be more. */
  private async page(): Promise<boolean> {
    const ids = await this.repository.pageOfLeased(this.after, PAGE);
    if (ids.length > 0) {
      const skills = await this.repository.find(ids);
      await this.store.open([...skills.values()].map((skill) => leasesOf(skill)));
    }
    const isFull = ids.length === PAGE;
    this.after = isFull ? (ids.at(-1) ?? BEFORE_ALL) : BEFORE_ALL;
    return isFull;
  }
}
